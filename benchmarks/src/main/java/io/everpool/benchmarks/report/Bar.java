package io.everpool.benchmarks.report;

import static java.util.Locale.ROOT;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Figures;
import java.util.ArrayList;
import java.util.List;

/**
 * A limit that Everpool has set itself in a regime.
 *
 * @param regime the regime's key
 * @param what what is measured
 * @param atMost whether the limit is an upper one
 * @param limit the limit
 * @param measured what was measured; NaN if it wasn't measured
 * @param failed whether Everpool failed in at least one round in which it was to be measured
 */
public record Bar(
    String regime, String what, boolean atMost, double limit, double measured, boolean failed) {

  /** All bars; those of regimes that didn't run have no figure. */
  public static List<Bar> all(Results results) {
    return new Bars(results).all();
  }

  public boolean known() {
    return Double.isFinite(measured);
  }

  public boolean met() {
    return known() && !failed && (atMost ? measured <= limit : measured >= limit);
  }

  /** The verdict in a word. */
  public String verdict() {
    if (failed) {
      return "FAILED";
    }
    if (!known()) {
      return "not measured";
    }
    return met() ? "met" : "MISSED";
  }

  List<String> row() {
    return List.of(
        regime,
        what,
        (atMost ? "<= " : ">= ") + number(limit),
        known() ? number(measured) : "-",
        verdict());
  }

  private static String number(double value) {
    return value == Math.rint(value)
        ? String.format(ROOT, "%,.0f", value)
        : String.format(ROOT, "%.3f", value);
  }

  private static final class Bars {
    private final Results results;
    private final List<Bar> bars = new ArrayList<>();

    Bars(Results results) {
      this.results = results;
    }

    List<Bar> all() {
      for (int threads : new int[] {1, 2, 8}) {
        String regime = "cycle-" + threads;
        atMost(regime, "CPU, of HikariCP's (stretch 0.12)", 0.20, ratio(regime, Figures.CPU_NS));
        atMost(regime, "bytes (stretch 32)", 40, Math.rint(own(regime, Figures.ALLOC_BYTES)));
        if (threads == 1) {
          atMost(regime, "CPU, of the least pool's", 1.25, least(regime));
        }
      }
      for (int threads : new int[] {1, 2, 8}) {
        String regime = "statement-" + threads;
        atMost(regime, "CPU, of HikariCP's", 0.40, ratio(regime, Figures.CPU_NS));
        atMost(regime, "bytes", 80, Math.rint(own(regime, Figures.ALLOC_BYTES)));
        if (threads == 1) {
          atMost(regime, "CPU, of the least pool's", 1.25, least(regime));
        }
      }
      for (String regime : new String[] {"sparse-1000", "sparse-5000"}) {
        size(regime, "sparse-10", Figures.CPU_NS);
      }
      size("own-1000", "own-10", Figures.CPU_US);
      atMost("exhausted-1000", "CPU, of HikariCP's", 1, ratio("exhausted-1000", Figures.CPU_US));
      atMost(
          "saturated",
          "wait p99, of the ideal",
          1.3,
          ideal("saturated", Figures.P99_MS, Figures.IDEAL_P99_MS));
      atLeast("saturated", "Jain", 0.99, own("saturated", Figures.JAIN));
      atLeast("saturated", "time held", 0.97, own("saturated", Figures.HELD));
      atMost("load80", "wait p99, of HikariCP's", 1, ratio("load80", Figures.P99_MS));
      atMost("load80", "wait p99.9, of HikariCP's", 1, ratio("load80", Figures.P999_MS));
      processor("cpu-32", 0.9);
      processor("cpu-100", 1.0);
      atMost(
          "virtual",
          "total, of the ideal",
          1.03,
          ideal("virtual", Figures.TOTAL_MS, Figures.IDEAL_TOTAL_MS));
      atMost("virtual", "wait p99, of HikariCP's", 0.25, ratio("virtual", Figures.P99_MS));
      atMost(
          "spike",
          "total, of the ideal",
          1.3,
          ideal("spike", Figures.TOTAL_MS, Figures.IDEAL_TOTAL_MS));
      atMost("spike", "connections not needed", 1, own("spike", Figures.UNNEEDED));
      atMost("idle-100", "CPU, of HikariCP's", 1, ratio("idle-100", Figures.CPU_MS));
      atMost("idle-100", "threads in all", 4, own("idle-100", Figures.THREADS));
      atMost("asleep-100", "wake-ups in 30 s", 0, own("asleep-100", Figures.WAKE_UPS));
      atMost("open-200", "time to open, of HikariCP's", 1, ratio("open-200", Figures.TOTAL_MS));
      atMost("open-200", "heap, of HikariCP's", 1, ratio("open-200", Figures.HEAP_KB));
      double trials = own("race", Figures.TRIALS);
      String of = Double.isFinite(trials) ? " of " + number(trials) : "";
      atMost("race", "wake-ups lost" + of, 0, own("race", Figures.LOST));
      for (String regime : new String[] {"pg-1", "pg-8"}) {
        double queries = own(regime, Figures.PER_SECOND);
        atLeast(
            regime,
            "queries, of a bare connection's",
            0.97,
            queries / results.figure(regime, Contender.BARE, Figures.PER_SECOND));
        atLeast(regime, "queries, of the best peer's", 1, queries / bestPeer(regime));
        atMost(
            regime,
            "client CPU per query, of a bare connection's",
            1.05,
            own(regime, Figures.CPU_US) / results.figure(regime, Contender.BARE, Figures.CPU_US));
      }
      atMost("pg-32", "wait p99, of HikariCP's", 0.5, ratio("pg-32", Figures.P99_MS));
      atMost(
          "pg-32",
          "wait + release, p99, of HikariCP's",
          0.4,
          ratio("pg-32", Figures.IN_POOL_P99_MS));
      return List.copyOf(bars);
    }

    private void processor(String regime, double throughput) {
      String aim = regime.equals("cpu-100") ? " (aim 1.2)" : "";
      atLeast(regime, "leases, of HikariCP's" + aim, throughput, ratio(regime, Figures.PER_SECOND));
      atMost(regime, "longest wait, of HikariCP's", 0.5, ratio(regime, Figures.MAX_MS));
      atMost(
          regime,
          "longest wait + release, of HikariCP's",
          0.5,
          ratio(regime, Figures.IN_POOL_MAX_MS));
      atLeast(regime, "Jain", 0.99, own(regime, Figures.JAIN));
    }

    /** Adds the bar that a larger pool costs no more than a smaller one. */
    private void size(String regime, String smaller, String key) {
      bars.add(
          new Bar(
              regime,
              "CPU, of " + smaller + "'s",
              true,
              1.5,
              own(regime, key) / own(smaller, key),
              failed(regime) || failed(smaller)));
    }

    private boolean failed(String regime) {
      return results.failed(regime, Contender.EVERPOOL);
    }

    private void atMost(String regime, String what, double limit, double measured) {
      bars.add(new Bar(regime, what, true, limit, measured, failed(regime)));
    }

    private void atLeast(String regime, String what, double limit, double measured) {
      bars.add(new Bar(regime, what, false, limit, measured, failed(regime)));
    }

    private double own(String regime, String key) {
      return results.figure(regime, Contender.EVERPOOL, key);
    }

    private double ratio(String regime, String key) {
      return own(regime, key) / results.figure(regime, Contender.HIKARI, key);
    }

    private double least(String regime) {
      return own(regime, Figures.CPU_NS) / results.figure(regime, Contender.LEAST, Figures.CPU_NS);
    }

    /** The most queries that any other pool had; NaN if none was measured. */
    private double bestPeer(String regime) {
      return Contender.pools().stream()
          .filter(pool -> pool != Contender.EVERPOOL)
          .mapToDouble(pool -> results.figure(regime, pool, Figures.PER_SECOND))
          .filter(Double::isFinite)
          .max()
          .orElse(Double.NaN);
    }

    private double ideal(String regime, String key, String ideal) {
      return own(regime, key) / own(regime, ideal);
    }
  }
}
