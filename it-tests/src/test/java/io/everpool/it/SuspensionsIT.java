package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.SleepMode;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.NeonStandIn;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A suspension is the normal life of a pool that sleeps, and an outage is none. */
@Tag("one-jdk")
class SuspensionsIT {
  /** Of a machine that is, and not of the pool. */
  private static final String BUSY = " has waited for ";

  /** All are alike; the README's table is of twenty. */
  private static final int TIMES = 8;

  private Suspensions suspensions;

  @BeforeEach
  void start() {
    suspensions = new Suspensions();
  }

  @AfterEach
  void stop() {
    suspensions.close();
  }

  private PoolConfig config() {
    return PoolConfig.builder(suspensions.url())
        .name("suspended")
        .sleep(SleepMode.ON)
        .sleepAfter(Duration.ofMillis(200))
        .build();
  }

  /** And nothing is on its way that began before. */
  private static boolean asleep(Pool pool) {
    PoolSnapshot now = pool.snapshot();
    return now.asleep()
        && now.connecting() == 0
        && now.idle() == now.total()
        && now.opened() - now.closedTotal() == now.total();
  }

  /**
   * From now on it sleeps only after a pass of upkeep that has seen all at rest: it may have fallen
   * asleep in the middle of a burst, or in the middle of this, and not know yet of a lease that is
   * over. What was lent a moment ago bears no mark of sleep. For how long a connection is held,
   * whoever asks is told as a pass has seen it.
   */
  private static void keepAwake(Pool pool) throws SQLException {
    try (Connection held = pool.getConnection()) {
      Await.until(
          Db.LIMIT,
          () -> {
            PoolSnapshot now = pool.snapshot();
            return !now.asleep()
                && now.holders().stream().anyMatch(holder -> !holder.heldFor().isZero());
          },
          "the pool to be awake, and to know why");
      assertThat(held.isClosed()).isFalse();
    }
  }

  @Test
  void suspensionsAreNoErrorNoWarningAndNoLoss() throws SQLException {
    NeonStandIn neon = suspensions.neon();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config())) {
      suspensions.burst(pool);
      for (int i = 1; i <= TIMES; i++) {
        keepAwake(pool);
        suspensions.fiveMinutesPass(() -> asleep(pool));
        assertThat(neon.suspensions()).isEqualTo(i);
        suspensions.burst(pool);
      }
      assertThat(suspensions.errors()).isEmpty();
      assertThat(suspensions.rows()).isEqualTo((TIMES + 1) * Suspensions.BURST + " rows, 0 twice");
      assertThat(suspensions.sentAsleep()).as("bytes sent asleep").isZero();
      assertThat(log.alarms()).filteredOn(line -> !line.contains(BUSY)).isEmpty();
      assertThat(log.lines(Level.INFO, "found dead")).as("lines for a connection").isEmpty();
      Await.until(
          Db.LIMIT,
          () -> pool.snapshot().closed().getOrDefault(CloseReason.ASLEEP, 0L) >= TIMES,
          "what went while asleep to be counted");
      assertThat(pool.snapshot().closed()).containsOnlyKeys(CloseReason.ASLEEP);
    }
  }

  /** One that was not asleep has lost its connections to an outage, and says so. */
  @Test
  void whatAPoolLosesAwakeItTells() throws SQLException {
    PoolConfig config = config().toBuilder().sleepAfter(Duration.ofHours(1)).minSize(3).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Db.awaitRest(pool, 3);
      suspensions.neon().suspend();
      // whoever comes before a pass of upkeep has seen them idle is the one to find them out
      String answer = pool.run(WorkOptions.READ_ONLY, it -> Db.ask(it, "select 1"));
      assertThat(answer).isEqualTo("1");
      Await.until(Db.LIMIT, () -> pool.snapshot().closedTotal() >= 3, "all of them to go");
      assertThat(pool.snapshot().closed()).doesNotContainKey(CloseReason.ASLEEP);
      assertThat(log.text()).containsAnyOf("was found dead", "failed in use");
    }
  }

  /** Nor is it quiet about a server that can't be woken. */
  @Test
  void aServerThatCannotBeWokenIsTold() throws Exception {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config())) {
      suspensions.fiveMinutesPass(() -> asleep(pool));
      suspensions.neon().refuse("Couldn't connect to compute node");
      try (Crew crew = Crew.of(1, () -> pool.getConnection().close())) {
        log.await(Level.WARN, "Couldn't connect to compute node");
        suspensions.neon().refuse(null);
        crew.join();
        assertThat(crew.errors()).isEmpty();
      }
      log.await(Level.INFO, "answers again");
    }
  }

  /** The way to the server was forgotten by somebody in between, and the server knows nothing. */
  @Test
  void connectionsThatFellSilentWhileAsleepAreNotLent() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config())) {
      suspensions.burst(pool);
      keepAwake(pool);
      Await.until(Db.LIMIT, () -> asleep(pool), "sleep");
      long sent = suspensions.wire().bytes(Direction.TO_SERVER);
      suspensions.wire().forget();
      suspensions.burst(pool);
      assertThat(suspensions.errors()).isEmpty();
      assertThat(suspensions.rows()).isEqualTo(2 * Suspensions.BURST + " rows, 0 twice");
      assertThat(suspensions.wire().bytes(Direction.TO_SERVER)).isGreaterThan(sent);
      assertThat(log.alarms()).filteredOn(line -> !line.contains(BUSY)).isEmpty();
    }
  }
}
