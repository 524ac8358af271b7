package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.CloseReason;
import io.everpool.api.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What hangs ends at the pool's own deadline, on a thread that nobody else needs: meanwhile the
 * others are served, and the pool can be closed. Each deadline here is a second or two; {@link
 * #SOON} only tells what ends from what doesn't.
 */
@Timeout(300)
class DeadlinesIT {
  private static final Duration SHORT = Duration.ofSeconds(1);

  /** For the sockets: what is to be given up must first be opened within it. */
  private static final Map<String, String> SILENCE = Map.of("socketTimeout", "3");

  private static final Duration SOON = Duration.ofSeconds(60);

  /** What would take longer than any test may. */
  private static final Duration LONG = Duration.ofMinutes(10);

  private static PostgresServer server;
  private final List<Integer> stopped = new ArrayList<>();
  private final List<Pool> pools = new ArrayList<>();
  private FaultProxy proxy;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void openProxy() {
    proxy = FaultProxy.before(server);
  }

  @AfterEach
  void thaw() throws Exception {
    server.thaw();
    proxy.close();
    for (int pid : stopped) {
      signal("CONT", pid);
    }
    pools.forEach(Pool::close); // those of a test that has failed; else the next fails with it
  }

  private Pool open(PoolConfig config) throws SQLException {
    Pool pool = Everpool.open(config);
    pools.add(pool);
    return pool;
  }

  /**
   * Long deadlines everywhere but where a test shortens one, so that it is that one which counts.
   */
  private PoolConfig.Builder config(String name) {
    return PoolConfig.builder(server.libpqUrl(proxy.host(), proxy.port()))
        .name(name)
        .acquireTimeout(LONG)
        .connectTimeout(LONG)
        .validationTimeout(LONG)
        .resetTimeout(LONG)
        .closeTimeout(SHORT)
        .drainTimeout(SHORT)
        .maxQueries(0)
        .healthCheckInterval(LONG)
        .healthCheck(HealthCheck.LOOK);
  }

  private static void signal(String signal, int pid) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, String.valueOf(pid)).start().waitFor();
  }

  /** Freezes one session alone. */
  private void freeze(int pid) throws IOException, InterruptedException {
    stopped.add(pid);
    signal("STOP", pid);
  }

  private static String answer(Pool pool) throws SQLException {
    return pool.<String, SQLException>run(
        WorkOptions.READ_ONLY, connection -> Db.ask(connection, "select 1"));
  }

  /** Four threads that want an answer again and again. */
  private static Crew others(Pool pool) {
    return Crew.looping(4, () -> assertThat(answer(pool)).isEqualTo("1"));
  }

  private static void assertServed(Crew others) {
    others.awaitRounds(20);
    assertThat(others.errors()).as(others.report()).isEmpty();
  }

  /** Closing ends by its own deadlines, whatever hangs, and leaves no thread behind. */
  private static void assertCloses(Pool pool) {
    long begun = System.nanoTime();
    pool.close();
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
    Threads.awaitNone();
  }

  private static Throwable timed(Crew.Job job) {
    long begun = System.nanoTime();
    Throwable failure = catchThrowable(job::run);
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(SOON);
    return failure;
  }

  // ---- the whole server

  @Test
  void aStatementOnAFrozenServerEndsAtTheSocketsTimeout() throws Exception {
    PoolConfig config = config("frozen").properties(SILENCE).build();
    try (LogCapture log = LogCapture.open()) {
      Pool pool = open(config);
      try (Connection connection = pool.getConnection()) {
        Db.pid(connection);
        server.freeze();
        Throwable failure = timed(() -> Db.pid(connection));
        assertThat(Db.sqlStates(failure)).contains("08006");
      }
      server.thaw();
      assertThat(answer(pool)).as(log.text()).isEqualTo("1");
      assertCloses(pool);
    }
  }

  /** The timeout needs no setting: it is derived from command-timeout. */
  @Test
  void noConnectionOfAPoolWaitsForEver() throws Exception {
    Pool pool = open(config("derived").commandTimeout(SHORT).build());
    try (Connection connection = pool.getConnection()) {
      assertThat(connection.getNetworkTimeout()).isEqualTo(11_000);
    }
    assertCloses(pool);
  }

  /** The kernel goes on accepting for a server that is stopped in its tracks. */
  @Test
  void acquiringFromAFrozenServerEndsAtTheAcquireTimeout() throws Exception {
    PoolConfig config =
        config("frozen-acquire").minSize(0).failFast(false).acquireTimeout(SHORT).build();
    Pool pool = open(config);
    server.freeze();
    assertThat(timed(() -> pool.getConnection().close()))
        .isInstanceOf(AcquireTimeoutException.class);
    assertCloses(pool);
  }

  @Test
  void openingAPoolOnAFrozenServerEndsAtTheAcquireTimeout() {
    server.freeze();
    Throwable failure = timed(() -> open(config("frozen-open").acquireTimeout(SHORT).build()));
    assertThat(failure).isInstanceOf(AcquireTimeoutException.class);
    Threads.awaitNone();
  }

  @Test
  void aPoolOnAFrozenServerClosesAtItsDeadlines() throws Exception {
    Pool pool = open(config("frozen-close").maxSize(4).build());
    Crew holders =
        Crew.of(
            2,
            () -> {
              try (Connection connection = pool.getConnection()) {
                Db.ask(connection, "select pg_sleep(600)");
              }
            });
    Await.until( // a connect that the frozen server holds up would go on
        SOON,
        () -> pool.snapshot().leased() == 2 && pool.snapshot().connecting() == 0,
        "two queries");
    server.freeze();
    assertCloses(pool);
    holders.join();
    assertThat(holders.errors()).as("their connections were cut").hasSize(2);
  }

  @Test
  void aBlackHoleEndsAStatementAtTheSocketsTimeout() throws Exception {
    PoolConfig config = config("hole").properties(SILENCE).build();
    Pool pool = open(config);
    try (Connection connection = pool.getConnection()) {
      Db.pid(connection);
      proxy.freeze();
      assertThat(Db.sqlStates(timed(() -> Db.pid(connection)))).contains("08006");
    }
    proxy.thaw();
    assertThat(answer(pool)).isEqualTo("1");
    assertCloses(pool);
  }

  // ---- one connection of several

  @Test
  void aHangingConnectIsGivenUpWhileOthersAreServed() throws Exception {
    PoolConfig config = config("hanging-connect").minSize(1).connectTimeout(SHORT).build();
    Pool pool = open(config);
    List<Connection> held = new ArrayList<>();
    PoolSnapshot now;
    do { // opening the pool may have left more than the minimum
      held.add(pool.getConnection());
      now = pool.snapshot();
    } while (now.idle() + now.probing() + now.connecting() > 0);
    proxy.hang();
    long before = now.connectFailures(); // on a busy machine one may have taken longer than that
    Crew waiting = Crew.of(1, () -> answer(pool));
    Await.until(
        SOON, () -> pool.snapshot().connectFailures() > before, "the connect to be given up");
    assertThat(pool.snapshot().lastConnectError()).contains("connect-timeout");
    for (Connection connection : held) {
      connection.close();
    }
    waiting.join();
    assertThat(waiting.errors()).as("served by one that came back").isEmpty();
    try (Crew others = others(pool)) {
      assertServed(others);
    }
    assertThat(pool.snapshot().total()).as("by those there are").isEqualTo(held.size());
    assertCloses(pool);
  }

  /** Not even a connect that hangs for good holds up who closes the pool. */
  @Test
  void aHangingConnectDoesNotHoldUpTheEnd() throws Exception {
    Pool pool = open(config("hanging-connect-close").minSize(2).build());
    Db.awaitIdle(pool, 2);
    proxy.hang();
    server.terminateAll("hanging-connect-close");
    Crew waiting = Crew.of(1, () -> answer(pool));
    Await.until(SOON, () -> pool.snapshot().connecting() > 0, "a connect");
    assertCloses(pool);
    waiting.join();
    assertThat(waiting.errors()).as("told at once").hasSize(1);
  }

  /** Where nobody hears that it is to be cancelled, the connection is cut. */
  @Test
  void aUnitOnAFrozenSessionEndsSoonAfterItsOwnDeadline() throws Exception {
    WorkOptions limited = WorkOptions.READ_ONLY.withLabel("the report").withDeadline(SHORT);
    Pool pool = open(config("frozen-unit").build());
    Throwable failure =
        timed(
            () ->
                pool.use(
                    limited,
                    connection -> {
                      freeze(Db.pid(connection));
                      Db.ask(connection, "select 1");
                    }));
    assertThat(failure)
        .isInstanceOf(WorkDeadlineException.class)
        .hasMessage("the report ran over its deadline of 1000 ms and was cancelled");
    assertThat(answer(pool)).isEqualTo("1");
    assertCloses(pool);
  }

  @Test
  void aHangingRollbackOnReturnEndsAtTheResetTimeoutWhileOthersAreServed() throws Exception {
    PoolConfig config = config("hanging-rollback").resetTimeout(SHORT).build();
    try (LogCapture log = LogCapture.open()) {
      Pool pool = open(config);
      Connection connection = pool.getConnection();
      connection.setAutoCommit(false);
      freeze(Db.pid(connection));
      try (Crew others = others(pool)) {
        assertThat(timed(connection::close)).as("close() doesn't throw").isNull();
        assertServed(others);
      }
      log.await(Level.WARN, "reset-timeout");
      assertThat(log.lines(Level.WARN, "reset-timeout")).hasSize(1);
      Await.until(SOON, () -> pool.snapshot().closedTotal() > 0, "the end in the snapshot");
      assertThat(pool.snapshot().closed()).as(log.text()).isEqualTo(Map.of(CloseReason.FAILED, 1L));
      assertCloses(pool);
    }
  }

  /** Whoever closes the pool meanwhile isn't held up by it, either. */
  @Test
  void aHangingRollbackDoesNotHoldUpTheEnd() throws Exception {
    Pool pool = open(config("hanging-rollback-close").build());
    AtomicReference<Connection> held = new AtomicReference<>();
    Crew holder =
        Crew.of(
            1,
            () -> {
              Connection connection = pool.getConnection();
              connection.setAutoCommit(false);
              freeze(Db.pid(connection));
              held.set(connection);
              connection.close();
            });
    Await.until(SOON, () -> held.get() != null, "a return");
    assertCloses(pool);
    holder.join();
    assertThat(holder.errors()).isEmpty();
  }

  @Test
  void aHangingExaminationIsGivenUpWhileOthersAreServed() throws Exception {
    PoolConfig config =
        config("hanging-probe")
            .minSize(2)
            .healthCheck(HealthCheck.QUERY)
            .healthCheckInterval(Duration.ofMillis(300))
            // the healthy ones have to answer within it
            .validationTimeout(Duration.ofSeconds(5))
            .build();
    try (LogCapture log = LogCapture.open()) {
      Pool pool = open(config);
      Db.awaitIdle(pool, 2);
      int frozen = server.backendPids("hanging-probe").get(0);
      freeze(frozen);
      log.await(Level.WARN, "Connection health check failed");
      try (Crew others = others(pool)) {
        assertServed(others);
      }
      assertThat(log.lines(Level.WARN, "every connection is replaced"))
          .as("one that hangs says nothing of the others")
          .isEmpty();
      Await.until(SOON, () -> pool.snapshot().closedTotal() > 0, "the end in the snapshot");
      assertThat(pool.snapshot().closed()).containsEntry(CloseReason.FOUND_DEAD, 1L);
      assertCloses(pool);
    }
  }

  /** A goodbye that the driver never gets out; here it is the adapter's connection that hangs. */
  @Test
  void aHangingCloseIsCutWhileOthersAreServed() throws Exception {
    PoolConfig config =
        config("hanging-close").minSize(2).maxSize(2).maxQueries(1).closeTimeout(SHORT).build();
    try (LogCapture log = LogCapture.open();
        HangingCloses connector = HangingCloses.of(config)) {
      Pool pool = Everpool.builder(config).connector(connector).open();
      pools.add(pool);
      Db.awaitIdle(pool, 2);
      connector.hangs(1);
      answer(pool); // and that connection is worn out
      try (Crew others = others(pool)) {
        assertServed(others);
        log.await(Level.WARN, "did not close in time and was cut");
        assertServed(others);
      }
      connector.hangs(Integer.MAX_VALUE);
      assertCloses(pool);
    }
  }

  // ---- silence on the network

  /** A peer that vanishes from an idle connection is missed within a minute: 30 s + 3 x 10 s. */
  @Test
  void theKernelAsksASilentPeer() throws Exception {
    Pool pool = open(config("keepalive").build());
    try (Connection connection = pool.getConnection()) {
      Sockets.Options options = Sockets.options(connection);
      assertThat(options).isEqualTo(new Sockets.Options(true, 30, 10, 3));
    }
    assertCloses(pool);
  }
}
