package io.everpool.core.replicas;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.ReaderFallback;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.WorkOptions;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who gets which work, with servers that go, lag and come back. */
@Timeout(300)
class ReplicatedPoolTest extends ThreeServers {
  private static final WorkOptions READ = WorkOptions.READ_ONLY;

  private final List<Pool> pools = new ArrayList<>();
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    pools.forEach(Pool::close);
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("jdbc:by-hand").name("orders").minSize(1).maxSize(2);
  }

  private Pool open(PoolConfig.Builder config, Server... readers) throws SQLException {
    Everpool.Builder builder = Everpool.builder(config.build()).connector(writer);
    for (Server reader : readers) {
      builder.reader(reader);
    }
    Pool pool = builder.listener(events::add).open();
    pools.add(pool);
    return pool;
  }

  /** Where callers wait for no longer than a connect may take on a busy machine. */
  private Pool openWithAllThereIs(PoolConfig.Builder config, Server reader) throws Exception {
    Pool pool = open(config.failFast(false), reader);
    await("the writer's connection", () -> pool.snapshot().idle() == 1);
    await("the reader's connection", () -> pool.readerSnapshots().get(0).idle() == 1);
    return pool;
  }

  private static String reader(Pool pool) throws SQLException {
    return pool.<String, SQLException>run(READ, Server::of);
  }

  private static void await(String what, Await.Fact<? extends Exception> fact) throws Exception {
    Await.until(fact, what);
  }

  // ---- who gets what

  @Test
  void whatOnlyReadsGoesToAReaderAndAllElseToTheWriter() throws Exception {
    Pool pool = open(config(), one);

    assertThat(reader(pool)).isEqualTo("one");
    assertThat(pool.<String, SQLException>inTransaction(READ, Server::of)).isEqualTo("one");
    assertThat(pool.<String, SQLException>run(Server::of)).isEqualTo("writer");
    assertThat(pool.<String, SQLException>run(WorkOptions.IDEMPOTENT, Server::of))
        .isEqualTo("writer");
    assertThat(pool.<String, SQLException>inTransaction(Server::of)).isEqualTo("writer");
    try (Connection connection = pool.getConnection()) {
      assertThat(Server.of(connection)).isEqualTo("writer");
    }
    try (Connection connection = pool.getConnection(Duration.ofSeconds(30))) {
      assertThat(Server.of(connection)).isEqualTo("writer");
    }
    try (Connection connection = pool.reader().getConnection()) {
      assertThat(Server.of(connection)).isEqualTo("one");
    }
    assertThat(one.refusing()).isPositive();
    await( // a second one may just be being opened
        "every session to refuse writes", () -> one.refusing() == one.sessions());
    assertThat(writer.refusing()).isZero();
  }

  @Test
  void withoutReadersThePoolIsTheOrdinaryOne() throws SQLException {
    Pool pool = open(config());

    assertThat(pool).isNotInstanceOf(ReplicatedPool.class);
    assertThat(pool.readerSnapshots()).isEmpty();
    assertThat(reader(pool)).isEqualTo("writer");
    try (Connection connection = pool.reader().getConnection()) {
      assertThat(Server.of(connection)).isEqualTo("writer");
      assertThat(writer.refusing()).isOne();
    }
    writer.position.set(7);
    assertThat(pool.position()).isEqualTo("7");
  }

  @Test
  void everyReaderHasItsShare() throws Exception {
    Pool pool = open(config(), one, two);
    Set<String> seen = ConcurrentHashMap.newKeySet();
    await(
        "both readers",
        () -> {
          seen.add(reader(pool));
          return seen.equals(Set.of("one", "two"));
        });
  }

  /** All connections in use is no reason to flood the writer, but to ask another reader. */
  @Test
  void aReaderThatIsBusyIsNotGone() throws Exception {
    Pool pool = open(config().maxSize(1).acquireTimeout(Duration.ofSeconds(60)), one);
    reader(pool);
    try (Connection held = pool.reader().getConnection()) {
      assertThat(Server.of(held)).isEqualTo("one");
      assertThatThrownBy(
              () ->
                  pool.<String, SQLException>run(
                      READ.withDeadline(Duration.ofMillis(50)), Server::of))
          .isInstanceOf(AcquireTimeoutException.class);
      assertThat(unserved()).extracting(PoolEvent::pool).containsExactly("orders-reader-1");
    }
  }

  /** Less of it is left when somebody was asked before, and that is no limit of the caller's. */
  @Test
  void whoWaitsInVainIsToldWhoseLimitHasPassed() throws Exception {
    Pool pool = openWithAllThereIs(config().maxSize(1).acquireTimeout(Duration.ofSeconds(1)), one);
    await("the reader", () -> reader(pool).equals("one"));
    try (Connection held = pool.reader().getConnection()) {
      assertThat(Server.of(held)).isEqualTo("one");
      assertThatThrownBy(() -> reader(pool)).hasMessageContaining(" ms (acquire-timeout). ");
      WorkOptions brief = READ.withDeadline(Duration.ofMillis(50));
      assertThatThrownBy(() -> pool.<String, SQLException>run(brief, Server::of))
          .hasMessageContaining(" ms (the limit of this call). ");
    }
  }

  @Test
  void alsoWhereTheWriterIsAskedInAReadersPlace() throws Exception {
    one.lag = Duration.ofSeconds(9);
    Pool pool =
        openWithAllThereIs(
            config()
                .maxSize(1)
                .maxReplicaLag(Duration.ofSeconds(5))
                .acquireTimeout(Duration.ofSeconds(1)),
            one);
    try (Connection held = pool.getConnection()) {
      assertThat(Server.of(held)).isEqualTo("writer");
      assertThatThrownBy(() -> reader(pool)).hasMessageContaining(" ms (acquire-timeout). ");
      assertThat(unserved()).extracting(PoolEvent::pool).containsExactly("orders");
    }
  }

  /** However many he was sent to before. */
  @Test
  void whoWaitsInVainIsToldHowLongHeHasWaitedInAll() throws Exception {
    Pool pool =
        openWithAllThereIs(
            config()
                .maxSize(1)
                .maxReplicaLag(Duration.ofSeconds(20)) // half of his time is less
                .acquireTimeout(Duration.ofSeconds(1)),
            one);
    WorkOptions never = READ.after("1000000");
    try (Connection held = pool.getConnection();
        Connection framework = pool.reader().getConnection()) {
      assertThat(List.of(Server.of(held), Server.of(framework))).containsExactly("writer", "one");
      assertThatThrownBy(
              () -> UnitRerunner.of(pool).<String, SQLException>rerun(framework, never, Server::of))
          .satisfies(ReplicatedPoolTest::tellsOfASecond);
    }
    try (Connection held = pool.getConnection()) {
      assertThat(Server.of(held)).isEqualTo("writer");
      assertThatThrownBy(() -> pool.<String, SQLException>run(never, Server::of))
          .satisfies(ReplicatedPoolTest::tellsOfASecond);
    }
    assertThat(unserved())
        .hasSize(2)
        .allSatisfy(
            event ->
                assertThat(((PoolEvent.AcquireTimedOut) event).waitedNanos())
                    .isGreaterThanOrEqualTo(1_000_000_000L));
  }

  private static void tellsOfASecond(Throwable thrown) {
    Matcher waited =
        Pattern.compile("No connection within (\\d+) ms \\(acquire-timeout\\)")
            .matcher(String.valueOf(thrown.getMessage()));
    assertThat(waited.find()).as(thrown.getMessage()).isTrue();
    assertThat(Integer.parseInt(waited.group(1))).isGreaterThanOrEqualTo(1_000);
  }

  @Test
  void whoFindsTheLineOfABusyReaderFullIsTurnedAway() throws Exception {
    Pool pool = open(config().maxSize(1).maxWaiters(0), one);
    await("its connection", () -> pool.readerSnapshots().get(0).idle() == 1);
    try (Connection held = pool.reader().getConnection()) {
      assertThat(Server.of(held)).isEqualTo("one");
      assertThatThrownBy(() -> reader(pool)).isInstanceOf(TooManyWaitersException.class);
      assertThat(unserved()).containsExactly(new PoolEvent.AcquireRejected("orders-reader-1"));
    }
  }

  /** What tells of callers who got no connection. */
  private List<PoolEvent> unserved() {
    return events.stream()
        .filter(
            event ->
                event instanceof PoolEvent.AcquireTimedOut
                    || event instanceof PoolEvent.AcquireRejected)
        .toList();
  }

  @Test
  void rerunsOfFrameworksStayWhereTheirConnectionIs() throws SQLException {
    Pool pool = open(config(), one);
    UnitRerunner rerunner = UnitRerunner.of(pool);
    try (Connection connection = pool.getConnection()) {
      String where =
          rerunner.<String, SQLException>rerun(
              connection,
              WorkOptions.DEFAULT,
              c -> rerunner.<String, SQLException>rerun(c, READ, Server::of));
      assertThat(where).isEqualTo("writer");
      assertThat(pool.readerSnapshots().get(0).leased()).isZero();
    }
    try (Connection connection = pool.reader().getConnection()) {
      assertThat(rerunner.<String, SQLException>rerun(connection, READ, Server::of))
          .isEqualTo("one");
    }
  }

  // ---- gone

  @Test
  void aReaderThatIsGoneIsLeftOutUntilItIsBack() throws Exception {
    try (Logged logged = new Logged()) {
      Pool pool = open(config(), one);
      assertThat(reader(pool)).isEqualTo("one");

      one.goDown();
      for (int i = 0; i < 50; i++) {
        assertThat(reader(pool)).isEqualTo("writer");
      }
      assertThat(leftOut(logged, Level.WARN, "is left out: it can't be reached")).isEqualTo(1);

      one.comeUp();
      await("the reader to be back", () -> reader(pool).equals("one"));
      assertThat(leftOut(logged, Level.INFO, "is back")).isEqualTo(1);
    }
  }

  /** Its pool has no reason of its own to open a connection: whoever reads gives it one. */
  @Test
  void aReaderOfWhichNothingIsKeptComesBackAsWell() throws Exception {
    Pool pool = open(config().minSize(0), one);
    assertThat(reader(pool)).isEqualTo("one");
    one.goDown();
    assertThat(reader(pool)).isEqualTo("writer");
    one.comeUp();
    await("the reader to be back", () -> reader(pool).equals("one"));
  }

  /**
   * Its sessions answer: whoever reads on them need not be sent elsewhere because there can't be
   * more of them. And when there can be, its pool learns that though nobody asks for more.
   */
  @Test
  void aReaderThatTakesNoMoreSessionsServesWithThoseItHas() throws Exception {
    Pool pool = open(config().acquireTimeout(Duration.ofSeconds(60)), one);
    await("its connection", () -> pool.readerSnapshots().get(0).idle() == 1);
    one.refusesMore = true;
    try (Connection held = pool.reader().getConnection()) {
      assertThat(Server.of(held)).isEqualTo("one");
      assertThat(reader(pool)).as("who would have needed another").isEqualTo("writer");
    }
    await("the reader to serve again", () -> reader(pool).equals("one"));
    assertThat(pool.readerSnapshots().get(0).down()).isTrue();

    one.refusesMore = false;
    await("its pool to learn that it takes more", () -> !pool.readerSnapshots().get(0).down());
    await("that to be told", () -> events.stream().anyMatch(PoolEvent.Recovered.class::isInstance));
    assertThat(events)
        .filteredOn(PoolEvent.Recovered.class::isInstance)
        .extracting(PoolEvent::pool)
        .containsExactly("orders-reader-1");
  }

  private static long leftOut(Logged logged, Level level, String words) {
    return logged.messages(level).stream()
        .filter(line -> line.contains("Pool orders: reader orders-reader-1 at one.example.com"))
        .filter(line -> line.contains(words))
        .count();
  }

  /** Nobody need wait for a database that is only read. */
  @Test
  void aReaderThatIsDownFromTheBeginningHoldsUpNothing() throws Exception {
    one.goDown();
    Pool pool = open(config().acquireTimeout(Duration.ofSeconds(120)), one, two);
    for (int i = 0; i < 20; i++) {
      assertThat(reader(pool)).isEqualTo("two");
    }
    one.comeUp();
    await("the first reader", () -> reader(pool).equals("one"));
  }

  @Test
  void aUnitThatLosesItsReaderGoesOnElsewhere() throws Exception {
    Pool pool = open(config(), one);
    List<String> runs = new ArrayList<>();
    String where =
        pool.<String, SQLException>inTransaction(
            READ,
            connection -> {
              runs.add(Server.of(connection));
              if (runs.size() == 1) {
                one.goDown();
              }
              return Server.of(connection);
            });
    assertThat(where).isEqualTo("writer");
    assertThat(runs).containsExactly("one", "writer");
    assertThat(pool.snapshot().leased()).isZero();
    await("its place to be free", () -> pool.readerSnapshots().get(0).leased() == 0);
  }

  @Test
  void aFrameworksUnitThatLosesItsReaderGoesOnElsewhereOnTheSameConnection() throws Exception {
    Pool pool = open(config(), one, two);
    try (Connection connection = pool.reader().getConnection()) {
      List<String> runs = new ArrayList<>();
      UnitRerunner.of(pool)
          .<Boolean, SQLException>rerun(
              connection,
              READ,
              c -> {
                runs.add(Server.of(c));
                if (runs.size() == 1) {
                  (runs.get(0).equals("one") ? one : two).goDown();
                }
                return runs.add(Server.of(c));
              });
      assertThat(runs).hasSize(3).doesNotContain("writer");
      assertThat(runs.get(1)).isNotEqualTo(runs.get(0)).isEqualTo(runs.get(2));
      assertThat(one.refusing() + two.refusing()).isPositive();
    }
  }

  @Test
  void withoutAFallbackItFailsOnceTheTimeIsOver() throws Exception {
    Pool pool = open(config().readerFallback(ReaderFallback.FAIL), one, two);
    one.goDown();
    two.goDown();
    await(
        "both to be known as gone",
        () -> {
          String said = refusal(pool);
          return said.contains("orders-reader-1: it can't be reached")
              && said.contains("orders-reader-2: it can't be reached");
        });
    events.clear();
    assertThat(refusal(pool))
        .startsWith("Pool orders has no reader for work; ")
        .endsWith("With reader-fallback = writer the writer would do it");
    assertThat(unserved())
        .singleElement()
        .isInstanceOfSatisfying(
            PoolEvent.AcquireTimedOut.class,
            event -> {
              assertThat(event.pool()).isEqualTo("orders");
              assertThat(event.waitedNanos()).isGreaterThanOrEqualTo(100_000_000L);
            });
    assertThat(pool.<String, SQLException>run(Server::of)).isEqualTo("writer");
  }

  private static String refusal(Pool pool) {
    WorkOptions brief = READ.withDeadline(Duration.ofMillis(100));
    SQLTransientConnectionException refusal =
        catchThrowableOfType(
            SQLTransientConnectionException.class,
            () -> pool.<String, SQLException>run(brief, Server::of));
    return String.valueOf(refusal.getMessage());
  }

  @Test
  void withoutAFallbackAReaderThatComesBackInTimeIsWaitedFor() throws Exception {
    Pool pool =
        open(
            config().readerFallback(ReaderFallback.FAIL).acquireTimeout(Duration.ofSeconds(120)),
            one);
    one.goDown();
    Thread rescuer = new Thread(one::comeUp);
    rescuer.start();
    assertThat(reader(pool)).isEqualTo("one");
    rescuer.join();
  }

  /** Whoever waits for a reader that is gone stands in no line that closing would empty. */
  @Test
  void whoWaitsWithoutAFallbackIsToldThatThePoolIsClosed() throws Exception {
    Pool pool =
        open(
            config().readerFallback(ReaderFallback.FAIL).acquireTimeout(Duration.ofSeconds(20)),
            one);
    one.goDown();
    await("it to be known as gone", () -> refusal(pool).contains("it can't be reached"));
    events.clear();
    AtomicReference<Throwable> told = new AtomicReference<>();
    Thread waiting = new Thread(() -> told.set(catchThrowable(() -> reader(pool))));
    waiting.start();
    await("it to wait", () -> waiting.getState() == Thread.State.TIMED_WAITING);
    pool.close();
    waiting.join();
    assertThat(told.get()).isInstanceOf(PoolClosedException.class).hasMessageContaining("orders");
    assertThat(unserved()).isEmpty();
  }

  @Test
  void whoIsPassedOnHasNotWaitedInVain() throws Exception {
    Pool pool = open(config().minSize(0), one);
    assertThat(reader(pool)).isEqualTo("one");
    one.goDown();
    assertThat(reader(pool)).isEqualTo("writer");
    assertThat(unserved()).isEmpty();
  }

  /** It is the pool that asks, and nobody misses the answer. */
  @Test
  void aLookAtAReaderThatIsGoneIsNoCaller() throws Exception {
    Pool pool = open(config().minSize(0).maxReplicaLag(Duration.ofMillis(40)), one);
    await("the reader", () -> reader(pool).equals("one"));
    one.goDown();
    assertThat(reader(pool)).isEqualTo("writer");
    events.clear();
    await(
        "looks at it",
        () -> {
          assertThat(reader(pool)).isEqualTo("writer");
          return events.stream().filter(PoolEvent.ConnectFailed.class::isInstance).count() > 2;
        });
    assertThat(unserved()).isEmpty();
  }

  // ---- behind

  @Test
  void aReaderThatLagsTooFarIsLeftOutUntilItHasCaughtUp() throws Exception {
    try (Logged logged = new Logged()) {
      one.lag = Duration.ofSeconds(9);
      Pool pool = open(config().maxReplicaLag(Duration.ofSeconds(5)), one);

      for (int i = 0; i < 10; i++) {
        assertThat(reader(pool)).isEqualTo("writer");
      }
      assertThat(leftOut(logged, Level.WARN, "it lags 9000 ms behind (max-replica-lag is 5000 ms)"))
          .isEqualTo(1);

      one.lag = Duration.ofSeconds(1);
      await("the reader to be back", () -> reader(pool).equals("one"));
      assertThat(leftOut(logged, Level.INFO, "is back")).isEqualTo(1);
    }
  }

  @Test
  void withoutAFallbackALagFailsAtOnce() throws SQLException {
    one.lag = Duration.ofSeconds(9);
    Pool pool =
        open(
            config()
                .maxReplicaLag(Duration.ofSeconds(5))
                .readerFallback(ReaderFallback.FAIL)
                .acquireTimeout(Duration.ofDays(1)),
            one);
    assertThatThrownBy(() -> reader(pool))
        .isInstanceOf(SQLTransientConnectionException.class)
        .hasMessageContaining("orders-reader-1: it lags 9000 ms behind");
    assertThat(unserved()).containsExactly(new PoolEvent.AcquireRejected("orders"));
  }

  /** What was seen holds for a while. */
  @Test
  void theLagIsNotAskedForEachUnit() throws SQLException {
    Pool pool = open(config().maxReplicaLag(Duration.ofHours(1)), one);
    for (int i = 0; i < 100; i++) {
      assertThat(reader(pool)).isEqualTo("one");
    }
    assertThat(one.lagAsked).hasValue(1);
  }

  /** However long the answer takes, as that from a region far away. */
  @Test
  void aReaderIsUsedThoughItsAnswerTakesLongerThanItMayLag() throws Exception {
    try (Logged logged = new Logged()) {
      Pool pool = open(config().maxReplicaLag(Duration.ofNanos(1)), one);
      for (int i = 1; i <= 20; i++) {
        assertThat(reader(pool)).isEqualTo("one");
        assertThat(one.lagAsked.get()).as("asked each time").isGreaterThanOrEqualTo(i);
      }
      one.lag = Duration.ofSeconds(1);
      assertThat(reader(pool)).isEqualTo("writer");
      assertThat(logged.messages(Level.WARN))
          .singleElement()
          .asString()
          .contains("is left out: it lags");
    }
  }

  @Test
  void aLagThatNobodyCanTellIsTooLargeUnlessItDoesNotMatter() throws SQLException {
    one.lag = null;
    assertThat(reader(open(config(), one))).isEqualTo("writer");
    assertThat(reader(open(config().maxReplicaLag(Duration.ZERO), one))).isEqualTo("one");
  }

  // ---- one's own writes

  @Test
  void aReaderIsWaitedForUntilItHasComeSoFar() throws SQLException {
    Pool pool = open(config().maxReplicaLag(Duration.ofHours(1)), one);
    writer.position.set(5);
    WorkOptions own = READ.after(pool.position());

    assertThat(pool.<String, SQLException>run(own, Server::of)).isEqualTo("one");
    assertThat(one.positionAsked).hasValue(6);
    assertThat(pool.<String, SQLException>inTransaction(own, Server::of)).isEqualTo("one");
    assertThat(one.positionAsked).hasValue(7);
    assertThat(pool.<String, SQLException>run(own.withReadOnly(false), Server::of))
        .isEqualTo("writer");
  }

  @Test
  void whatAReaderDoesNotShowInTimeTheWriterDoes() throws SQLException {
    Pool pool = open(config().maxReplicaLag(Duration.ofSeconds(2)), one);
    WorkOptions never = READ.after("1000000").withDeadline(Duration.ofSeconds(60));
    assertThat(pool.<String, SQLException>run(never, Server::of)).isEqualTo("writer");
  }

  @Test
  void whatAReaderDoesNotShowInTimeFailsWithoutAFallback() throws SQLException {
    Pool pool =
        open(
            config().readerFallback(ReaderFallback.FAIL).maxReplicaLag(Duration.ofSeconds(2)), one);
    WorkOptions never = READ.after("1000000").withDeadline(Duration.ofSeconds(60));
    assertThatThrownBy(() -> pool.<String, SQLException>run(never, Server::of))
        .isInstanceOf(SQLTransientConnectionException.class)
        .hasMessageContaining("orders-reader-1: it has not come as far as 1000000");
  }

  @Test
  void aFrameworksConnectionShowsOnesOwnWritesAsWell() throws SQLException {
    Pool pool = open(config().maxReplicaLag(Duration.ofSeconds(2)), one);
    UnitRerunner rerunner = UnitRerunner.of(pool);
    try (Connection connection = pool.reader().getConnection()) {
      assertThat(rerunner.<String, SQLException>rerun(connection, READ.after("3"), Server::of))
          .isEqualTo("one");
      assertThat(one.positionAsked).hasValue(4);
      WorkOptions never = READ.after("1000000").withDeadline(Duration.ofSeconds(60));
      assertThat(rerunner.<String, SQLException>rerun(connection, never, Server::of))
          .isEqualTo("writer");
      assertThat(writer.refusing()).isOne();
    }
    assertThat(pool.snapshot().leased()).isZero();
    assertThat(pool.readerSnapshots().get(0).leased()).isZero();
  }

  /** It is the same connection to whoever has set it up. */
  @Test
  void andItIsSetAsBeforeOnTheWriter() throws SQLException {
    Pool pool = open(config().maxReplicaLag(Duration.ofSeconds(2)), one);
    UnitRerunner rerunner = UnitRerunner.of(pool);
    try (Connection connection = pool.reader().getConnection()) {
      connection.setAutoCommit(false);
      WorkOptions never = READ.after("1000000").withDeadline(Duration.ofSeconds(60));
      assertThat(rerunner.<String, SQLException>rerun(connection, never, Server::of))
          .isEqualTo("writer");
      PooledConnection face = requireNonNull(PooledConnection.behind(connection));
      assertThat(face.current().readOnly()).as("read-only, though H2 doesn't say so").isTrue();
      assertThat(connection.getAutoCommit()).isFalse();
      connection.rollback();
    }
    assertThat(pool.snapshot().leased()).isZero();
  }

  // ---- a log that fails

  /** It is the log's trouble, and costs no caller his work, nor the pool a place. */
  @ParameterizedTest
  @ValueSource(strings = {"what only reads goes to", "is left out", "is back", ""})
  void aLogThatFailsCostsNoCallerAnything(String line) throws Exception {
    one.lag = Duration.ofSeconds(9);
    try (BrokenLog log = new BrokenLog(line)) {
      Pool pool = open(config().maxSize(1).maxReplicaLag(Duration.ofSeconds(5)), one);
      assertThat(reader(pool)).isEqualTo("writer");
      one.lag = Duration.ZERO;
      await("the reader to be back", () -> reader(pool).equals("one"));
      assertThat(log.thrown).hasPositiveValue();
      assertThat(reader(pool)).isEqualTo("one");
      await("no place to be taken", () -> pool.readerSnapshots().get(0).leased() == 0);
    }
  }

  @Test
  void norDoesItLeaveSomethingOpen() throws Exception {
    Pool pool = open(config(), one, two);
    try (BrokenLog log = new BrokenLog("Closed")) {
      pool.close();
      assertThat(log.thrown).hasPositiveValue();
    }
    assertThat(List.of(writer, one, two)).allMatch(server -> server.closed);
  }

  // ---- its life

  @Test
  void eachPoolHasItsName() throws Exception {
    Set<String> measured = ConcurrentHashMap.newKeySet();
    Pool pool =
        Everpool.builder(config().build())
            .connector(writer)
            .reader(one)
            .reader(two)
            .listener(events::add)
            .recorder(recorder("orders", measured))
            .open();
    pools.add(pool);

    assertThat(pool.name()).isEqualTo("orders");
    assertThat(pool.snapshot().name()).isEqualTo("orders");
    assertThat(pool.readerSnapshots())
        .extracting(PoolSnapshot::name)
        .containsExactly("orders-reader-1", "orders-reader-2");
    assertThat(pool.toString()).contains("orders-reader-2");
    await("the readers", () -> !reader(pool).equals("writer"));
    assertThat(measured).containsAnyOf("orders-reader-1", "orders-reader-2");
    await(
        "every pool to be told of",
        () ->
            events.stream()
                    .filter(event -> event instanceof PoolEvent.PoolOpened)
                    .map(PoolEvent::pool)
                    .distinct()
                    .count()
                == 3);
  }

  private static LeaseRecorder recorder(String name, Collection<String> measured) {
    return new LeaseRecorder() {
      @Override
      public void acquired(long waitedNanos) {
        measured.add(name);
      }

      @Override
      public void released(long heldNanos) {
        measured.add(name + " again");
      }

      @Override
      public LeaseRecorder ofReader(String pool) {
        return recorder(pool, measured);
      }
    };
  }

  @Test
  void closingClosesAll() throws Exception {
    Pool pool = open(config(), one, two);
    // A connect that is under way when the pool closes is waited for by nobody.
    await(
        "both readers' connections",
        () -> pool.readerSnapshots().stream().allMatch(reader -> reader.idle() == 1));
    pool.close();

    assertThat(pool.isClosed()).isTrue();
    assertThat(List.of(writer, one, two)).allMatch(server -> server.closed);
    assertThat(writer.sessions() + one.sessions() + two.sessions()).isZero();
    assertThatThrownBy(() -> reader(pool)).isInstanceOf(PoolClosedException.class);
    assertThatThrownBy(pool::getConnection).isInstanceOf(PoolClosedException.class);
  }

  /** The readers are closed one after the other, and the writer last. */
  @Test
  void whileOneIsWaitedForAllOfThemAreBeingClosed() throws Exception {
    Pool pool = open(config().drainTimeout(Duration.ofHours(1)), one, two);
    await("a reader", () -> !reader(pool).equals("writer"));
    Thread closing;
    try (Connection held = pool.reader().getConnection()) {
      assertThat(Server.of(held)).isNotEqualTo("writer");
      assertThat(pool.isClosed()).isFalse();
      closing = new Thread(pool::close);
      closing.start();
      await("the end to begin", pool::isClosed);
      assertThat(pool.snapshot().state()).isEqualTo(PoolState.DRAINING);
      assertThat(pool.readerSnapshots())
          .extracting(PoolSnapshot::state)
          .doesNotContain(PoolState.OPEN);
      assertThat(closing.isAlive()).isTrue();
    }
    closing.join();
    assertThat(pool.snapshot().state()).isEqualTo(PoolState.CLOSED);
  }

  @Test
  void whereTheWriterCanNotBeOpenedNothingStaysOpen() throws Exception {
    writer.goDown();
    assertThatThrownBy(() -> open(config().acquireTimeout(Duration.ofMillis(100)), one))
        .isInstanceOf(SQLException.class);
    assertThat(one.closed).isTrue();
    await("the end of what its connect brought", () -> one.sessions() == 0);
  }

  @Test
  void aNameThatCanNotBeExtendedIsRefused() {
    assertThatThrownBy(() -> open(config().name("x".repeat(60)), one))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("name is ");
  }

  @Test
  void aReadersUrlThatCanNotWorkIsRefusedAsThatReaders() {
    PoolConfig.Builder config = config().readers(List.of("jdbc:nobody:knows", "jdbc:h2:mem:x"));
    assertThatThrownBy(() -> open(config))
        .isInstanceOfSatisfying(
            InvalidPoolConfigException.class,
            e -> assertThat(e.problems()).allMatch(line -> line.startsWith("orders-reader-1: ")));
    assertThat(writer.sessions()).isZero();
  }

  /** They work for borrowers, on whosever connection; what the pool itself asks is none's. */
  @Test
  void interceptorsSeeTheConnectionsOfReadersAndNotWhatThePoolAsks() throws Exception {
    List<String> seen = new CopyOnWriteArrayList<>();
    PoolConfig config = config().maxReplicaLag(Duration.ofMillis(40)).build();
    Pool pool =
        Everpool.builder(config)
            .connector(writer)
            .reader(one)
            .interceptor(
                new LeaseInterceptor() {
                  @Override
                  public void acquired(Connection connection) throws SQLException {
                    seen.add(Server.of(connection));
                  }
                })
            .open();
    pools.add(pool);
    int units = 0;
    while (one.lagAsked.get() < 10) {
      units++;
      reader(pool);
    }
    pool.position();
    long read = seen.stream().filter("one"::equals).count();
    assertThat(read).isPositive().isLessThanOrEqualTo(units);
    assertThat(seen).hasSizeLessThanOrEqualTo(2 * units);
  }

  /** Timers are of borrowers' waits and uses. */
  @Test
  void whatThePoolAsksItselfIsNotMeasured() throws Exception {
    List<String> measured = new CopyOnWriteArrayList<>();
    PoolConfig config = config().maxReplicaLag(Duration.ofMillis(40)).build();
    Pool pool =
        Everpool.builder(config)
            .connector(writer)
            .reader(one)
            .recorder(recorder("orders", measured))
            .open();
    pools.add(pool);
    pool.position();
    assertThat(measured).as("opening the pool, and its position").isEmpty();
    int units = 0;
    while (one.lagAsked.get() < 10) {
      units++;
      reader(pool);
    }
    assertThat(measured.stream().filter("orders-reader-1"::equals).count())
        .isPositive()
        .isLessThanOrEqualTo(units);
  }

  /** What is within a unit is a part of it, and stays where it is. */
  @Test
  void aPositionWithinAUnitMovesNothing() throws SQLException {
    Pool pool = open(config(), one);
    UnitRerunner rerunner = UnitRerunner.of(pool);
    WorkOptions never = READ.after("1000000");
    try (Connection connection = pool.reader().getConnection()) {
      String where =
          rerunner.<String, SQLException>rerun(
              connection, READ, c -> rerunner.<String, SQLException>rerun(c, never, Server::of));
      assertThat(where).isEqualTo("one");
      assertThat(one.positionAsked).hasValue(0);
    }
  }

  @Test
  void anOperatorReplacesTheConnectionsOfAll() throws Exception {
    Pool pool = open(config(), one);
    reader(pool);
    pool.replaceAll();
    await("the reader's to be closed", () -> pool.readerSnapshots().get(0).closedTotal() > 0);
    await("the writer's to be closed", () -> pool.snapshot().closedTotal() > 0);
  }

  /** Neither server has a connection of the pool meanwhile. */
  @Test
  void anOperatorSuspendsAndEvictsAll() throws Exception {
    Pool pool = open(config(), one);
    PoolOperations operations = PoolOperations.of(pool);
    reader(pool);
    long before = pool.readerSnapshots().get(0).closedTotal();
    operations.evictIdle();
    await("eviction", () -> pool.readerSnapshots().get(0).closedTotal() > before);
    operations.suspend();
    await("the writer's to be gone", () -> isSuspended(pool.snapshot()));
    await("the reader's to be gone", () -> isSuspended(pool.readerSnapshots().get(0)));
    operations.resume();
    assertThat(reader(pool)).isEqualTo("one");
    await("the writer to go on", () -> !pool.snapshot().suspended());
  }

  private static boolean isSuspended(PoolSnapshot now) {
    return now.suspended() && now.total() == 0 && now.connecting() == 0;
  }
}
