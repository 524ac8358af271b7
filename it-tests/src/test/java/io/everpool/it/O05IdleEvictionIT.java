package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** O5: {@code idle-timeout = 300s}; down to the minimum and never below. */
class O05IdleEvictionIT {

  private static long evicted(Pool pool) {
    return pool.snapshot().closed().getOrDefault(CloseReason.IDLE_TIMEOUT, 0L);
  }

  @Test
  void theDefaultIsThreeHundredSeconds() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("o5-default").build())) {
      assertThat(pool.config().idleTimeout()).isEqualTo(Duration.ofSeconds(300));
      Db.grow(pool, 6);
      Db.awaitRest(pool, 6);
      List<Integer> grown = Db.pids(pool);
      Db.staysTrue(
          Duration.ofMillis(500),
          () -> Db.pids(pool).equals(grown),
          "the same sessions, well within 300 s");
      assertThat(evicted(pool)).isZero();
    }
  }

  @Test
  void whatIsIdleTooLongIsClosedDownToTheMinimumAndNeverBelow() throws SQLException {
    Duration timeout = Duration.ofMillis(300);
    PoolConfig config = Db.config("o5-evicts").maxSize(6).idleTimeout(timeout).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Db.grow(pool, 6);
      Db.awaitSessions(pool, 2);
      List<Integer> kept = Db.pids(pool);
      Db.staysTrue(
          timeout.multipliedBy(4),
          () -> Db.pids(pool).equals(kept),
          "the same 2 sessions over four more idle timeouts");
      Await.until(Db.LIMIT, () -> evicted(pool) >= 4, "4 in the snapshot");
      assertThat(evicted(pool)).as("all but the minimum").isEqualTo(pool.snapshot().opened() - 2);
      assertThat(log.alarms()).isEmpty();
    }
  }

  /** By default they come ten times in an idle timeout, and are no use of a connection. */
  @Test
  void healthChecksKeepNoConnectionFromIdlingOut() throws SQLException {
    PoolConfig config =
        Db.config("o5-checked")
            .maxSize(6)
            .idleTimeout(Duration.ofSeconds(2))
            .healthCheckInterval(Duration.ofMillis(200))
            .build();
    try (Pool pool = Everpool.open(config)) {
      Db.grow(pool, 6);
      Db.awaitSessions(pool, 2);
      Await.until(Db.LIMIT, () -> evicted(pool) >= 4, "4 in the snapshot");
    }
  }

  /** The same for sleep: else a pool on a serverless database would never leave it alone. */
  @Test
  void healthChecksKeepNoPoolAwake() throws SQLException {
    PoolConfig config =
        Db.config("o5-asleep")
            .sleep(SleepMode.ON)
            .sleepAfter(Duration.ofSeconds(1))
            .healthCheckInterval(Duration.ofMillis(200))
            .build();
    try (Pool pool = Everpool.open(config)) {
      Await.until(Db.LIMIT, () -> pool.snapshot().asleep(), "sleep");
      Db.staysTrue(Duration.ofSeconds(2), () -> pool.snapshot().asleep(), "asleep");
    }
  }

  /** Even with nothing to keep, work in progress isn't idle. */
  @Test
  void aConnectionInUseIsNotEvicted() throws SQLException {
    PoolConfig config =
        Db.config("o5-in-use").minSize(0).idleTimeout(Duration.ofMillis(200)).build();
    try (Pool pool = Everpool.open(config);
        Connection held = pool.getConnection()) {
      int session = Db.pid(held);
      Db.grow(pool, 3);
      Db.awaitSessions(pool, 1);
      Db.staysTrue(
          Duration.ofMillis(600),
          () -> Db.pids(pool).equals(List.of(session)),
          "the session in use");
      assertThat(Db.pid(held)).isEqualTo(session);
    }
  }
}
