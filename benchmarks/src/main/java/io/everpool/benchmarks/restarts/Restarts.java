package io.everpool.benchmarks.restarts;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Restarts a server again and again under pools that work side by side. For each pool it measures
 * the time from the moment when the server accepts sessions to the first answer through the pool.
 */
public final class Restarts {
  /** The longest time that Everpool may take at the 95th percentile, in milliseconds. */
  static final double BAR_MS = 250;

  private static final int WARM_UP = 3;
  private static final int SIZE = 4;
  private static final Duration ACQUIRE_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration LIMIT = Duration.ofSeconds(120);
  private static final long CALM_MILLIS = 300;
  private static final double NANOS_PER_MILLI = 1e6;

  /** One line of the table, with a value for each restart that counts. */
  private record Row(Team team, List<Double> millis, List<Double> connects) {}

  private final int count;
  private final Duration down;
  private final PrintStream out;
  private final List<Row> rows = new ArrayList<>();
  private final List<Double> outages = new ArrayList<>();

  /**
   * @param count how many restarts are measured
   * @param down how long the server stays down before it is started again
   */
  public Restarts(int count, Duration down, PrintStream out) {
    this.count = count;
    this.down = down;
    this.out = out;
  }

  /** Measures, prints the table and writes it to {@code restarts.md} in this folder. */
  public String measure(Path folder) throws Exception {
    try (PostgresServer server = PostgresServer.startEmbedded(ServerSettings.defaults())) {
      Settings settings =
          Settings.postgres(server.jdbcUrl(), server.user(), server.password(), SIZE)
              .withAcquireTimeout(ACQUIRE_TIMEOUT);
      try {
        Contender.Open byHand = Contender.EVERPOOL.open(settings);
        enter(Team.byHand("Everpool", byHand, ACQUIRE_TIMEOUT, () -> Team.connects(byHand)));
        enter(
            Team.inUnits(
                "Everpool, units of work", Contender.EVERPOOL.open(settings), ACQUIRE_TIMEOUT));
        Settings counted =
            settings.withDriver(
                CountingDriver.class.getName(), CountingDriver.counting(server.jdbcUrl()));
        enter(
            Team.byHand(
                "HikariCP",
                Contender.HIKARI.open(counted),
                ACQUIRE_TIMEOUT,
                CountingDriver::connects));
        rows.forEach(row -> row.team.start());
        for (int i = 1; i <= WARM_UP + count; i++) {
          restart(server, i > WARM_UP);
          out.printf("\r%d of %d restarts", i, WARM_UP + count);
        }
        out.println();
      } finally {
        for (Row row : rows) {
          row.team.close();
        }
      }
    }
    String report = report();
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("restarts.md"), report);
    return report;
  }

  private void enter(Team team) {
    rows.add(new Row(team, new ArrayList<>(), new ArrayList<>()));
  }

  private void restart(PostgresServer server, boolean counts) throws InterruptedException {
    Thread.sleep(CALM_MILLIS); // Meanwhile every pool becomes whole again, and works.
    rows.forEach(row -> row.team.outageBegins());
    Prober prober = new Prober(server, () -> rows.forEach(row -> row.team.outageLasts()));
    long stopped = System.nanoTime();
    server.stop(Shutdown.FAST);
    rows.forEach(row -> row.team.expectSuccess());
    Thread.sleep(down.toMillis());
    prober.start();
    server.startAgain();
    long accepts = prober.await();
    if (counts) {
      outages.add((accepts - stopped) / NANOS_PER_MILLI);
    }
    for (Row row : rows) {
      double took = (row.team.awaitSuccess(LIMIT) - accepts) / NANOS_PER_MILLI;
      if (counts) {
        row.millis.add(Math.max(0, took));
        row.connects.add((double) row.team.connectsInOutage());
      }
    }
  }

  private String report() {
    StringBuilder text = new StringBuilder("## Restarts\n\n");
    text.append(
        String.format(
            Locale.ROOT,
            "%d fast restarts of PostgreSQL, each an outage of %.0f ms (median); %d threads and %d"
                + " connections per pool. From the moment the server takes sessions to the first"
                + " answer through the pool:%n%n",
            count,
            percentile(outages, 50),
            Team.THREADS,
            SIZE));
    text.append(
        "| pool | p50 ms | p95 ms | max ms | connects per outage | errors seen | deadlines missed |\n");
    text.append("| --- | --- | --- | --- | --- | --- | --- |\n");
    for (Row row : rows) {
      text.append(
          String.format(
              Locale.ROOT,
              "| %s | %.0f | %.0f | %.0f | %.1f | %d | %d |%n",
              row.team.label(),
              percentile(row.millis, 50),
              percentile(row.millis, 95),
              percentile(row.millis, 100),
              row.connects.stream().mapToDouble(Double::doubleValue).average().orElse(0),
              row.team.errors(),
              row.team.late()));
    }
    text.append('\n');
    for (Row row : rows) {
      if (row.team.label().startsWith("Everpool")) {
        double p95 = percentile(row.millis, 95);
        text.append(
            String.format(
                Locale.ROOT,
                "%s: p95 %.0f ms, bar %.0f ms: %s%n",
                row.team.label(),
                p95,
                BAR_MS,
                p95 <= BAR_MS ? "met" : "MISSED"));
      }
    }
    return text.toString();
  }

  /** The smallest of the values that at least this percentage of all values don't exceed. */
  static double percentile(List<Double> values, double percent) {
    List<Double> sorted = values.stream().sorted().toList();
    int rank = (int) Math.ceil(percent / 100 * sorted.size());
    return sorted.get(Math.max(0, rank - 1));
  }
}
