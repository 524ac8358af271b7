package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.TooManyWaitersException;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** What is wrong is refused with words that help. */
class BadInputIT {
  /** Of whoever waits in vain. */
  private static final Duration SHORT = Duration.ofSeconds(2);

  private static String url(FaultProxy proxy) {
    return "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
  }

  @Test
  void aUrlThatNoDriverKnows() {
    assertThatThrownBy(
            () -> Everpool.open(PoolConfig.builder("mysql://u:topsecret@host/db").build()))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("mysql://u:***@host/db")
        .hasMessageNotContaining("topsecret");
  }

  /** A resolver may take longer than the pool; the JDK remembers its answer for ten seconds. */
  @Test
  void aHostThatDoesNotExist() {
    assertThatThrownBy(() -> InetAddress.getAllByName("no-such-host.invalid"))
        .isInstanceOf(UnknownHostException.class);
    PoolConfig config =
        PoolConfig.builder("postgresql://u:topsecret@no-such-host.invalid/db")
            .acquireTimeout(Duration.ofMinutes(5))
            .build();
    assertThatThrownBy(() -> Everpool.open(config))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("no-such-host.invalid")
        .hasRootCauseInstanceOf(UnknownHostException.class)
        .hasMessageNotContaining("topsecret");
  }

  @Test
  void aMinimumAboveTheMaximumAndEverythingElseAtOnce() {
    assertThatThrownBy(
            () -> Db.config("bad").minSize(5).maxSize(3).acquireTimeout(Duration.ZERO).build())
        .isInstanceOfSatisfying(
            InvalidPoolConfigException.class,
            e ->
                assertThat(e.problems())
                    .hasSize(2)
                    .anyMatch(p -> p.contains("min-size (5) is above max-size (3)"))
                    .anyMatch(p -> p.contains("acquire-timeout")));
  }

  @Test
  void anUnreachableServerIsNamedAtTheAcquireTimeoutWithItsCause() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      proxy.refuse();
      PoolConfig config =
          Db.config("bad-refused", url(proxy)).failFast(false).acquireTimeout(SHORT).build();
      long opened = System.nanoTime();
      try (LogCapture log = LogCapture.open();
          Pool pool = Everpool.open(config)) {
        Await.until(
            Db.LIMIT, () -> pool.snapshot().connectFailures() > 0, "the first connect to fail");
        long start = System.nanoTime();
        Throwable failure = catchThrowable(pool::getConnection);
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(SHORT.toNanos());
        assertThat(failure)
            .isInstanceOf(AcquireTimeoutException.class)
            .isInstanceOf(SQLTransientConnectionException.class)
            .hasFieldOrPropertyWithValue("SQLState", "08001")
            .hasMessageContaining("127.0.0.1:" + proxy.port())
            .hasRootCauseInstanceOf(ConnectException.class);
        assertThat(pool.snapshot().lastConnectError()).contains("refused");
        // and no storm: the pauses grow
        assertThat(pool.snapshot().connectFailures()).isBetween(1L, mostFailures(opened));
        proxy.accept();
        Await.until(Db.LIMIT, () -> answers(pool), "the pool to find the server");
        assertThat(log.text()).contains("127.0.0.1:" + proxy.port());
      }
    }
  }

  /** The pauses' mean is half of 200 ms while somebody waits; the first ones are shorter. */
  private static long mostFailures(long since) {
    return 40 + Duration.ofNanos(System.nanoTime() - since).toMillis() / 40;
  }

  private static boolean answers(Pool pool) {
    try (Connection connection = pool.getConnection()) {
      return connection.isValid(20);
    } catch (SQLException e) {
      return false;
    }
  }

  /** Accepted by the kernel, answered by nobody: the deadline is the pool's own. */
  @Test
  void aServerThatHangsIsLeftAtTheAcquireTimeout() throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      proxy.hang();
      PoolConfig config =
          Db.config("bad-hangs", url(proxy))
              .failFast(false)
              .connectTimeout(Duration.ofSeconds(1))
              .acquireTimeout(SHORT)
              .build();
      try (Pool pool = Everpool.open(config)) {
        Await.until(
            Db.LIMIT, () -> pool.snapshot().connectFailures() > 0, "the first connect to fail");
        assertThatThrownBy(pool::getConnection)
            .isInstanceOf(AcquireTimeoutException.class)
            .hasMessageContaining("127.0.0.1:" + proxy.port())
            .hasCauseInstanceOf(SQLException.class);
        proxy.accept();
        Await.until(Db.LIMIT, () -> answers(pool), "the pool to find the server");
      }
      Threads.awaitNone();
    }
  }

  /** Named so that the stack in the message can be recognized. */
  private static void holdForAWhile(Pool pool, AtomicReference<Boolean> over) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      Db.pid(connection);
      Await.until(Db.LIMIT, over::get, "the end of the holding");
    }
  }

  @Test
  void anExhaustedPoolSaysWhoHoldsForHowLongAndWhere() throws Exception {
    PoolConfig config = Db.config("bad-exhausted").maxSize(2).build();
    AtomicReference<Boolean> over = new AtomicReference<>(false);
    try (Pool pool = Everpool.open(config)) {
      Db.awaitIdle(pool, 2);
      Crew crew = Crew.of(2, () -> holdForAWhile(pool, over));
      Await.until(Db.LIMIT, () -> pool.snapshot().leased() == 2, "two holders");
      assertThatThrownBy(() -> pool.getConnection(SHORT))
          .isInstanceOf(AcquireTimeoutException.class)
          .hasMessageContaining("2 leased")
          .hasMessageContaining("crew-0")
          .hasMessageContaining("crew-1")
          .hasMessageContaining("held for")
          .isInstanceOfSatisfying(
              AcquireTimeoutException.class,
              e ->
                  assertThat(e.snapshot().holders())
                      .hasSize(2)
                      .allMatch(
                          holder ->
                              holder.where().stream()
                                  .anyMatch(
                                      frame -> frame.getMethodName().equals("holdForAWhile"))));
      over.set(true);
      crew.join();
      assertThat(crew.errors()).isEmpty();
      assertThat(pool.snapshot().acquireTimeouts()).isEqualTo(1);
      pool.getConnection().close();
    }
  }

  @Test
  void whereNobodyMayWaitTheNextIsTurnedAwayAtOnce() throws SQLException {
    PoolConfig config = Db.config("bad-line").minSize(1).maxSize(1).maxWaiters(0).build();
    try (Pool pool = Everpool.open(config);
        Connection held = pool.getConnection()) {
      assertThatThrownBy(pool::getConnection).isInstanceOf(TooManyWaitersException.class);
      Db.pid(held);
    }
  }

  /** Its place in line is given up and nothing is lost. */
  @Test
  void aWaiterThatIsInterruptedIsToldAndKeepsTheFlag() throws Exception {
    PoolConfig config = Db.config("bad-interrupted").minSize(1).maxSize(1).build();
    try (Pool pool = Everpool.open(config)) {
      AtomicReference<Throwable> failure = new AtomicReference<>();
      AtomicReference<Boolean> flag = new AtomicReference<>(false);
      Thread waiter =
          new Thread(
              () -> {
                failure.set(catchThrowable(pool::getConnection));
                flag.set(Thread.currentThread().isInterrupted());
              },
              "waiter");
      try (Connection held = pool.getConnection()) {
        waiter.start();
        Await.until(Db.LIMIT, () -> pool.snapshot().waiting() == 1, "one in line");
        waiter.interrupt();
        waiter.join(Db.LIMIT.toMillis());
        assertThat(failure.get())
            .isInstanceOf(SQLTransientConnectionException.class)
            .hasMessageContaining("interrupted");
        assertThat(flag.get()).isTrue();
        assertThat(pool.snapshot().waiting()).isZero();
        Db.pid(held);
      }
      pool.getConnection().close();
      assertThat(pool.snapshot().opened()).isEqualTo(1);
    }
  }

  @Test
  void aWaiterIsToldAtOnceWhenThePoolCloses() throws Exception {
    PoolConfig config =
        Db.config("bad-closed").minSize(1).maxSize(1).drainTimeout(Duration.ofMillis(100)).build();
    Pool pool = Everpool.open(config);
    AtomicReference<Throwable> failure = new AtomicReference<>();
    Thread waiter = new Thread(() -> failure.set(catchThrowable(pool::getConnection)), "waiter");
    try (Connection held = pool.getConnection()) {
      Db.pid(held);
      waiter.start();
      Await.until(Db.LIMIT, () -> pool.snapshot().waiting() == 1, "one in line");
      pool.close();
      waiter.join(Db.LIMIT.toMillis());
      assertThat(failure.get()).isInstanceOf(PoolClosedException.class);
    }
    assertThatThrownBy(pool::getConnection)
        .isInstanceOf(PoolClosedException.class)
        .hasFieldOrPropertyWithValue("SQLState", "08003")
        .hasMessageContaining("bad-closed");
  }

  @Test
  void otherCredentialsThanThePoolsAreRefused() throws SQLException {
    try (Pool pool = Everpool.open(Db.config("bad-other").build())) {
      assertThatThrownBy(() -> pool.getConnection("someone", "topsecret"))
          .isInstanceOf(SQLException.class)
          .hasMessageNotContaining("topsecret");
    }
  }
}
