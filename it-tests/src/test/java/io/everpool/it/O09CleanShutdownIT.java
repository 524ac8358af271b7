package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** O9: a clean shutdown closes every connection. */
class O09CleanShutdownIT {
  private static final String CLOSED = "Closed PostgreSQL connection pool";

  private final List<Pool> pools = new ArrayList<>();

  /** Those of a test that has failed: else the next fails with it. */
  @AfterEach
  void close() {
    pools.forEach(Pool::close);
  }

  private Pool open(PoolConfig config) throws SQLException {
    Pool pool = Everpool.open(config);
    pools.add(pool);
    return pool;
  }

  @Test
  void closingClosesEverySessionEndsEveryThreadAndSaysSo() throws SQLException {
    try (LogCapture log = LogCapture.open()) {
      Pool pool = open(Db.config("o9-closes").maxSize(7).build());
      Db.grow(pool, 7);
      assertThat(Db.pids(pool)).hasSize(7);
      assertThat(log.exactly(Level.INFO, CLOSED)).isEmpty();
      pool.close();
      assertThat(log.exactly(Level.INFO, CLOSED)).hasSize(1);
      assertThat(pool.isClosed()).isTrue();
      assertThat(pool.snapshot().state()).isEqualTo(PoolState.CLOSED);
      assertThat(pool.snapshot().total()).isZero();
      // the last of those who closed them may be about to count it
      Await.until(
          Db.LIMIT,
          () -> pool.snapshot().closedTotal() == pool.snapshot().opened(),
          "the end of each in the snapshot");
      Db.awaitSessions(pool, 0);
      Threads.awaitNone();
      assertThat(log.alarms()).isEmpty();
    }
  }

  /**
   * A polite end: the server counts the sessions of each database whose client just went away. (Its
   * log tells of them only if they were in a transaction.)
   */
  @Test
  void theServerIsToldGoodbye() throws SQLException {
    Db.server().execute("drop database if exists o9_polite");
    Db.server().execute("create database o9_polite");
    String url = Db.server().jdbcUrl().replaceFirst("/[^/]*$", "/o9_polite");
    Pool pool = open(Db.config("o9-polite", url).build());
    Db.grow(pool, 3);
    Db.awaitRest(pool, 3); // one that arrives at the end is the server's session and not opened
    pool.close();
    Await.until(Db.LIMIT, () -> sessions("numbackends") == 0, "the end of the sessions");
    assertThat(sessions("sessions")).isEqualTo(pool.snapshot().opened());
    assertThat(sessions("sessions_abandoned")).isZero();
  }

  private static long sessions(String count) {
    return Long.parseLong(
        Db.server().ask("select " + count + " from pg_stat_database where datname = 'o9_polite'"));
  }

  @Test
  void laterCallsDoNothing() throws SQLException {
    try (LogCapture log = LogCapture.open()) {
      Pool pool = open(Db.config("o9-twice").build());
      pool.close();
      pool.close();
      assertThat(log.exactly(Level.INFO, CLOSED)).hasSize(1);
      assertThatThrownBy(pool::getConnection).isInstanceOf(PoolClosedException.class);
      assertThatThrownBy(() -> pool.<String, SQLException>run(c -> "x"))
          .isInstanceOf(PoolClosedException.class);
    }
  }

  @Test
  void workInProgressMayFinish() throws Exception {
    Pool pool = open(Db.config("o9-waits").build());
    Connection held = pool.getConnection();
    Crew closer = Crew.of(1, pool::close);
    Await.until(Db.LIMIT, () -> pool.snapshot().state() == PoolState.DRAINING, "the pool to drain");
    assertThatThrownBy(pool::getConnection).isInstanceOf(PoolClosedException.class);
    assertThat(Db.ask(held, "select 'done'")).isEqualTo("done");
    assertThat(pool.snapshot().state()).isEqualTo(PoolState.DRAINING);
    held.close();
    closer.join();
    assertThat(pool.snapshot().state()).isEqualTo(PoolState.CLOSED);
    Db.awaitSessions(pool, 0);
  }

  /** A holder that never returns must not keep the application from ending. */
  @Test
  void whoHoldsOnTooLongIsCutOff() throws SQLException {
    PoolConfig config = Db.config("o9-cuts").drainTimeout(Duration.ofMillis(200)).build();
    Pool pool = open(config);
    try (Connection held = pool.getConnection()) {
      Db.pid(held);
      pool.close();
      Db.awaitSessions(pool, 0);
      assertThatThrownBy(() -> Db.pid(held)).isInstanceOf(SQLException.class);
    }
    Threads.awaitNone();
  }

  /** Neither must a network that swallows the goodbyes. */
  @Test
  void aNetworkThatHangsDoesNotKeepThePoolFromClosing() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      String url = "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
      PoolConfig config =
          Db.config("o9-hangs", url)
              .drainTimeout(Duration.ofMillis(200))
              .closeTimeout(Duration.ofMillis(300))
              .build();
      Pool pool = open(config);
      Db.grow(pool, 3);
      proxy.freeze();
      pool.close();
      assertThat(pool.snapshot().state()).isEqualTo(PoolState.CLOSED);
      Threads.awaitNone();
    }
  }
}
