package io.everpool.core.replicas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.ReaderFallback;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.Logged;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.h2.jdbc.JdbcConnection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a framework's connection that has to show one's own writes. */
@Timeout(300)
class PreparationTest extends ThreeServers {
  private static final WorkOptions THREE = WorkOptions.READ_ONLY.after("3");
  private static final WorkOptions NEVER = WorkOptions.READ_ONLY.after("1000000");

  private final List<Pool> pools = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();

  @AfterEach
  void close() {
    pools.forEach(Pool::close);
    threads.shutdownNow();
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("jdbc:by-hand")
        .name("orders")
        .minSize(1)
        .maxSize(1)
        .maxReplicaLag(Duration.ofSeconds(1))
        .acquireTimeout(Duration.ofSeconds(60));
  }

  private Pool open(PoolConfig.Builder config, Server... readers) throws Exception {
    Everpool.Builder builder = Everpool.builder(config.build()).connector(writer);
    for (Server reader : readers) {
      builder.reader(reader);
    }
    Pool pool = builder.open();
    pools.add(pool);
    await(
        "each reader's connection",
        () -> pool.readerSnapshots().stream().allMatch(reader -> reader.idle() == 1));
    return pool;
  }

  private static void await(String what, Await.Fact<? extends Exception> fact) throws Exception {
    Await.until(fact, what);
  }

  private static String where(Pool pool, Connection connection, WorkOptions options)
      throws SQLException {
    return UnitRerunner.of(pool).<String, SQLException>rerun(connection, options, Server::of);
  }

  private static int leased(Pool pool, int reader) {
    return pool.readerSnapshots().get(reader).leased();
  }

  // ---- lost before the unit has sent anything

  /** How a reader is lost that was asked for its position. */
  private enum Loss {
    AT_ONCE {
      @Override
      void strike(Server server, int asked) {
        end(server);
      }
    },
    WHILE_IT_IS_WAITED_FOR {
      @Override
      void strike(Server server, int asked) {
        if (asked == 2) {
          end(server);
        }
      }
    },
    WITH_ITS_SERVER {
      @Override
      void strike(Server server, int asked) {
        try {
          server.goDown();
        } catch (SQLException e) {
          throw new AssertionError(e);
        }
      }
    };

    abstract void strike(Server server, int asked);

    static void end(Server server) {
      try {
        server.endSessions();
      } catch (SQLException e) {
        throw new AssertionError(e);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Loss.class)
  void whatIsLostAtTheQuestionForItsPositionGoesOnElsewhere(Loss loss) throws Exception {
    Pool pool = open(config(), one, two);
    try (Connection connection = pool.reader().getConnection()) {
      connection.setAutoCommit(false);
      Server here = leased(pool, 0) == 1 ? one : two;
      here.atPosition = asked -> strikeOnce(loss, here, asked);
      assertThat(where(pool, connection, THREE)).isIn("one", "two", "writer");
      assertThat(connection.getAutoCommit()).as("set as before").isFalse();
      connection.rollback();
    }
    assertThat(pool.snapshot().leased()).isZero();
    await("no place to be taken", () -> leased(pool, 0) + leased(pool, 1) == 0);
  }

  private static void strikeOnce(Loss loss, Server server, int asked) {
    loss.strike(server, asked);
    if (loss != Loss.WHILE_IT_IS_WAITED_FOR || asked >= 2) {
      server.atPosition = again -> {};
    }
  }

  @Test
  void onAnotherReaderIfItsOwnIsGone() throws Exception {
    Pool pool = open(config(), one, two);
    try (Connection connection = pool.reader().getConnection()) {
      boolean first = leased(pool, 0) == 1;
      (first ? one : two).goDown();
      assertThat(where(pool, connection, THREE)).isEqualTo(first ? "two" : "one");
    }
  }

  @Test
  void onTheWriterIfThereIsNoOther() throws Exception {
    Pool pool = open(config(), one);
    try (Connection connection = pool.reader().getConnection()) {
      one.goDown();
      assertThat(where(pool, connection, THREE)).isEqualTo("writer");
      assertThat(writer.refusing()).isOne();
    }
  }

  @Test
  void withoutAFallbackTheReaderIsWaitedFor() throws Exception {
    Pool pool = open(config().readerFallback(ReaderFallback.FAIL), one);
    try (Connection connection = pool.reader().getConnection()) {
      one.goDown();
      Thread rescuer = new Thread(one::comeUp);
      rescuer.start();
      assertThat(where(pool, connection, THREE)).isEqualTo("one");
      rescuer.join();
    }
  }

  @Test
  void ifNoneComesItIsTheLossThatLedThere() throws Exception {
    Pool pool =
        open(
            config()
                .failFast(false) // the connects may take longer
                .readerFallback(ReaderFallback.FAIL)
                .acquireTimeout(Duration.ofMillis(200))
                .maxReplicaLag(Duration.ofHours(1)),
            one);
    try (Connection connection = pool.reader().getConnection()) {
      one.goDown();
      assertThatThrownBy(() -> where(pool, connection, THREE))
          .isInstanceOf(SQLException.class)
          .satisfies(
              e ->
                  assertThat(e.getSuppressed())
                      .anySatisfy(lost -> assertThat(lost).hasMessage("it is gone")));
      assertThat(connection.isClosed()).isTrue();
    }
  }

  /** The reading has begun a transaction, and the session is gone when that is rolled back. */
  @Test
  void whatIsLostAfterItsAnswerGoesOnElsewhere() throws Exception {
    Pool pool = open(config().maxReplicaLag(Duration.ZERO), one);
    try (Connection connection = pool.reader().getConnection()) {
      connection.setAutoCommit(false);
      one.atPosition =
          asked -> {
            one.inTransaction = true;
            one.answersThoughItIsGone = true;
            Loss.WITH_ITS_SERVER.strike(one, asked);
          };
      assertThat(where(pool, connection, NEVER.withDeadline(Duration.ofSeconds(4))))
          .isEqualTo("writer");
      connection.rollback();
    }
  }

  /** What comes in its place may be lost as well, before it is set as the one before. */
  @Test
  void whatIsLostBeforeItIsSetAsTheOneBeforeIsReplacedAgain() throws Exception {
    Pool pool = open(config(), one, two);
    try (Connection connection = pool.reader().getConnection()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      boolean first = leased(pool, 0) == 1;
      (first ? one : two).goDown();
      Server other = first ? two : one;
      other.position.set(1000);
      other.atPosition =
          asked -> {
            if (asked == 0) {
              other.answersThoughItIsGone = true;
              Loss.end(other);
            } else {
              other.answersThoughItIsGone = false;
            }
          };
      assertThat(where(pool, connection, THREE)).isEqualTo(first ? "two" : "one");
      assertThat(connection.getTransactionIsolation())
          .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
    }
  }

  /** What SQL may have set in its session no other has. */
  @Test
  void whatIsBoundToItsSessionIsLostWithIt() throws Exception {
    Pool pool = open(config(), one);
    try (Connection connection = pool.reader().getConnection()) {
      connection.unwrap(JdbcConnection.class);
      one.atPosition = asked -> Loss.end(one);
      assertThatThrownBy(() -> where(pool, connection, THREE)).hasMessage("it is gone");
    }
  }

  @Test
  void whatHasAStatementOpenStaysWhereItIs() throws Exception {
    Pool pool = open(config(), one);
    WorkOptions brief = NEVER.withDeadline(Duration.ofMillis(300));
    try (Connection connection = pool.reader().getConnection();
        Statement open = connection.createStatement()) {
      assertThatThrownBy(() -> where(pool, connection, brief))
          .isInstanceOf(SQLTransientConnectionException.class)
          .hasMessageEndingWith(
              "it has not come as far as 1000000, and the connection stays there, for a statement"
                  + " of it is still open");
      assertThat(open.execute("select 1")).isTrue();
    }
  }

  /** Behind a pooler, in case the program's own object begins the next; nothing is sent in it. */
  @Test
  void whatWasBegunAheadIsNoReasonToShowLess() throws Exception {
    one.shared = true;
    Pool pool = open(config(), one);
    try (Connection connection = pool.reader().getConnection()) {
      connection.setAutoCommit(false);
      connection.unwrap(JdbcConnection.class);
      assertThat(where(pool, connection, THREE)).isEqualTo("one");
      connection.rollback();
    }
    assertThat(one.positionAsked).hasPositiveValue();
  }

  // ---- one place at a time

  @Test
  void twoThatGoOnElsewhereDoNotWaitForOneAnother() throws Exception {
    Pool pool = open(config().acquireTimeout(Duration.ofSeconds(20)), one, two);
    List<Future<String>> units = new ArrayList<>();
    for (Connection connection : oneOfEachReader(pool)) {
      units.add(
          threads.submit(
              () -> {
                try (connection) {
                  return where(pool, connection, NEVER);
                }
              }));
    }
    for (Future<String> unit : units) {
      assertThat(unit.get()).isEqualTo("writer");
    }
    assertThat(pool.snapshot().leased()).isZero();
    await("no place to be taken", () -> leased(pool, 0) + leased(pool, 1) == 0);
  }

  /** Whoever comes upon the one that is in use waits there, and the next goes to the other. */
  private List<Connection> oneOfEachReader(Pool pool) throws Exception {
    Connection first = pool.reader().getConnection();
    Future<Connection> second = threads.submit(() -> pool.reader().getConnection());
    await(
        "it to have one, or to wait",
        () ->
            second.isDone()
                || pool.readerSnapshots().stream().anyMatch(reader -> reader.waiting() > 0));
    if (second.isDone()) {
      return List.of(first, second.get());
    }
    Connection other = pool.reader().getConnection();
    second.cancel(true);
    await(
        "nobody to wait",
        () -> pool.readerSnapshots().stream().allMatch(reader -> reader.waiting() == 0));
    return List.of(first, other);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoWaitsForTheWriterHoldsNoReadersPlace(boolean lost) throws Exception {
    Pool pool = open(config(), one);
    Connection held = pool.getConnection();
    Future<String> unit =
        threads.submit(
            () -> {
              try (Connection connection = pool.reader().getConnection()) {
                if (lost) {
                  one.endSessions();
                }
                return where(pool, connection, NEVER);
              }
            });
    await("it to wait for the writer", () -> pool.snapshot().waiting() == 1);
    await("the reader's place to be free", () -> leased(pool, 0) == 0);
    held.close();
    assertThat(unit.get()).isEqualTo("writer");
  }

  /** The other reader lags as well, and what was taken there goes back, too. */
  @Test
  void norDoesAUnitThatIsRunAgain() throws Exception {
    Pool pool = open(config(), one, two);
    Connection held = pool.getConnection();
    Future<String> unit =
        threads.submit(
            () -> {
              List<String> runs = new ArrayList<>();
              return pool.<String, SQLException>run(
                  THREE,
                  connection -> {
                    runs.add(Server.of(connection));
                    if (runs.size() == 1) {
                      Server here = runs.get(0).equals("one") ? one : two;
                      here.goDown();
                      (here == one ? two : one).position.set(-1_000_000);
                    }
                    return Server.of(connection);
                  });
            });
    await("it to wait for the writer", () -> pool.snapshot().waiting() == 1);
    await("the readers' places to be free", () -> leased(pool, 0) + leased(pool, 1) == 0);
    held.close();
    assertThat(unit.get()).isEqualTo("writer");
  }

  /** It is a good one, and the next borrower's. */
  @Test
  void theSessionThatWentBackIsLentAgain() throws Exception {
    Pool pool = open(config(), one);
    try (Connection held = pool.getConnection();
        Connection connection = pool.reader().getConnection()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      WorkOptions brief = NEVER.withDeadline(Duration.ofMillis(300));
      assertThatThrownBy(() -> where(pool, connection, brief))
          .isInstanceOf(AcquireTimeoutException.class);
      assertThat(connection.isClosed()).isTrue();
      try (Connection next = pool.reader().getConnection()) {
        assertThat(Server.of(next)).isEqualTo("one");
        assertThat(next.getTransactionIsolation())
            .isNotEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      }
      assertThat(pool.readerSnapshots().get(0).closedTotal()).isZero();
      assertThat(Server.of(held)).isEqualTo("writer");
    }
  }

  // ---- its deadline

  /** It counts from the call on, and not from when the position is there. */
  @Test
  void theWaitForThePositionIsAPartOfTheUnit() throws Exception {
    Pool pool = open(config(), one);
    Duration allowed = Duration.ofSeconds(5);
    try (Connection connection = pool.reader().getConnection()) {
      long end = System.nanoTime() + allowed.toNanos();
      one.position.set(1000);
      one.atPosition =
          asked -> {
            for (long left = 1; left > 0; left = end + 100_000_000L - System.nanoTime()) {
              LockSupport.parkNanos(left);
            }
          };
      AtomicBoolean ranOver = new AtomicBoolean();
      try (Logged logged = new Logged()) {
        UnitRerunner.of(pool)
            .<Boolean, SQLException>rerun(
                connection,
                THREE.withDeadline(allowed),
                c -> {
                  ranOver.set(isToldOf(logged, end + allowed.toNanos()));
                  return true;
                });
      }
      assertThat(ranOver).as("ran over its deadline, which was over when it began").isTrue();
    }
  }

  /** Upkeep says so, at once; of a deadline that began anew it would after {@code end}. */
  private static boolean isToldOf(Logged logged, long end) {
    while (System.nanoTime() - end < 0) {
      if (logged.messages(Level.WARN).stream().anyMatch(line -> line.contains("its deadline"))) {
        return true;
      }
      LockSupport.parkNanos(2_000_000);
    }
    return false;
  }
}
