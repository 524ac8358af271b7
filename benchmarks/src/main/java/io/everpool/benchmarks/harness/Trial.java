package io.everpool.benchmarks.harness;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.everpool.benchmarks.contenders.Contender;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * One measurement of one pool in one regime. A forked JVM does it, so that no pool runs in code
 * that was compiled for another.
 *
 * @param regime the regime's key
 * @param pool the contender's key
 * @param round the number of the round
 * @param surroundings what all measurements share
 * @param answer the file to which the forked JVM writes the {@link Sample}
 */
public record Trial(String regime, String pool, int round, Surroundings surroundings, File answer) {

  /** Reads a trial from the standard input, runs it and writes its sample. */
  public static void main(String[] args) throws IOException {
    ObjectMapper json = new ObjectMapper();
    Trial trial = json.readValue(System.in, Trial.class);
    json.writeValue(trial.answer(), trial.run());
    // A pool may have left something running, which must not keep this JVM alive.
    System.exit(0);
  }

  /** Runs the trial in this JVM. A failure becomes a sample, too. */
  public Sample run() {
    try {
      return Regimes.named(regime)
          .get(0)
          .measure(Contender.named(pool), surroundings)
          .sample(regime, pool, round);
    } catch (Exception | LinkageError e) {
      StringWriter trace = new StringWriter();
      e.printStackTrace(new PrintWriter(trace, true));
      System.err.println(regime + " " + pool + ": " + trace);
      return Sample.failed(regime, pool, round, cause(e).toString());
    }
  }

  /** The first cause of a failure. */
  static Throwable cause(Throwable failure) {
    Throwable at = failure;
    while (true) {
      Throwable[] hidden = at.getSuppressed();
      Throwable next = at.getCause() != null ? at.getCause() : hidden.length > 0 ? hidden[0] : null;
      if (next == null) {
        return at;
      }
      at = next;
    }
  }
}
