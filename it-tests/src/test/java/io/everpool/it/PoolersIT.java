package io.everpool.it;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.servers.Await;
import io.everpool.servers.PgBouncer;
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

/**
 * Behind a real PgBouncer that has two server connections for all, with no setting but the URL: so
 * that whatever is set for a session is another's by the next transaction. What a pooler does is
 * the same on every Java, so a build with {@code -Dtests.sample} takes only one that is there.
 */
@Timeout(180)
@ParameterizedClass
@EnumSource
@Tag("one-jdk")
class PoolersIT {
  private static final int THREADS = 8;

  /** Of each thread; two server connections among eight threads have met long before. */
  private static final int UNITS = 50;

  /** Transfers before a strike, and after the last. */
  private static final int TRANSFERS = 100;

  private static final WorkOptions SERIALIZABLE =
      WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE);
  private static final String SHOW = "show transaction_isolation";

  private static @Nullable PgBouncer bouncer;

  private final PgBouncer.Kind kind;

  PoolersIT(PgBouncer.Kind kind) {
    this.kind = kind;
  }

  @BeforeParameterizedClassInvocation
  static void start(PgBouncer.Kind kind) {
    assumeTrue(kind.isAvailable(), kind.missing());
    boolean isSecond = kind == PgBouncer.Kind.KEEPS_TRACK && PgBouncer.Kind.FORGETS.isAvailable();
    assumeTrue(
        Integer.getInteger("tests.sample", 1) == 1 || !isSecond, "this build takes a sample");
    bouncer = kind.before(Db.server(), "transaction", Map.of("default_pool_size", "2"));
  }

  @AfterParameterizedClassInvocation
  static void stop() {
    if (bouncer != null) {
      bouncer.close();
      bouncer = null;
    }
  }

  private static PoolConfig.Builder config(String name) {
    return Db.config(name, requireNonNull(bouncer).jdbcUrl()).maxSize(THREADS);
  }

  private static Connection direct() throws SQLException {
    return DriverManager.getConnection(
        Db.server().jdbcUrl(), Db.server().user(), Db.server().password());
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = direct();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private interface Body {
    void run(int thread) throws Exception;
  }

  private static void inThreads(int threads, Body body) throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    try {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int thread = i;
        all.add(
            executor.submit(
                () -> {
                  body.run(thread);
                  return null;
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    } finally {
      executor.shutdownNow();
    }
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql);
        ResultSet row = statement.executeQuery()) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void preparedStatementsOfManyThreadsDontMeet() throws Exception {
    try (Pool pool = Everpool.open(config("pooler-prepared").build())) {
      inThreads(
          THREADS,
          thread -> {
            for (int i = 0; i < UNITS; i++) {
              try (Connection connection = pool.getConnection();
                  PreparedStatement statement =
                      connection.prepareStatement("select ?::int + " + i % 5)) {
                statement.setInt(1, thread);
                try (ResultSet row = statement.executeQuery()) {
                  assertThat(row.next()).isTrue();
                  assertThat(row.getInt(1)).isEqualTo(thread + i % 5);
                }
              }
            }
          });
    }
  }

  /**
   * A plan for a table that has another shape since is refused (0A000). A pooler that prepares for
   * its clients goes on with the same one if the same statement is prepared again.
   */
  @Test
  void aPlanForATableThatWasChangedIsLeftBehind() throws Exception {
    String table = "pooler_shape_" + kind;
    execute("create table " + table + " as select 1 as a");
    String sql = "select * from " + table;
    try (Pool pool = Everpool.open(config("pooler-shape").build())) {
      for (int change = 0; change < 3; change++) {
        inThreads(
            THREADS,
            thread -> {
              for (int i = 0; i < 20; i++) {
                String first = pool.inTransaction(connection -> ask(connection, sql));
                assertThat(first).isEqualTo("1");
              }
            });
        execute("alter table " + table + " add column b" + change + " int");
      }
      for (int i = 0; i < 50; i++) {
        String first = pool.inTransaction(connection -> ask(connection, sql));
        assertThat(first).isEqualTo("1");
      }
    }
  }

  /** A borrower of the driver's own object is no reason to prepare again. */
  @Test
  void norIsItMadeAgainForWhoUnwraps() throws Exception {
    String table = "pooler_unwrapped_" + kind;
    execute("create table " + table + " as select 1 as a");
    String sql = "select * from " + table;
    try (Pool pool = Everpool.open(config("pooler-unwrapped").maxSize(1).build())) {
      for (int i = 0; i < 20; i++) {
        pool.inTransaction(connection -> ask(connection, sql));
      }
      execute("alter table " + table + " add column b int");
      for (int i = 0; i < 20; i++) {
        String first =
            pool.inTransaction(
                connection -> {
                  connection.unwrap(PGConnection.class);
                  return ask(connection, sql);
                });
        assertThat(first).isEqualTo("1");
      }
      int threshold = pool.run(c -> c.unwrap(PGConnection.class).getPrepareThreshold());
      assertThat(threshold).isZero();
      assertThat(pool.snapshot().retries()).as("runs again").isLessThanOrEqualTo(1);
    }
  }

  /** Half of the threads work at the level that the server begins with. */
  @Test
  void everySerializableUnitIsSerializableAndNoOther() throws Exception {
    AtomicInteger wrong = new AtomicInteger();
    try (Pool pool = Everpool.open(config("pooler-isolation").build())) {
      Jdbi jdbi = EverpoolJdbi.create(pool);
      inThreads(
          THREADS,
          thread -> {
            boolean strict = thread % 2 == 0;
            String expected = strict ? "serializable" : "read committed";
            for (int i = 0; i < UNITS; i++) {
              String unit =
                  pool.inTransaction(
                      strict ? SERIALIZABLE : WorkOptions.DEFAULT,
                      connection -> ask(connection, SHOW));
              String handle =
                  strict
                      ? jdbi.inTransaction(
                          TransactionIsolationLevel.SERIALIZABLE,
                          h -> h.createQuery(SHOW).mapTo(String.class).one())
                      : jdbi.inTransaction(h -> h.createQuery(SHOW).mapTo(String.class).one());
              String plain = plain(pool, strict);
              for (String each : List.of(unit, handle, plain)) {
                wrong.addAndGet(each.equals(expected) ? 0 : 1);
              }
            }
          });
    }
    assertThat(wrong).hasValue(0);
  }

  /** As a framework does it: twice, with what was set before and without saying it again. */
  private static String plain(Pool pool, boolean strict) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      if (strict) {
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        assertThat(connection.getTransactionIsolation())
            .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      }
      connection.setAutoCommit(false);
      String first = ask(connection, SHOW);
      connection.commit();
      String second = ask(connection, SHOW);
      connection.rollback();
      return first.equals(second) ? first : first + ", then " + second;
    }
  }

  /** Each thread has a table of the same name in a schema of its own. */
  @Test
  void everyTransactionIsInItsOwnSchema() throws Exception {
    String prefix = "pooler_" + kind.name().toLowerCase(Locale.ROOT) + "_";
    for (int thread = 0; thread < THREADS; thread++) {
      execute("create schema " + prefix + thread);
      execute("create table " + prefix + thread + ".whose as select " + thread + " as id");
    }
    try (Pool pool = Everpool.open(config("pooler-schema").build())) {
      inThreads(
          THREADS,
          thread -> {
            for (int i = 0; i < UNITS; i++) {
              try (Connection connection = pool.getConnection()) {
                connection.setSchema(prefix + thread);
                connection.setAutoCommit(false);
                assertThat(ask(connection, "select id from whose")).isEqualTo("" + thread);
                connection.commit();
                assertThat(ask(connection, "select id from whose")).isEqualTo("" + thread);
                assertThat(connection.getSchema()).isEqualTo(prefix + thread);
                connection.rollback();
                try (PreparedStatement statement =
                    connection.prepareStatement("select id from whose where ? is not null")) {
                  statement.setBlob(1, new ByteArrayInputStream(new byte[1]));
                  try (ResultSet row = statement.executeQuery()) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getInt(1)).isEqualTo(thread);
                  }
                }
                connection.rollback();
              }
              String whose =
                  pool.inTransaction(
                      connection -> {
                        connection.setSchema(prefix + thread);
                        return ask(connection, "select id from whose");
                      });
              assertThat(whose).isEqualTo("" + thread);
              try (Connection connection = pool.getConnection()) {
                assertThat(ask(connection, "show search_path")).isEqualTo("\"$user\", public");
              }
            }
          });
      try (Connection connection = pool.getConnection()) {
        connection.setSchema(prefix + 0);
        assertThatThrownBy(() -> ask(connection, "select id from whose"))
            .isInstanceOf(SQLFeatureNotSupportedException.class);
        connection.setAutoCommit(false);
        assertThat(ask(connection, "select id from whose")).isEqualTo("0");
        connection.rollback();
      }
      assertThat(pool.snapshot().toString()).doesNotContain("doomed");
    }
  }

  /** It reads which schema is its own, and in that one there is no such table. */
  @Test
  void aRunAfterALostRaceBeginsInTheSchemaThatTheFirstBeganIn() throws Exception {
    String route = "pooler_route_" + kind.name().toLowerCase(Locale.ROOT);
    execute("create schema " + route);
    execute("create table " + route + "." + route + "_work (id int)");
    execute("create table public." + route + " as select '" + route + "'::text as s");
    execute(
        "create function public."
            + route
            + "_race() returns void language plpgsql as"
            + " $$ begin raise sqlstate '40001'; end $$");
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(config("pooler-route").build())) {
      String found =
          pool.inTransaction(
              connection -> {
                String schema = ask(connection, "select s from " + route);
                connection.commit();
                connection.setSchema(schema);
                try (Statement statement = connection.createStatement()) {
                  statement.execute("insert into " + route + "_work values (1)");
                  if (runs.incrementAndGet() == 1) {
                    statement.execute("select public." + route + "_race()");
                  }
                }
                return schema;
              });
      assertThat(found).isEqualTo(route);
    }
    assertThat(runs).hasValue(2);
    try (Connection connection = direct()) {
      assertThat(ask(connection, "select count(*) from " + route + "." + route + "_work"))
          .isEqualTo("1");
    }
  }

  /** By its own object the driver begins a transaction itself, and says nothing in it. */
  @Test
  void everyCopyOfAKeptManagerIsInItsOwnSchema() throws Exception {
    String schema = "pooler_copies_" + kind.name().toLowerCase(Locale.ROOT);
    execute("create schema " + schema);
    execute("create table " + schema + ".parts (id int)");
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config("pooler-copies").build())) {
      try (Connection connection = pool.getConnection()) {
        connection.setSchema(schema);
        connection.setAutoCommit(false);
        CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
        for (int i = 0; i < 3; i++) {
          copies.copyIn("copy parts from stdin", new StringReader(i + "\n"));
          connection.commit();
          copies.copyIn("copy parts from stdin", new StringReader("100\n"));
          connection.rollback();
        }
      }
      assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
    }
    try (Connection connection = direct()) {
      assertThat(ask(connection, "select sum(id) from " + schema + ".parts")).isEqualTo("3");
    }
  }

  /** A unit that ends its transaction itself and goes on is no other place. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void soIsEachWithinAUnit(boolean inTransaction) throws Exception {
    String schema = "pooler_unit_" + inTransaction + "_" + kind.name().toLowerCase(Locale.ROOT);
    execute("create schema " + schema);
    execute("create table " + schema + ".parts (id int)");
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config("pooler-unit").build())) {
      Work<String, Exception> work =
          connection -> {
            connection.setSchema(schema);
            connection.setAutoCommit(false);
            CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
            String levels = "";
            for (int i = 0; i < 3; i++) {
              copies.copyIn("copy parts from stdin", new StringReader(i + "\n"));
              levels += ask(connection, SHOW) + " ";
              connection.commit();
              copies.copyIn("copy parts from stdin", new StringReader("100\n"));
              levels += ask(connection, SHOW) + " ";
              connection.rollback();
            }
            copies.copyIn("copy parts from stdin", new StringReader("10\n"));
            connection.commit();
            return levels;
          };
      String levels =
          inTransaction ? pool.inTransaction(SERIALIZABLE, work) : pool.run(SERIALIZABLE, work);
      assertThat(levels).isEqualTo("serializable ".repeat(6));
      assertThat(log.alarms()).noneMatch(line -> line.contains("open transaction"));
    }
    try (Connection connection = direct()) {
      assertThat(ask(connection, "select sum(id) from " + schema + ".parts")).isEqualTo("13");
    }
  }

  @Test
  void aReadOnlyTransactionRefusesWrites() throws Exception {
    try (Pool pool = Everpool.open(config("pooler-readonly").build())) {
      for (WorkOptions options : List.of(WorkOptions.READ_ONLY, SERIALIZABLE.withReadOnly(true))) {
        assertThatThrownBy(
                () ->
                    pool.inTransaction(
                        options,
                        connection -> {
                          try (Statement statement = connection.createStatement()) {
                            return statement.execute("create table pooler_never (i int)");
                          }
                        }))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25006"));
      }
    }
  }

  /** In autocommit nobody refuses its write there, and so it isn't written again. */
  @Test
  void aReadOnlyUnitThatWritesIsNotRunAgain() throws Exception {
    String table = "pooler_lifted_" + kind;
    execute("create table " + table + " (id int)");
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Everpool.open(config("pooler-lifted").build())) {
      assertThatThrownBy(
              () ->
                  pool.run(
                      WorkOptions.READ_ONLY,
                      connection -> {
                        runs.incrementAndGet();
                        try (Statement statement = connection.createStatement()) {
                          statement.execute("insert into " + table + " values (1)");
                        }
                        return ask(connection, "select pg_terminate_backend(pg_backend_pid(), 0)");
                      }))
          .isInstanceOf(SQLException.class);
    }
    assertThat(runs).hasValue(1);
  }

  @Test
  void theLevelCannotBeChangedWithinATransaction() throws SQLException {
    try (Pool pool = Everpool.open(config("pooler-late").build());
        Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      ask(connection, "select 1");
      assertThatThrownBy(
              () -> connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"));
      connection.rollback();
    }
  }

  @Test
  void aStatementThatTakesTooLongIsEnded() throws SQLException {
    try (Pool pool =
            Everpool.open(config("pooler-timeout").commandTimeout(Duration.ofSeconds(1)).build());
        Connection connection = pool.getConnection()) {
      assertThatThrownBy(() -> ask(connection, "select pg_sleep(60)"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
      assertThat(Db.askAgain(connection, "select 1")).isEqualTo("1");
    }
  }

  /** What becomes of the pooler; each while transfers go on. */
  @ParameterizedTest
  @ValueSource(strings = {"killed", "reconnects", "paused", "keepsWaiting", "ages", "terminated"})
  void nothingIsLostOrDoubledWhateverBecomesOfThePooler(String what) throws Exception {
    String table = "pooler_" + what + "_" + kind;
    execute("create table " + table + " (id text primary key)"); // twice is an error
    List<String> acknowledged = Collections.synchronizedList(new ArrayList<>());
    List<String> unknown = Collections.synchronizedList(new ArrayList<>());
    AtomicInteger begun = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    Map<String, String> settings =
        Map.of(
            "default_pool_size",
            "2",
            "query_wait_timeout",
            what.equals("keepsWaiting") ? "1" : "120",
            "server_lifetime",
            what.equals("ages") ? "1" : "3600");
    try (LogCapture log = LogCapture.open();
        PgBouncer own = kind.before(Db.server(), "transaction", settings);
        Pool pool =
            Everpool.open(
                Db.config("pooler-strikes-" + what, own.jdbcUrl()).maxSize(THREADS).build())) {
      AtomicBoolean over = new AtomicBoolean();
      int strikes = what.equals("ages") ? 1 : 3; // which takes its time, and is of all of them
      inThreads(
          THREADS + 1,
          thread -> {
            if (thread == THREADS) {
              try {
                for (int strike = 1; strike <= strikes; strike++) {
                  awaitMore(done);
                  strike(own, what, log);
                }
                awaitMore(done);
              } finally {
                over.set(true);
              }
              return;
            }
            while (!over.get()) {
              String id = "" + begun.incrementAndGet();
              try {
                pool.inTransaction(
                    connection -> {
                      try (PreparedStatement statement =
                          connection.prepareStatement("insert into " + table + " values (?)")) {
                        statement.setString(1, id);
                        return statement.executeUpdate();
                      }
                    });
                acknowledged.add(id);
              } catch (CommitOutcomeUnknownException e) {
                unknown.add(id);
              }
              done.incrementAndGet();
            }
          });
      try (Connection connection = direct()) {
        List<String> there = new ArrayList<>();
        try (Statement statement = connection.createStatement();
            ResultSet rows = statement.executeQuery("select id from " + table)) {
          while (rows.next()) {
            there.add(rows.getString(1));
          }
        }
        assertThat(there).as("lost").containsAll(acknowledged);
        assertThat(acknowledged.size() + unknown.size()).isEqualTo(begun.get());
      }
    }
  }

  private static void awaitMore(AtomicInteger done) {
    int goal = done.get() + TRANSFERS;
    Await.until(Db.LIMIT, () -> done.get() >= goal, "the transfers to go on");
  }

  private static void strike(PgBouncer own, String what, LogCapture log) throws SQLException {
    switch (what) {
      case "killed" -> {
        own.kill();
        own.startAgain();
      }
      case "paused" -> {
        own.pause();
        own.resume();
      }
      case "keepsWaiting" -> {
        own.pause();
        log.await(Level.WARN, "query_wait_timeout");
        own.resume();
      }
      case "ages" -> {
        String name = "pooler-strikes-ages";
        List<Integer> old = new ArrayList<>();
        Await.until(
            Db.LIMIT,
            () -> old.addAll(Db.server().backendPids(name)),
            "server connections of the pooler");
        Await.until(
            Db.LIMIT,
            () -> Collections.disjoint(old, Db.server().backendPids(name)),
            "others in their place");
      }
      case "reconnects" -> own.reconnect();
      case "terminated" ->
          Db.server()
              .execute(
                  "select pg_terminate_backend(pid) from pg_stat_activity"
                      + " where application_name like 'pooler-strikes-%'");
      default -> throw new IllegalArgumentException(what);
    }
  }

  /** Each of our sessions would hold one of its server connections; the third finds none. */
  @Test
  void moreSessionsThanASessionPoolerHasAreToldOf() throws Exception {
    try (PgBouncer sessions =
            kind.before(
                Db.server(),
                "session",
                Map.of("default_pool_size", "2", "query_wait_timeout", "2"));
        LogCapture log = LogCapture.open();
        Pool pool =
            Everpool.open(
                Db.config("pooler-sessions", sessions.jdbcUrl())
                    .pooler(PoolerMode.SESSION)
                    .minSize(4)
                    .maxSize(4)
                    .build());
        Connection one = pool.getConnection();
        Connection two = pool.getConnection()) {
      assertThat(ask(one, "select 1") + ask(two, "select 1")).isEqualTo("11");
      log.await(Level.WARN, "query_wait_timeout");
    }
  }
}
