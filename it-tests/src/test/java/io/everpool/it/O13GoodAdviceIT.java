package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** O13: good advice where it fails: cannot connect, frequent reconnections, timeouts. */
class O13GoodAdviceIT {
  /** Of whoever waits in vain. */
  private static final Duration SHORT = Duration.ofSeconds(2);

  /** Of whoever is refused at once. */
  private static final Duration LONG = Duration.ofMinutes(5);

  /** Half of it is time for a login, and then a full server is asked by a connect. */
  private static final Duration LONGER = Duration.ofSeconds(8);

  /** Five losses with causes of their own lie so far apart at least: one within a second counts. */
  private static final Duration FIVE_CAUSES = Duration.ofSeconds(4);

  private static String url(FaultProxy proxy) {
    return "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + Db.server().database();
  }

  private static String messageOf(PoolConfig.Builder config) {
    return messageOf(config, LONG);
  }

  private static String messageOf(PoolConfig.Builder config, Duration acquireTimeout) {
    Throwable failure =
        catchThrowable(() -> Everpool.open(config.acquireTimeout(acquireTimeout).build()));
    assertThat(failure).isInstanceOf(SQLException.class);
    return String.valueOf(failure.getMessage());
  }

  // ---- cannot connect

  @Test
  void nobodyListensThere() {
    try (LogCapture log = LogCapture.open();
        FaultProxy proxy = FaultProxy.before(Db.server())) {
      proxy.refuse();
      String target = "127.0.0.1:" + proxy.port() + "/" + Db.server().database();
      assertThat(messageOf(Db.config("o13-refused", url(proxy))))
          .contains("Cannot connect to PostgreSQL at " + target)
          .contains("Check host and port")
          .contains("firewall");
      assertThat(log.alarms()).anyMatch(line -> line.contains(target) && line.contains("Check"));
    }
  }

  /** Whether driver or pool gives up first, for their deadlines are the same. */
  @Test
  void nobodyAnswersThere() {
    try (FaultProxy proxy = FaultProxy.before(Db.server())) {
      proxy.hang();
      assertThat(
              messageOf(
                  Db.config("o13-hangs", url(proxy)).connectTimeout(Duration.ofMillis(200)), SHORT))
          .contains("127.0.0.1:" + proxy.port())
          .contains("connect-timeout")
          .containsPattern("(?i)check (the )?host and port");
    }
  }

  @Test
  void thePasswordIsWrong() {
    assertThat(messageOf(Db.config("o13-password").password("wrong")))
        .contains("password authentication failed")
        .contains("Check user and password");
  }

  @Test
  void theDatabaseIsWrong() {
    String url = Db.server().jdbcUrl() + "_not_there";
    assertThat(messageOf(Db.config("o13-database", url)))
        .contains("does not exist")
        .contains("Check the database's name in the URL");
  }

  @Test
  void theServerHasNoTls() {
    assertThat(messageOf(Db.config("o13-tls").properties(Map.of("sslmode", "require"))))
        .contains("sslmode");
  }

  @Test
  void theServerIsFull() throws SQLException {
    Db.server().execute("drop role if exists crowded");
    Db.server().execute("create role crowded login password 'x' connection limit 2");
    PoolConfig config =
        Db.config("o13-full").user("crowded").password("x").acquireTimeout(LONGER).build();
    try (Pool pool = Everpool.open(config);
        Connection one = pool.getConnection();
        Connection two = pool.getConnection()) {
      assertThat(toldInVain(() -> pool.getConnection(SHORT), "could not grow"))
          .as("it has asked the server, and wasn't refused yet")
          .contains("lower max-size");
      assertThat(toldInVain(pool::getConnection, "too many connections for role"))
          .contains("could not grow")
          .contains("lower max-size");
      assertThat(Db.pid(one)).isNotEqualTo(Db.pid(two));
    }
  }

  /** Asks again until that is said: on a busy machine the pool may learn of it too late. */
  private static String toldInVain(Crew.Job asking, String words) {
    AtomicReference<String> told = new AtomicReference<>("");
    Await.until(
        Db.LIMIT,
        () -> {
          Throwable failure = catchThrowable(asking::run);
          assertThat(failure).isInstanceOf(AcquireTimeoutException.class);
          told.set(String.valueOf(failure.getMessage()));
          return told.get().contains(words);
        },
        () -> words + "; told: " + told);
    return told.get();
  }

  // ---- timeouts

  @Test
  void everyConnectionIsInUse() throws Exception {
    PoolConfig config = Db.config("o13-exhausted").maxSize(2).build();
    CountDownLatch over = new CountDownLatch(1);
    try (Pool pool = Everpool.open(config);
        Crew holders =
            Crew.of(
                2,
                () -> {
                  try (Connection connection = pool.getConnection()) {
                    Db.pid(connection);
                    assertThat(over.await(1, TimeUnit.MINUTES)).isTrue();
                  }
                })) {
      Await.until(Db.LIMIT, () -> pool.snapshot().leased() == 2, "both in use");
      assertThatThrownBy(() -> pool.getConnection(SHORT))
          .hasMessageContaining("acquire-timeout")
          .hasMessageContaining("try-with-resources")
          .hasMessageContaining("raise max-size")
          .hasMessageContaining("by crew-0 #")
          .hasMessageContaining("by crew-1 #");
      over.countDown();
      holders.join();
      assertThat(holders.errors()).isEmpty();
    }
  }

  /** It is told before the time is over, and by whoever gives up. */
  @Test
  void everyThreadNeedsTwoAtOnce() throws Exception {
    PoolConfig config = Db.config("o13-nested").maxSize(2).build();
    CyclicBarrier bothHaveOne = new CyclicBarrier(2);
    Queue<String> told = new ConcurrentLinkedQueue<>();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config);
        Crew crew =
            Crew.of(
                2,
                () -> {
                  try (Connection first = pool.getConnection()) {
                    Db.pid(first);
                    bothHaveOne.await();
                    takeTheSecond(pool, told);
                  }
                })) {
      log.await(Level.WARN, "nested acquire: all 2 connections are held by threads that wait");
      crew.join();
      assertThat(crew.errors()).isEmpty();
      assertThat(told).isNotEmpty();
      assertThat(told.peek())
          .contains("Nested acquire: every holder waits for a second connection")
          .contains("crew-0 #")
          .contains("crew-1 #")
          .contains("O13GoodAdviceIT.takeTheSecond")
          .contains("(threads x (connections of each - 1)) + 1 in max-size");
    }
  }

  private static void takeTheSecond(Pool pool, Queue<String> told) {
    try (Connection second = pool.getConnection(Duration.ofSeconds(10))) {
      Db.pid(second);
    } catch (SQLException e) {
      told.add(String.valueOf(e.getMessage()));
    }
  }

  // ---- frequent reconnections

  /** One is chance; many have a cause that the log should help to find. */
  @Test
  void connectionsAreLostAgainAndAgain() throws SQLException {
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(Db.config("o13-frequent").build())) {
      long begun = System.nanoTime();
      Await.until(
          Db.LIMIT,
          () -> {
            loseOne(pool);
            return !log.lines(Level.WARN, "Frequent reconnections").isEmpty();
          },
          "advice");
      assertThat(Duration.ofNanos(System.nanoTime() - begun))
          .as("losses within a second or two may have one cause, however many")
          .isGreaterThanOrEqualTo(FIVE_CAUSES);
      loseOne(pool);
      assertThat(log.lines(Level.WARN, "Frequent reconnections"))
          .as("said once, not with each loss")
          .hasSize(1)
          .first()
          .asString()
          .contains("max-lifetime")
          .contains("idle-timeout");
    }
  }

  /** Ends the session of a connection in use. */
  private static void loseOne(Pool pool) {
    try (Connection connection = pool.getConnection()) {
      Db.server().terminate(Db.pid(connection));
      assertThatThrownBy(() -> Db.pid(connection)).isInstanceOf(SQLException.class);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
