package io.everpool.benchmarks;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Regimes;
import io.everpool.benchmarks.restarts.Restarts;
import java.util.List;

/** The command: measures pools and prints tables. {@code --help} says how. */
public final class Benchmarks {

  private Benchmarks() {}

  public static void main(String[] args) throws Exception {
    List<String> words = List.of(args);
    if (words.contains("--help")) {
      System.out.print(Flags.USAGE);
      return;
    }
    if (words.contains("--list")) {
      for (Regime regime : Regimes.list()) {
        System.out.printf("%-12s %s%n", regime.key(), regime.title());
      }
      for (Contender pool : Contender.values()) {
        System.out.printf("%-12s %s %s%n", pool.key(), pool.label(), pool.version());
      }
      return;
    }
    Flags flags;
    try {
      flags = Flags.of(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage() + "\n\n" + Flags.USAGE);
      System.exit(2);
      return;
    }
    if (flags.restarts() > 0) {
      System.out.println(
          new Restarts(flags.restarts(), flags.down(), System.out).measure(flags.out()));
    } else {
      new Run(flags, System.out).all();
    }
    // what a pool has left running must not hold us up
    System.exit(0);
  }
}
