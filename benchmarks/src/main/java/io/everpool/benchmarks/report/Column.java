package io.everpool.benchmarks.report;

import static java.util.Locale.ROOT;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Figures;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A column of a table.
 *
 * @param heading the column's heading, which contains the unit
 * @param figure the key of the figure that it shows
 * @param decimals how many decimals are shown
 * @param scale the factor by which the figure is multiplied
 * @param against the contender with whose figure the next column compares, or null if there is no
 *     such column
 */
record Column(
    String heading, String figure, int decimals, double scale, @Nullable Contender against) {

  /** The columns of a regime; the first is the figure that it is about. */
  static List<Column> of(String regime) {
    String group = group(regime);
    return switch (group) {
      case "cycle", "statement" ->
          List.of(
              to(Contender.HIKARI, "CPU ns", Figures.CPU_NS, 1),
              to(Contender.FLOOR, "CPU ns", Figures.CPU_NS, 1),
              to(Contender.LEAST, "CPU ns", Figures.CPU_NS, 1),
              plain("alloc B", Figures.ALLOC_BYTES, 0),
              plain("wall ns", Figures.WALL_NS, 1));
      case "sparse" ->
          List.of(
              to(Contender.HIKARI, "CPU ns", Figures.CPU_NS, 1),
              plain("alloc B", Figures.ALLOC_BYTES, 0),
              plain("wall ns", Figures.WALL_NS, 1));
      case "own" ->
          List.of(
              to(Contender.HIKARI, "CPU us/lease", Figures.CPU_US, 3),
              plain("leases/s", Figures.PER_SECOND, 0),
              plain("wait p99 ms", Figures.P99_MS, 3),
              plain("Jain", Figures.JAIN, 3));
      case "exhausted" ->
          List.of(
              to(Contender.HIKARI, "CPU us/lease", Figures.CPU_US, 1),
              to(Contender.HIKARI, "wait p99 ms", Figures.P99_MS, 1),
              percent("held", Figures.HELD),
              plain("leases/s", Figures.PER_SECOND, 0));
      case "saturated" -> {
        List<Column> columns = waits();
        columns.add(plain("ideal p99", Figures.IDEAL_P99_MS, 2));
        columns.addAll(common());
        yield columns;
      }
      case "load80" -> {
        List<Column> columns = waits();
        columns.add(plain("ideal p99", Figures.IDEAL_P99_MS, 2));
        columns.add(plain("ideal p99.9", Figures.IDEAL_P999_MS, 2));
        columns.addAll(common());
        yield columns;
      }
      case "cpu" ->
          List.of(
              to(Contender.HIKARI, "leases/s", Figures.PER_SECOND, 0),
              percent("of limit", Figures.OF_LIMIT),
              plain("wait p50 ms", Figures.P50_MS, 3),
              plain("p99", Figures.P99_MS, 2),
              to(Contender.HIKARI, "max", Figures.MAX_MS, 1),
              plain("release us", Figures.RELEASE_US, 2),
              to(Contender.HIKARI, "in pool max ms", Figures.IN_POOL_MAX_MS, 1),
              plain("Jain", Figures.JAIN, 3),
              plain("CPU us/lease", Figures.CPU_US, 2),
              plain("failed", Figures.FAILED, 0));
      case "virtual" ->
          List.of(
              to(Contender.HIKARI, "wait p99 ms", Figures.P99_MS, 0),
              plain("p50", Figures.P50_MS, 0),
              plain("max", Figures.MAX_MS, 0),
              plain("total ms", Figures.TOTAL_MS, 0),
              plain("ideal total", Figures.IDEAL_TOTAL_MS, 0),
              percent("held", Figures.HELD),
              plain("failed", Figures.FAILED, 0));
      case "spike" ->
          List.of(
              to(Contender.HIKARI, "total ms", Figures.TOTAL_MS, 1),
              plain("ideal total", Figures.IDEAL_TOTAL_MS, 1),
              plain("wait max ms", Figures.MAX_MS, 1),
              plain("opened", Figures.OPENED, 0),
              plain("not needed", Figures.UNNEEDED, 0));
      case "race" ->
          List.of(
              plain("lost", Figures.LOST, 0),
              plain("trials", Figures.TRIALS, 0),
              plain("wait p50 ms", Figures.P50_MS, 4),
              plain("p99", Figures.P99_MS, 3),
              plain("max", Figures.MAX_MS, 1));
      case "idle", "asleep" ->
          List.of(
              to(Contender.HIKARI, "CPU ms", Figures.CPU_MS, 0),
              plain("wake-ups", Figures.WAKE_UPS, 0),
              plain("threads", Figures.THREADS, 0));
      case "open" ->
          List.of(
              to(Contender.HIKARI, "total ms", Figures.TOTAL_MS, 1),
              to(Contender.HIKARI, "heap KiB/pool", Figures.HEAP_KB, 1));
      default ->
          List.of(
              to(Contender.BARE, "queries/s", Figures.PER_SECOND, 0),
              to(Contender.HIKARI, "queries/s", Figures.PER_SECOND, 0),
              plain("wait p50 ms", Figures.P50_MS, 3),
              to(Contender.HIKARI, "p99", Figures.P99_MS, 3),
              plain("max", Figures.MAX_MS, 1),
              plain("release us", Figures.RELEASE_US, 1),
              to(Contender.HIKARI, "in pool p99 ms", Figures.IN_POOL_P99_MS, 3),
              plain("Jain", Figures.JAIN, 3),
              to(Contender.BARE, "CPU us/query", Figures.CPU_US, 1),
              plain("failed", Figures.FAILED, 0));
    };
  }

  /** The part of a regime's key before the dash. */
  static String group(String regime) {
    int dash = regime.indexOf('-');
    return dash < 0 ? regime : regime.substring(0, dash);
  }

  /** Whether more of the first column's figure is better. */
  static boolean moreIsBetter(String regime) {
    return group(regime).equals("cpu") || group(regime).equals("pg");
  }

  /** Whether threads wait for each other in the regime. */
  static boolean waits(String regime) {
    return switch (group(regime)) {
      case "saturated", "load80", "cpu", "virtual" -> true;
      default -> regime.startsWith("pg-") && regime.endsWith("-32");
    };
  }

  private static List<Column> waits() {
    List<Column> columns = new ArrayList<>();
    columns.add(to(Contender.HIKARI, "wait p99 ms", Figures.P99_MS, 2));
    columns.add(plain("p50", Figures.P50_MS, 2));
    columns.add(to(Contender.HIKARI, "p99.9", Figures.P999_MS, 2));
    columns.add(plain("max", Figures.MAX_MS, 1));
    return columns;
  }

  private static List<Column> common() {
    return List.of(
        plain("Jain", Figures.JAIN, 3),
        percent("held", Figures.HELD),
        plain("hold ms", Figures.HOLD_MS, 3),
        plain("release us", Figures.RELEASE_US, 1),
        plain("CPU us/lease", Figures.CPU_US, 1),
        plain("failed", Figures.FAILED, 0));
  }

  private static Column plain(String heading, String figure, int decimals) {
    return new Column(heading, figure, decimals, 1, null);
  }

  private static Column percent(String heading, String figure) {
    return new Column(heading + " %", figure, 1, 100, null);
  }

  private static Column to(Contender against, String heading, String figure, int decimals) {
    return new Column(heading, figure, decimals, 1, against);
  }

  String text(double value) {
    return Double.isNaN(value) ? "-" : String.format(ROOT, "%,." + decimals + "f", value * scale);
  }
}
