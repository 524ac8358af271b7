package io.everpool.it.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.servers.Await;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ten pools that may have two hundred connections, on a server that has fifty. */
@Timeout(300)
@Tag("one-jdk")
class FleetIT {
  private static final int SHIPS = 2;
  private static final int POOLS = 5;
  private static final int THREADS = 10;
  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** By a pool of two connections in some seconds: a storm would be past any limit by then. */
  private static final int CALLERS = 150;

  /** As the shortest pauses are: half a second, one, two, and so on. */
  private static long attempts(Duration time) {
    long halves = time.toMillis() / 500;
    return 2L + Long.SIZE - Long.numberOfLeadingZeros(halves);
  }

  /** What a pool may be refused that has known for some time that the server is full. */
  private static long allowed(Fleet.Score score) {
    return score.refused() == 0 ? 0 : score.goodFaith() + attempts(score.known());
  }

  @Test
  void everybody_is_served_and_the_full_server_is_left_alone() throws Exception {
    try (Fleet fleet = Fleet.launch(Fleet.EVERPOOL, SHIPS, POOLS, THREADS, "0.1")) {
      assertThat(fleet.refused()).as("all of them had room to open").isZero();
      fleet.work();
      Await.until(LIMIT, () -> fleet.refused() > 0, "the server to be full");
      fleet.awaitServed(CALLERS);
      List<Fleet.Score> scores = fleet.end(POOLS);

      assertThat(scores).hasSize(SHIPS * POOLS);
      assertThat(scores)
          .allMatch(score -> score.served() > 0)
          .allMatch(score -> score.failed() == 0)
          .allMatch(score -> score.goodFaith() <= Ship.MAX_SIZE)
          .allMatch(score -> score.refused() <= allowed(score));
      assertThat(fleet.refused())
          .as("by the server's own count, of %s", scores)
          .isPositive()
          .isLessThanOrEqualTo(scores.stream().mapToLong(FleetIT::allowed).sum());
    }
  }
}
