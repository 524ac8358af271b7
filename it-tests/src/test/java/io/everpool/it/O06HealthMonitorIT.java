package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer.Shutdown;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** O6: a monitor in the background, {@code health-check-interval = 30s}. */
class O06HealthMonitorIT {
  private static final String FAILED = "Connection health check failed";
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Duration NEVER = Duration.ofHours(1);

  @AfterEach
  void serverIsUp() {
    Await.until(Db.LIMIT, O06HealthMonitorIT::answers, "the server to answer");
  }

  private static boolean answers() {
    try (Connection connection = Db.server().adminConnection()) {
      return connection.isValid(20);
    } catch (SQLException e) {
      return false;
    }
  }

  /** When the server last heard from a session: no byte has come since. */
  private static String lastHeardFrom(int session) {
    return Db.server().ask("select state_change from pg_stat_activity where pid = " + session);
  }

  @Test
  void theDefaultIsThirtySeconds() {
    assertThat(Db.config("o6").build().healthCheckInterval()).isEqualTo(Duration.ofSeconds(30));
  }

  @Test
  void anIdleConnectionThatDiesIsFoundAndReplaced() throws SQLException {
    PoolConfig config = Db.config("o6-found").healthCheckInterval(SHORT).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      List<Integer> before = Db.pids(pool);
      assertThat(log.lines(Level.WARN, FAILED)).isEmpty();
      Db.server().terminate(before.get(0));
      log.await(Level.WARN, FAILED);
      Await.until(
          Db.LIMIT,
          () -> Db.pids(pool).size() == 2 && !Db.pids(pool).contains(before.get(0)),
          "another connection in place of the dead one");
      assertThat(Db.pids(pool)).contains(before.get(1));
      Await.until(Db.LIMIT, () -> pool.snapshot().closedTotal() > 0, "its end in the snapshot");
      assertThat(pool.snapshot().closed()).containsEntry(CloseReason.FOUND_DEAD, 1L);
      assertThat(log.lines(Level.WARN, FAILED))
          .singleElement()
          .asString()
          .matches(
              FAILED
                  + " \\(pool o6-found, connection [12]\\):"
                  + " (the server has closed it|" // or its last words came before its end did
                  + "FATAL: terminating connection due to administrator command|" // or it was asked
                  + "An I/O error occurred while sending to the backend\\.); it is replaced");
    }
  }

  /** A query would wake a suspended database and keep it awake; a look at the socket doesn't. */
  @Test
  void aDeadOneIsFoundWithoutSendingAByteToTheOthers() throws SQLException {
    PoolConfig config =
        Db.config("o6-look").healthCheckInterval(SHORT).healthCheck(HealthCheck.LOOK).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      List<Integer> sessions = Db.pids(pool);
      String heard = lastHeardFrom(sessions.get(1));
      Db.server().terminate(sessions.get(0));
      log.await(Level.WARN, FAILED);
      Db.awaitSessions(pool, 2);
      Db.staysTrue(
          SHORT.multipliedBy(3),
          () -> lastHeardFrom(sessions.get(1)).equals(heard),
          "no byte on the other connection");
    }
  }

  /** Where nothing suspends itself, a round trip is the better proof. */
  @Test
  void byDefaultAnAlwaysOnServerIsAskedByAQuery() throws SQLException {
    PoolConfig config = Db.config("o6-query").healthCheckInterval(SHORT).build();
    try (Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      int session = Db.pids(pool).get(0);
      String heard = lastHeardFrom(session);
      Await.until(Db.LIMIT, () -> !lastHeardFrom(session).equals(heard), "a health query");
      assertThat(pool.snapshot().opened()).isEqualTo(2);
    }
  }

  /** A peer that neither answers nor closes looks alive to the kernel. */
  @Test
  void aHealthQueryFindsAServerThatHangs() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(Db.server());
        LogCapture log = LogCapture.open()) {
      String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
      PoolConfig config =
          Db.config("o6-hangs", url)
              .healthCheckInterval(SHORT)
              .healthCheck(HealthCheck.QUERY)
              .validationTimeout(Duration.ofSeconds(2))
              .build();
      try (Pool pool = Everpool.open(config)) {
        Db.awaitIdle(pool, 2);
        proxy.freeze();
        log.await(Level.WARN, FAILED);
        proxy.thaw();
        Db.awaitIdle(pool, 2);
        assertThat(
                pool.<String, SQLException>run(WorkOptions.READ_ONLY, c -> Db.ask(c, "select 1")))
            .isEqualTo("1");
      }
    }
  }

  /** Before the next health pass: whoever acquires must not be the one who finds out. */
  @Test
  void anIdleConnectionThatDiedIsReplacedAtTheNextAcquire() throws SQLException {
    PoolConfig config = Db.config("o6-acquire").healthCheckInterval(NEVER).build();
    try (Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      List<Integer> dead = Db.pids(pool);
      // the acquire looks at a connection that was idle for a while, not at one just used
      Db.staysTrue(Duration.ofMillis(1_100), () -> pool.snapshot().idle() == 2, "2 idle ones");
      Db.server().terminateAll(pool.name());
      for (int i = 0; i < 4; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(dead).doesNotContain(Db.pid(connection));
        }
      }
    }
  }

  @Test
  void aPoolThatLostEveryConnectionRebuildsItselfUnasked() throws SQLException {
    PoolConfig config = Db.config("o6-rebuild").maxSize(5).healthCheckInterval(SHORT).build();
    try (Pool pool = Everpool.open(config)) {
      Db.grow(pool, 5);
      List<Integer> lost = Db.pids(pool);
      assertThat(lost).hasSize(5);
      assertThat(Db.server().terminateAll(pool.name())).isEqualTo(5);
      Await.until(Db.LIMIT, () -> Db.pids(pool).size() >= 2, "the minimum to be rebuilt");
      assertThat(Db.pids(pool)).doesNotContainAnyElementsOf(lost);
    }
  }

  @Test
  void aPoolRebuildsItselfUnaskedWhenTheServerIsBack() throws SQLException {
    PoolConfig config = Db.config("o6-outage").healthCheckInterval(SHORT).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      Db.server().stop(Shutdown.FAST);
      try {
        log.await(Level.WARN, FAILED);
        Await.until(Db.LIMIT, () -> pool.snapshot().total() == 0, "the pool to know");
        Await.until(
            Db.LIMIT, () -> pool.snapshot().connectFailures() >= 2, "attempts to reconnect");
      } finally {
        Db.server().startAgain();
      }
      Db.awaitSessions(pool, 2);
      Db.awaitIdle(pool, 2);
      Await.until(Db.LIMIT, () -> !pool.snapshot().down(), "the pool to say that it is up");
      assertThat(pool.snapshot().lastConnectError()).isNull();
    }
  }
}
