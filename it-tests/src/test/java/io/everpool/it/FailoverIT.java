package io.everpool.it;

import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.Replica;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * With a URL of several hosts and {@code targetServerType=primary} a pool follows the primary,
 * whichever host that is. A real primary and a standby that streams from it, promoted.
 */
@Timeout(600)
@Tag("one-jdk")
class FailoverIT {
  private static final int THREADS = 4;

  private PostgresServer primary;
  private Replica replica;
  private FaultProxy way;
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();

  @BeforeEach
  void start() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table moved (id bigint primary key)");
    primary.execute("grant all on moved to public");
    replica = Replica.of(primary);
    replica.awaitReplayOf(primary);
    way = FaultProxy.before(primary);
  }

  @AfterEach
  void stop() {
    way.close();
    replica.close();
    primary.close();
  }

  /** The primary behind a proxy, so that it can be cut off, and the standby. */
  private PoolConfig.Builder config(String name) {
    String url =
        "jdbc:postgresql://%s:%d,%s:%d/%s?targetServerType=primary"
            .formatted(
                way.host(),
                way.port(),
                replica.server().host(),
                replica.server().port(),
                primary.database());
    return PoolConfig.builder(url)
        .name(name)
        .user(primary.user())
        .password(primary.password())
        .connectTimeout(Duration.ofSeconds(4));
  }

  private Pool open(PoolConfig config) throws SQLException {
    return Everpool.builder(config).listener(events::add).open();
  }

  /**
   * An operator's way to keep an old primary from taking writes that would be lost. Returns when
   * the last write is done: all sessions have been told and heed it at their next command; a
   * transaction that had begun by then may still commit.
   */
  private void writeNoMore() {
    primary.alter("default_transaction_read_only", "on");
    String begunBefore =
        "select count(*) from pg_stat_activity where backend_type = 'client backend'"
            + " and pid <> pg_backend_pid() and state <> 'idle' and xact_start < '"
            + primary.ask("select clock_timestamp()::text")
            + "'";
    Await.until(
        Db.LIMIT, () -> primary.ask(begunBefore).equals("0"), "the last writers to be done");
  }

  private static void insert(Connection connection, long id) throws SQLException {
    insert(connection, id, "");
  }

  private static void insert(Connection connection, long id, String comment) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into moved values (" + id + ") /*" + comment + "*/");
    }
  }

  private static String port(Connection connection) throws SQLException {
    return Db.ask(connection, "select inet_server_port()");
  }

  // ---- the primary has stopped

  @Test
  void aReaderMovesToTheStandbyOncePromoted() throws SQLException {
    try (Pool pool = open(config("failover-read").build())) {
      AtomicInteger runs = new AtomicInteger();
      String answeredBy =
          pool.<String, SQLException>run(
              WorkOptions.READ_ONLY,
              connection -> {
                if (runs.incrementAndGet() == 1) {
                  assertThat(port(connection)).isEqualTo(String.valueOf(primary.port()));
                  primary.stop(Shutdown.FAST);
                  replica.promote();
                }
                return port(connection);
              });
      assertThat(answeredBy).isEqualTo(String.valueOf(replica.server().port()));
    }
  }

  /** All it had written before its COMMIT went down with the primary: it is run again whole. */
  @Test
  void aTransactionIsRerunWholeOnTheNewPrimary() throws SQLException {
    try (Pool pool = open(config("failover-transaction").build())) {
      AtomicInteger runs = new AtomicInteger();
      pool.<String, SQLException>inTransaction(
          connection -> {
            insert(connection, 1);
            if (runs.incrementAndGet() == 1) {
              primary.stop(Shutdown.FAST);
              replica.promote();
            }
            insert(connection, 2);
            return "";
          });
      assertThat(runs).hasValue(2);
      assertThat(replica.server().ask("select string_agg(id::text, ',' order by id) from moved"))
          .isEqualTo("1,2");
    }
  }

  /** A stopping primary waits for its standby, so that nothing acknowledged may be missing. */
  @Test
  void anApplicationGoesOnWhenThePrimaryStopsAndTheStandbyIsPromoted() throws Exception {
    try (Application app = new Application(config("failover-stop").build())) {
      app.awaitRounds();
      primary.stop(Shutdown.FAST);
      replica.promote();
      app.finish();
      app.assertNothingLostOrDoubled();
      assertThat(app.pool.snapshot().down()).isFalse();
    }
  }

  // ---- the old primary lives on

  /**
   * It answers, but refuses to write: 25006. Writers wait for the new primary, and when it is there
   * every connection to the old one is given up. Nobody sees an error: what was refused was
   * certainly not written.
   */
  @Test
  void connectionsWhoseServerHasBecomeReadOnlyGoWhenTheNewPrimaryIsFound() throws Exception {
    try (Application app = new Application(config("failover-read-only").build())) {
      app.awaitRounds();
      writeNoMore();
      replica.awaitReplayOf(primary);
      replica.promote();
      app.finish();
      assertThat(app.errors()).as(app.report()).isEmpty();
      app.assertNothingLostOrDoubled();
      assertThat(events).hasAtLeastOneElementOfType(PoolEvent.Fenced.class);
      assertThat(app.pool.<String, SQLException>run(WorkOptions.READ_ONLY, FailoverIT::port))
          .as("nobody reads from the old one any more")
          .isEqualTo(String.valueOf(replica.server().port()));
    }
  }

  /** Where nobody writes, nobody is refused; the examination of idle connections notices. */
  @Test
  void anIdleConnectionToAServerThatWritesNoMoreIsReplaced() throws Exception {
    PoolConfig config =
        config("failover-idle").healthCheckInterval(Duration.ofMillis(200)).minSize(2).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = open(config)) {
      Db.awaitIdle(pool, 2);
      writeNoMore();
      replica.awaitReplayOf(primary);
      replica.promote();
      Await.until(
          Db.LIMIT,
          () -> replica.server().backendPids().size() == 2,
          () -> "both connections to move to the new primary" + log.text());
    }
  }

  /** What a program has asked for itself says nothing of the server. */
  @Test
  void aSessionThatItsProgramHasMadeReadOnlyIsNoFailover() throws SQLException {
    try (Pool pool = open(config("failover-program").build())) {
      for (String wish :
          List.of(
              "set default_transaction_read_only = on",
              "set session characteristics as transaction read only")) {
        try (Connection connection = pool.getConnection()) {
          try (Statement statement = connection.createStatement()) {
            statement.execute(wish);
          }
          refused(connection);
        }
      }
      try (Connection connection = pool.getConnection()) {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        refused(connection);
      }
      try (Connection connection = pool.getConnection()) {
        insert(connection, 1);
      }
      assertThat(pool.snapshot().closedTotal()).isZero();
    }
  }

  private static void refused(Connection connection) {
    assertThat(catchThrowable(() -> insert(connection, 7)))
        .isInstanceOf(SQLException.class)
        .hasFieldOrPropertyWithValue("SQLState", "25006");
  }

  /** The program's own setting hides the server's until it is cleared, and no longer. */
  @Test
  void aServerThatWritesNoMoreIsNoticedBehindWhatAProgramHasSet() throws SQLException {
    try (Pool pool = open(config("failover-hidden").minSize(1).maxSize(1).build())) {
      writeNoMore();
      replica.awaitReplayOf(primary);
      replica.promote();
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement()) {
        statement.execute("set work_mem = '5MB'");
        refused(connection);
      }
      Await.until(
          Db.LIMIT,
          () -> pool.snapshot().opened() > 1 && pool.snapshot().idle() == 1,
          "another connection in its place");
      assertThat(pool.<String, SQLException>run(WorkOptions.READ_ONLY, FailoverIT::port))
          .isEqualTo(String.valueOf(replica.server().port()));
      Await.until( // counted when its place is free already
          Db.LIMIT, () -> pool.snapshot().closedTotal() == 1, "the old one in the snapshot");
      assertThat(pool.snapshot().closed().get(CloseReason.FENCED)).isEqualTo(1);
    }
  }

  @Test
  void anApplicationGoesOnWhenThePrimaryIsCutOff() throws Exception {
    try (Application app = new Application(config("failover-cut").build())) {
      app.awaitRounds();
      way.refuse();
      way.cut(Cut.RST);
      replica.promote();
      app.finish();
      app.assertNoErrorsButNamedCommits();
    }
  }

  // ---- the old primary comes back, and takes writes

  /**
   * First in the URL, and a primary as far as the driver can tell; whatever the driver remembers of
   * hosts, for it forgets that before each.
   */
  @Test
  void nobodyGoesBackToAPrimaryThatWasSuperseded() throws SQLException {
    PoolConfig config =
        config("failover-back").maxSize(1).properties(Map.of("hostRecheckSeconds", "0")).build();
    Set<Integer> sessions = new TreeSet<>();
    try (Pool pool = open(config)) {
      moveOver(pool);
      for (int i = 0; i < 20; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(port(connection)).isEqualTo(newPort());
          insert(connection, i);
          int pid = Db.pid(connection);
          assertThat(sessions.add(pid)).as("opened anew").isTrue();
          replica.server().terminate(pid);
          assertThat(catchThrowable(() -> port(connection))).isInstanceOf(SQLException.class);
        }
      }
    }
    assertThat(primary.ask("select count(*) from moved")).isEqualTo("0");
    assertThat(replica.server().ask("select count(*) from moved")).isEqualTo("20");
  }

  /** Where no other host is left, the failure says why, beside what is wrong with the other. */
  @Test
  void aPrimaryThatWasSupersededIsRefusedWithTheReason() throws SQLException {
    try (Pool pool = open(config("failover-alone").maxSize(1).build())) {
      moveOver(pool);
      replica.server().stop(Shutdown.FAST);
      WorkOptions brief = WorkOptions.DEFAULT.withDeadline(Duration.ofSeconds(5));
      assertThat(catchThrowable(() -> pool.run(brief, FailoverIT::port)))
          .as("the connection that was")
          .isInstanceOf(SQLException.class);
      assertThat(Db.failure(pool::getConnection, FailoverIT::tellsOfBoth))
          .hasStackTraceContaining(
              way.port() + " takes writes on timeline 1, a lower timeline than the 2 that was seen")
          .hasStackTraceContaining("Connection to")
          .hasStackTraceContaining(replica.server().port() + " refused");
    }
  }

  private static boolean tellsOfBoth(Throwable failure) {
    String told = Throwables.getStackTrace(failure);
    return told.contains("a lower timeline") && told.contains(" refused");
  }

  /** A partition in the middle of which the standby is promoted; no connection breaks. */
  @Test
  void connectionsToThePrimaryGoWhenTheNewOneIsSeen() throws SQLException {
    try (Pool pool = open(config("failover-seen").minSize(2).maxSize(3).build())) {
      Db.awaitIdle(pool, 2);
      replica.promote();
      way.refuse();
      List<Connection> held = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        held.add(pool.getConnection());
      }
      way.accept();
      for (Connection connection : held) {
        connection.close();
      }
      Await.until(
          Db.LIMIT,
          () -> primary.backendPids().isEmpty() && replica.server().backendPids().size() >= 2,
          "all connections to move to the new primary");
      assertThat(events).hasAtLeastOneElementOfType(PoolEvent.Fenced.class);
      try (Connection connection = pool.getConnection()) {
        insert(connection, 1);
      }
      assertThat(primary.ask("select count(*) from moved")).isEqualTo("0");
    }
  }

  /** The pool has seen the new primary, and the way to the old one is open again. */
  private void moveOver(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      assertThat(port(connection)).isEqualTo(String.valueOf(primary.port()));
    }
    way.refuse();
    way.cut(Cut.RST);
    replica.promote();
    Await.until(
        Db.LIMIT,
        () -> {
          try (Connection connection = pool.getConnection()) {
            return port(connection).equals(newPort());
          } catch (SQLException e) {
            return false; // the old one's last
          }
        },
        "the pool to find the new primary");
    way.accept();
  }

  private String newPort() {
    return String.valueOf(replica.server().port());
  }

  /** Nothing comes back, not even a refusal: the socket's timeout tells. */
  @Test
  void anApplicationGoesOnWhenThePrimaryFallsSilent() throws Exception {
    PoolConfig config = config("failover-silent").properties(Map.of("socketTimeout", "2")).build();
    try (Application app = new Application(config)) {
      app.awaitRounds();
      way.freeze();
      replica.promote();
      app.finish();
      app.assertNoErrorsButNamedCommits();
    }
  }

  /**
   * Without a timeout of its own, or with one that is far away: those who wait for an answer are
   * cut when a new connection has found the new primary.
   */
  @Test
  void anApplicationGoesOnWhenThePrimaryFreezes() throws Exception {
    PoolConfig config = config("failover-frozen").properties(Map.of("socketTimeout", "0")).build();
    try (Application app = new Application(config)) {
      app.awaitRounds();
      primary.freeze();
      long frozen = System.nanoTime();
      replica.promote();
      long promoted = System.nanoTime();
      int before = app.acknowledged.size();
      Await.until(Db.LIMIT, () -> app.acknowledged.size() > before, "writes to flow again");
      long flowing = System.nanoTime();
      System.out.printf(
          "FailoverIT: the primary froze, the standby was promoted after %d ms;"
              + " writes flow %d ms after the freeze%n",
          NANOSECONDS.toMillis(promoted - frozen), NANOSECONDS.toMillis(flowing - frozen));
      app.finish();
      app.assertNoErrorsButNamedCommits();
    } finally {
      primary.thaw();
    }
  }

  /**
   * Every connection is out and waits, be it one of them to send a long text, and nobody else asks
   * for one.
   */
  @ParameterizedTest
  @ValueSource(ints = {0, 20_000_000})
  void aPoolThatIsUsedUpGoesOnWhenThePrimaryFreezes(int length) throws Exception {
    String comment = "x".repeat(length);
    PoolConfig config =
        config("failover-full")
            .minSize(THREADS)
            .maxSize(THREADS)
            .properties(Map.of("socketTimeout", "0"))
            .build();
    try (Pool pool = open(config)) {
      CountDownLatch frozen = new CountDownLatch(1);
      AtomicInteger begun = new AtomicInteger();
      AtomicLong numbers = new AtomicLong();
      Crew crew =
          Crew.of(
              THREADS,
              () ->
                  pool.<String, Exception>inTransaction(
                      connection -> {
                        insert(connection, numbers.incrementAndGet());
                        boolean first = begun.incrementAndGet() == 1;
                        frozen.await();
                        insert(connection, numbers.incrementAndGet(), first ? comment : "");
                        return "";
                      }));
      try (crew) {
        Await.until(Db.LIMIT, () -> begun.get() == THREADS, "everybody to have begun");
        primary.freeze();
        replica.promote();
        frozen.countDown();
        crew.join();
        assertThat(crew.errors()).as(crew.report()).isEmpty();
      }
    } finally {
      primary.thaw();
    }
    assertThat(replica.server().ask("select count(*) from moved")).isEqualTo("" + 2 * THREADS);
  }

  @Test
  void aTransactionIsRerunWhenThePrimaryFallsSilentUnderIt() throws SQLException {
    PoolConfig config =
        config("failover-silent-one").properties(Map.of("socketTimeout", "2")).build();
    try (Pool pool = open(config)) {
      AtomicInteger runs = new AtomicInteger();
      pool.<String, SQLException>inTransaction(
          connection -> {
            if (runs.get() > 0) { // socketTimeout was for the first run
              connection.setNetworkTimeout(Runnable::run, 60_000);
            }
            insert(connection, 1);
            if (runs.incrementAndGet() == 1) {
              way.freeze();
              replica.promote();
            }
            insert(connection, 2);
            return "";
          });
      assertThat(runs).hasValue(2);
      assertThat(replica.server().ask("select count(*) from moved")).isEqualTo("2");
    }
  }

  /** Threads that read and threads that insert numbers, and the books of what was acknowledged. */
  private final class Application implements AutoCloseable {
    private final LogCapture log = LogCapture.open();
    private final AtomicLong numbers = new AtomicLong();
    private final Set<Long> acknowledged = new ConcurrentSkipListSet<>();
    private final Pool pool;
    private final Crew readers;
    private final Crew writers;

    Application(PoolConfig config) throws SQLException {
      pool = open(config);
      readers = Crew.looping(THREADS, this::read);
      writers = Crew.looping(THREADS, this::write);
    }

    private void read() throws SQLException {
      pool.<String, SQLException>run(
          WorkOptions.READ_ONLY, connection -> Db.ask(connection, "select pg_sleep(0.001)"));
    }

    private void write() throws SQLException {
      long id = numbers.incrementAndGet();
      pool.<String, SQLException>inTransaction(
          connection -> {
            insert(connection, id);
            return "";
          });
      acknowledged.add(id);
    }

    void awaitRounds() {
      readers.awaitRounds(20);
      writers.awaitRounds(20);
    }

    void finish() {
      awaitRounds();
      readers.close();
      writers.close();
    }

    List<Throwable> errors() {
      return Stream.concat(readers.errors().stream(), writers.errors().stream()).toList();
    }

    String report() {
      return readers.report() + writers.report() + log.text();
    }

    /**
     * The outage was shorter than the acquire timeout. What a COMMIT without an answer did on the
     * old primary the new one can't tell; that is said, and nothing else.
     */
    void assertNoErrorsButNamedCommits() {
      assertThat(readers.errors()).as(report()).isEmpty();
      assertThat(writers.errors())
          .as(report())
          .allMatch(CommitOutcomeUnknownException.class::isInstance);
    }

    void assertNothingLostOrDoubled() throws SQLException {
      assertNoErrorsButNamedCommits();
      Set<Long> written = new TreeSet<>();
      try (Connection connection = pool.getConnection();
          Statement statement = connection.createStatement();
          ResultSet rows = statement.executeQuery("select id from moved")) {
        while (rows.next()) {
          written.add(rows.getLong(1));
        }
      }
      assertThat(written)
          .containsAll(acknowledged)
          .hasSizeLessThanOrEqualTo(acknowledged.size() + writers.errors().size());
    }

    @Override
    public void close() {
      readers.close();
      writers.close();
      pool.close();
      log.close();
    }
  }
}
