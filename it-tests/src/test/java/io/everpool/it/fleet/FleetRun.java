package io.everpool.it.fleet;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Ten pools in ten processes on a server with fifty slots, Everpool's and then HikariCP's, each for
 * so many minutes (the system property {@code everpool.fleet.minutes}); prints the README's table.
 */
final class FleetRun {
  private static final int SHIPS = 10;
  private static final int THREADS = 20;

  private FleetRun() {}

  /** Takes no arguments. */
  public static void main(String[] arguments) throws Exception {
    int minutes = Integer.getInteger("everpool.fleet.minutes", 3);
    System.out.println(
        "| | pools served | callers served | failed | refused in the 1st minute | then, a minute |");
    System.out.println("| --- | --- | --- | --- | --- | --- |");
    run("Everpool", Fleet.EVERPOOL, minutes);
    run("HikariCP", Fleet.HIKARI, minutes);
  }

  private static void run(String name, String kind, int minutes) throws Exception {
    try (Fleet fleet = Fleet.launch(kind, SHIPS, 1, THREADS, "0.02")) {
      long before = fleet.refused();
      fleet.work();
      TimeUnit.MINUTES.sleep(1);
      long first = fleet.refused();
      TimeUnit.MINUTES.sleep(minutes - 1);
      long last = fleet.refused();
      List<Fleet.Score> scores = fleet.end(1);
      System.out.printf(
          Locale.ROOT,
          "| %s | %d of %d | %,d | %,d | %,d | %.0f |%n",
          name,
          scores.stream().filter(score -> score.served() > 0).count(),
          SHIPS,
          scores.stream().mapToLong(Fleet.Score::served).sum(),
          scores.stream().mapToLong(Fleet.Score::failed).sum(),
          first - before,
          Fleet.perMinute(last - first, Duration.ofMinutes(minutes - 1)));
    }
  }
}
