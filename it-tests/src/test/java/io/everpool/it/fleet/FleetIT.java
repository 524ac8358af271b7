package io.everpool.it.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ten pools that may have two hundred connections, on a server that has fifty. */
@Timeout(300)
class FleetIT {
  private static final int SHIPS = 2;
  private static final int POOLS = 5;
  private static final int THREADS = 10;
  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** As the shortest pauses are: half a second, one, two, and so on. */
  private static long attempts(Duration time) {
    long halves = time.toMillis() / 500;
    return 2L + Long.SIZE - Long.numberOfLeadingZeros(halves);
  }

  @Test
  void everybody_is_served_and_the_full_server_is_left_alone() throws Exception {
    try (Fleet fleet = Fleet.launch(Fleet.EVERPOOL, SHIPS, POOLS, THREADS)) {
      assertThat(fleet.refused()).as("all of them had room to open").isZero();
      fleet.work();
      Await.until(LIMIT, () -> fleet.refused() > 0, "the server to be full");
      TimeUnit.SECONDS.sleep(3); // what was under way when it was
      long begun = System.nanoTime();
      long before = fleet.refused();
      TimeUnit.SECONDS.sleep(10);
      long refused = fleet.refused() - before;
      Duration watched = Duration.ofNanos(System.nanoTime() - begun);
      List<Fleet.Score> scores = fleet.end(POOLS);

      assertThat(scores).hasSize(SHIPS * POOLS);
      assertThat(scores)
          .allMatch(score -> score.served() > 0)
          .allMatch(score -> score.failed() == 0);
      assertThat(refused)
          .as("in " + watched + ", by ten pools")
          .isLessThanOrEqualTo(SHIPS * POOLS * attempts(watched));
    }
  }
}
