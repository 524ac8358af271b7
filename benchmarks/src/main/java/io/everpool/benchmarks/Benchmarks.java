package io.everpool.benchmarks;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regimes;
import io.everpool.benchmarks.restarts.Restarts;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The command, which measures pools and prints tables. {@code --help} says how it is used. */
public final class Benchmarks {

  private Benchmarks() {}

  public static void main(String[] args) throws Exception {
    // A pool may have left something running, which must not keep this JVM alive.
    System.exit(run(System.out, System.err, args));
  }

  /** Does what the command line asks for, and returns the exit code. */
  static int run(PrintStream out, PrintStream err, String... args) throws Exception {
    List<String> words = List.of(args);
    if (words.contains("--help")) {
      out.print(Flags.USAGE);
      return 0;
    }
    if (words.contains("--list")) {
      list(out);
      return 0;
    }
    Flags flags;
    try {
      flags = Flags.of(args);
    } catch (IllegalArgumentException e) {
      err.println(e.getMessage() + "\n\n" + Flags.USAGE);
      return 2;
    }
    if (flags.restarts() > 0) {
      out.println(new Restarts(flags.restarts(), flags.down(), out).measure(flags.out()));
      return 0;
    }
    return new Run(flags, out).all().failures().isEmpty() ? 0 : 1;
  }

  private static void list(PrintStream out) {
    Map<String, String> titles = new LinkedHashMap<>();
    Regimes.list().forEach(regime -> titles.put(regime.key(), regime.title()));
    for (Contender each : Contender.values()) {
      titles.put(each.key(), each.title());
    }
    int width = titles.keySet().stream().mapToInt(String::length).max().orElse(1);
    titles.forEach((key, title) -> out.printf("%-" + width + "s  %s%n", key, title));
  }
}
