package io.everpool.postgresql;

import static io.everpool.api.driver.Effects.COMMITTED;
import static io.everpool.api.driver.Effects.IN_DOUBT;
import static io.everpool.api.driver.Effects.NONE;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.servers.Await;
import io.everpool.servers.Certificate;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.Sampled;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;
import org.postgresql.core.BaseConnection;
import org.postgresql.fastpath.FastpathArg;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.largeobject.LargeObject;

/**
 * What is told of a connection's effects is what the tables tell afterwards: for every way to write
 * and to commit, with the connection killed before, during and after each request, and with the
 * answer lost.
 */
@Sampled
@Timeout(300)
class EffectsTest {
  private static final long HOLD = 4711;
  private static final String INSERT = "insert into books values (default)";

  private static PostgresServer server;
  private static FaultProxy proxy;
  private static Connection admin;

  /** By parameters: each reads the catalogue once, as a pool does. */
  private static final Map<String, Connector> CONNECTORS = new HashMap<>();

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException, SQLException {
    Certificate certificate = Certificate.selfSigned(directory, "localhost");
    server =
        PostgresServer.startEmbedded(
            ServerSettings.defaults()
                .with("max_prepared_transactions", "5")
                .with("ssl", "on")
                .with("ssl_cert_file", certificate.chain().toString())
                .with("ssl_key_file", certificate.key().toString()));
    proxy = FaultProxy.before(server);
    admin = DriverManager.getConnection(server.jdbcUrl(), server.user(), server.password());
    execute(
        """
        create table books (id serial primary key);
        create table pairs (id int primary key);
        create function hold() returns trigger language plpgsql as $$
          begin
            perform pg_advisory_lock_shared(4711);
            perform pg_advisory_unlock_shared(4711);
            return new;
          end $$;
        create trigger hold before insert on books for each row execute function hold();
        create table late (id serial primary key);
        create constraint trigger hold after insert on late deferrable initially deferred
          for each row execute function hold();
        create function enter() returns int language sql as
          'insert into books values (default) returning id';
        create procedure post(fails boolean) language plpgsql as $$
          begin
            insert into books values (default);
            commit;
            if fails then raise 'no'; end if;
          end $$;
        """);
  }

  @AfterAll
  static void stop() throws SQLException {
    admin.close();
    proxy.close();
    server.close();
  }

  /** When the connection ends. */
  private enum Kill {
    /** What could commit isn't sent then, but for a query, which is sent without a look. */
    BEFORE,
    /** While the server is at it: a trigger waits for a lock. */
    DURING,
    /** The server has done it, and its answer doesn't arrive. */
    LOST_ANSWER,
    AFTER
  }

  @FunctionalInterface
  private interface Action {
    void run(Connection connection, Object[] kept) throws Exception;
  }

  /**
   * A request.
   *
   * @param open what is told of it while it is unanswered
   * @param done what is told of it once it is answered
   * @param held whether it waits for the lock
   * @param query whether it writes by a function that it calls
   */
  private record Step(
      String what, Effects open, Effects done, boolean held, boolean query, Action action) {}

  /** Several requests, one after the other. */
  private record Way(String name, String parameters, List<Step> steps) {
    static Way of(String name) {
      return new Way(name, "", new ArrayList<>());
    }

    static Way of(String name, String parameters) {
      return new Way(name, parameters, new ArrayList<>());
    }

    private Way step(String what, Effects open, Effects done, boolean held, Action action) {
      steps.add(new Step(what, open, done, held, what.equals("select enter()"), action));
      return this;
    }

    /** Leaves nothing behind if it is the last. */
    Way open(String what, Action action) {
      return step(what, NONE, NONE, false, action);
    }

    Way open(String sql) {
      return open(sql, sql(sql));
    }

    Way openHeld(String sql) {
      return step(sql, NONE, NONE, true, sql(sql));
    }

    /** May be there or not while it is unanswered. */
    Way commits(String what, Action action) {
      return step(what, IN_DOUBT, COMMITTED, false, action);
    }

    Way commits(String sql) {
      return commits(sql, sql(sql));
    }

    Way commitsHeld(String sql) {
      return step(sql, IN_DOUBT, COMMITTED, true, sql(sql));
    }

    /** Fails, and so is undone. */
    Way fails(String what, Action action) {
      return step(what, IN_DOUBT, NONE, false, action);
    }

    @Override
    public String toString() {
      return parameters.isEmpty() ? name : name + " " + parameters;
    }
  }

  private static Action sql(String sql) {
    return (connection, kept) -> {
      try (Statement statement = connection.createStatement()) {
        statement.execute(sql);
      }
    };
  }

  private static Action failing(String sql) {
    Action action = sql(sql);
    return (connection, kept) -> {
      try {
        action.run(connection, kept);
      } catch (SQLException e) {
        if (connection.isClosed()) {
          throw e;
        }
        kept[0] = e;
        return;
      }
      throw new AssertionError("it was to fail: " + sql);
    };
  }

  private static Action begin(String sql) {
    Action action = sql(sql);
    return (connection, kept) -> {
      connection.setAutoCommit(false);
      action.run(connection, kept);
    };
  }

  private static final Action COMMIT = (connection, kept) -> connection.commit();

  private static void insertRow(Connection connection) throws SQLException {
    try (Statement statement =
            connection.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_UPDATABLE);
        ResultSet rows = statement.executeQuery("select id from pairs")) {
      rows.moveToInsertRow();
      rows.updateInt(1, 1);
      rows.insertRow();
    }
  }

  private static void batch(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(INSERT)) {
      for (int i = 0; i < 3; i++) {
        statement.addBatch();
      }
      statement.executeBatch();
    }
  }

  private static Action prepared(String sql) {
    return (connection, kept) -> {
      connection.unwrap(PGConnection.class).setPrepareThreshold(1);
      try (PreparedStatement statement = connection.prepareStatement(sql)) {
        statement.execute();
      }
    };
  }

  private static CopyIn copy(Connection connection) throws SQLException {
    return connection.unwrap(PGConnection.class).getCopyAPI().copyIn("copy pairs from stdin");
  }

  private static void endCopy(Object copy) throws SQLException {
    CopyIn open = (CopyIn) copy;
    open.writeToCopy(new byte[] {'7', '\n'}, 0, 2);
    open.endCopy();
  }

  @SuppressWarnings("deprecation") // the fastpath protocol is there as long as the API is
  private static void createLargeObject(Connection connection) throws SQLException {
    connection
        .unwrap(BaseConnection.class)
        .getFastpathAPI()
        .fastpath(957, new FastpathArg[] {new FastpathArg(0x60000)}); // lo_creat
  }

  private static void writeLargeObject(Connection connection, boolean commitOnClose)
      throws SQLException {
    org.postgresql.largeobject.LargeObjectManager objects =
        connection.unwrap(PGConnection.class).getLargeObjectAPI();
    try (LargeObject object = objects.open(objects.createLO(), commitOnClose)) {
      object.write(new byte[] {1, 2, 3});
    }
  }

  private static void fetchAll(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(2);
      try (ResultSet rows = statement.executeQuery("select enter() from generate_series(1, 5)")) {
        int count = 0;
        while (rows.next()) {
          count++;
        }
        assertThat(count).isEqualTo(5);
      }
    }
  }

  static Stream<Way> ways() {
    return Stream.of(
        Way.of("autocommit").commitsHeld(INSERT),
        Way.of("autocommit", "preferQueryMode=simple").commitsHeld(INSERT),
        Way.of("autocommit that fails").fails("bad", failing("insert into books values (1/0)")),
        Way.of("JDBC")
            .step("insert", NONE, NONE, true, begin(INSERT))
            .openHeld(INSERT)
            .commits("commit", COMMIT),
        Way.of("JDBC", "preferQueryMode=simple")
            .step("insert", NONE, NONE, true, begin(INSERT))
            .commits("commit", COMMIT),
        Way.of("JDBC", "preferQueryMode=extendedForPrepared")
            .step("insert", NONE, NONE, true, begin(INSERT))
            .commits("commit", COMMIT),
        Way.of("JDBC", "autosave=always")
            .step("insert", NONE, NONE, true, begin(INSERT))
            .openHeld(INSERT)
            .commits("commit", COMMIT),
        Way.of("JDBC, rolled back")
            .open("insert", begin(INSERT))
            .open("rollback", (connection, kept) -> connection.rollback()),
        Way.of("JDBC, autocommit on again")
            .open("insert", begin(INSERT))
            .commits("on", (connection, kept) -> connection.setAutoCommit(true)),
        Way.of("failed transaction")
            .open("insert", begin(INSERT))
            .open("bad", failing("select 1/0"))
            .open(
                "commit",
                (connection, kept) -> {
                  try {
                    connection.commit();
                  } catch (SQLException e) {
                    if (connection.isClosed()) {
                      throw e;
                    }
                  }
                }),
        Way.of("capitals")
            .open("BEGIN")
            .openHeld("INSERT INTO books DEFAULT VALUES")
            .commits("COMMIT"),
        Way.of("comments")
            .open("/* a */ start /* b */ transaction")
            .openHeld("-- c\n" + INSERT)
            .commits("/* commit? /* no */ */ end -- rollback"),
        Way.of("text by the simple protocol", "preferQueryMode=simple")
            .open("begin; set local work_mem = '1MB'")
            .openHeld("select 'commit;'; " + INSERT + "; select $$; commit$$")
            .commits("select 1; commit; select 1"),
        Way.of("several in one text").commitsHeld("begin; " + INSERT + "; commit"),
        Way.of("several in one text", "preferQueryMode=simple")
            .commitsHeld("begin; " + INSERT + "; commit"),
        Way.of("several without a begin", "preferQueryMode=simple")
            .commitsHeld(INSERT + "; " + INSERT),
        Way.of("several of which the last fails", "preferQueryMode=simple")
            .fails("bad", failing(INSERT + "; select 1/0")),
        Way.of("a write behind a rollback")
            .open("begin")
            .open(INSERT)
            .commitsHeld("rollback; " + INSERT),
        Way.of("chained").open("begin").open(INSERT).commits("commit and chain").open(INSERT),
        Way.of("rolled back and chained")
            .open("begin")
            .open(INSERT)
            .open("rollback and chain")
            .open(INSERT)
            .commits("commit"),
        Way.of("DO").commitsHeld("do $$begin " + INSERT + "; end$$"),
        Way.of("DO that fails")
            .fails("bad", failing("do $$begin " + INSERT + "; raise 'x'; end$$")),
        Way.of("DO in a transaction")
            .step("do", NONE, NONE, true, begin("do $$begin " + INSERT + "; end$$"))
            .commits("commit", COMMIT),
        Way.of("DO that commits").commitsHeld("do $$begin " + INSERT + "; commit; end$$"),
        Way.of("DO that commits and fails")
            .commits("do", failing("do $$begin " + INSERT + "; commit; raise 'x'; end$$")),
        Way.of("DO of a string that goes on, commits and fails")
            .commits("do", failing("do 'begin " + INSERT + "; com'\n'mit; raise ''x''; end'")),
        Way.of("CALL").commitsHeld("call post(false)"),
        Way.of("CALL that commits and fails").commits("call", failing("call post(true)")),
        Way.of("function").commitsHeld("select enter()"),
        Way.of("function in a transaction")
            .step("select", NONE, NONE, true, begin("select enter()"))
            .commits("commit", COMMIT),
        Way.of("with").commitsHeld("with x as (" + INSERT + " returning id) select * from x"),
        Way.of("prepared by name")
            .commits("first", prepared(INSERT))
            .commits("second", prepared(INSERT)),
        Way.of("prepared by name in a transaction")
            .open("begin", prepared("begin"))
            .open("insert", prepared(INSERT))
            .open("insert again", prepared(INSERT))
            .commits("commit", prepared("commit"))
            .open("begin again", prepared("begin"))
            .open("insert", prepared(INSERT))
            .commits("commit again", prepared("commit")),
        Way.of("prepared by SQL")
            .open("prepare", sql("prepare enter as " + INSERT))
            .commitsHeld("execute enter"),
        Way.of("batch").commits("batch", (connection, kept) -> batch(connection)),
        Way.of("batch in a transaction")
            .open(
                "batch",
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  batch(connection);
                })
            .commits("commit", COMMIT),
        Way.of("updatable result set")
            .open(
                "insertRow",
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  insertRow(connection);
                })
            .commits("commit", COMMIT),
        Way.of("copy in")
            .step("copy", IN_DOUBT, NONE, false, (connection, kept) -> kept[0] = copy(connection))
            .commits("end", (connection, kept) -> endCopy(kept[0])),
        Way.of("copy in a transaction")
            .open(
                "copy",
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  kept[0] = copy(connection);
                })
            .open("end", (connection, kept) -> endCopy(kept[0]))
            .commits("commit", COMMIT),
        Way.of("copy called off")
            .step("copy", IN_DOUBT, NONE, false, (connection, kept) -> kept[0] = copy(connection))
            .open("cancel", (connection, kept) -> ((CopyIn) kept[0]).cancelCopy()),
        Way.of("large object")
            .open(
                "write",
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  writeLargeObject(connection, false);
                })
            .commits("commit", COMMIT),
        Way.of("large object, committed when closed")
            .step(
                "write",
                NONE,
                COMMITTED,
                false,
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  writeLargeObject(connection, true);
                }),
        Way.of("fastpath").commits("create", (connection, kept) -> createLargeObject(connection)),
        Way.of("fastpath in a transaction")
            .open(
                "create",
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  createLargeObject(connection);
                })
            .commits("commit", COMMIT),
        Way.of("savepoint")
            .open(
                "insert",
                (connection, kept) -> {
                  connection.setAutoCommit(false);
                  sql(INSERT).run(connection, kept);
                })
            .open("savepoint", (connection, kept) -> kept[0] = connection.setSavepoint())
            .openHeld(INSERT)
            .open("rollback", (connection, kept) -> connection.rollback((Savepoint) kept[0]))
            .commits("commit", COMMIT),
        Way.of("two-phase")
            .open("insert", begin(INSERT))
            .commits("prepare transaction 'x'")
            .commits(
                "second",
                (connection, kept) -> {
                  connection.setAutoCommit(true);
                  sql("commit prepared 'x'").run(connection, kept);
                }),
        Way.of("fetched in pieces")
            .open("fetch", (connection, kept) -> fetchAll(connection))
            .commits("commit", COMMIT),
        Way.of("the driver's object")
            .open("insert", begin(INSERT))
            .commits(
                "commit", (connection, kept) -> connection.unwrap(PgConnection.class).commit()),
        Way.of("at the end of the transaction")
            .open("insert", begin("insert into late values (default)"))
            .step("commit", IN_DOUBT, COMMITTED, true, COMMIT),
        Way.of("table made").commits("create table made()"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("ways")
  void areWhatTheTablesTell(Way way) throws Exception {
    int end = way.steps.size() - 1;
    for (int last = 0; last <= end; last++) {
      check(way, last, Kill.LOST_ANSWER, "disable");
      if (way.steps.get(last).held) {
        check(way, last, Kill.DURING, "disable");
      }
    }
    check(way, end, Kill.BEFORE, "disable");
    check(way, end, Kill.AFTER, "disable");
  }

  /** The streams are others, what passes is the same: so a few of the ways do. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("underTls")
  void areTheSameUnderTls(Way way) throws Exception {
    for (int last = 0; last < way.steps.size(); last++) {
      check(way, last, Kill.LOST_ANSWER, "require");
    }
    check(way, way.steps.size() - 1, Kill.AFTER, "require");
  }

  static Stream<Way> underTls() {
    return ways()
        .filter(way -> Set.of("autocommit", "JDBC", "batch", "copy in", "CALL").contains(way.name));
  }

  private static void check(Way way, int last, Kill kill, String tls) throws Exception {
    clear();
    Step step = way.steps.get(last);
    String cell = way + ", " + step.what + ", " + kill + ", sslmode " + tls;
    String parameters = "?sslmode=" + tls + (way.parameters.isEmpty() ? "" : "&" + way.parameters);
    PhysicalConnection session =
        CONNECTORS.computeIfAbsent(parameters, EffectsTest::connector).open(Sessions.TIMEOUT);
    int pid = session.jdbc().unwrap(PGConnection.class).getBackendPID();
    long moment = session.moment();
    Object[] kept = new Object[1];
    Effects expected = NONE;
    for (Step earlier : way.steps.subList(0, last)) {
      earlier.action.run(session.jdbc(), kept);
      expected = expected.and(earlier.done);
      assertThat(session.effectsSince(moment)).as(cell).isEqualTo(expected);
    }
    switch (kill) {
      case BEFORE -> {
        end(pid);
        Await.until(Sessions.LIMIT, () -> session.look() == Look.DEAD, "the end to arrive");
        lost(session, step, kept);
      }
      case DURING -> {
        ask("select pg_advisory_lock(" + HOLD + ")");
        CompletableFuture<Void> busy = CompletableFuture.runAsync(() -> lost(session, step, kept));
        Await.until(
            Sessions.LIMIT, () -> waits(pid) || busy.isDone(), "the trigger to wait: " + cell);
        end(pid);
        busy.get();
        ask("select pg_advisory_unlock(" + HOLD + ")");
      }
      case LOST_ANSWER -> {
        proxy.cutReplyTo("", FaultProxy.Cut.FIN);
        lost(session, step, kept);
      }
      case AFTER -> step.action.run(session.jdbc(), kept);
    }
    boolean keptBack = kill == Kill.BEFORE && !step.query;
    Effects unanswered = kill == Kill.AFTER || keptBack ? NONE : step.open;
    assertThat(session.effectsSince(moment))
        .as(cell)
        .isEqualTo(expected.and(kill == Kill.AFTER ? step.done : unanswered));
    assertThat(session.unanswered(true)).as(cell).isEqualTo(unanswered);
    assertThat(session.unanswered(false)).as(cell).isEqualTo(step.query ? NONE : unanswered);
    session.abort();
    Await.until(Sessions.LIMIT, () -> gone(pid), "the session to end: " + cell);
    Effects told = session.effectsSince(moment);
    boolean there = !"0".equals(ask(TRUTH));
    assertThat(told).as(cell).isNotEqualTo(there ? NONE : COMMITTED);
  }

  private static Connector connector(String parameters) {
    String url =
        "jdbc:" + server.libpqUrl(proxy.host(), proxy.port()).replaceFirst("//[^@/]*@", "//");
    return Sessions.connector(
        url + parameters, config -> config.user(server.user()).password(server.password()));
  }

  private static final String TRUTH =
      "select (select count(*) from books) + (select count(*) from pairs)"
          + " + (select count(*) from late) + (select count(*) from pg_largeobject_metadata)"
          + " + (select count(*) from pg_prepared_xacts)"
          + " + (select count(*) from pg_class where relname = 'made')";

  private static void clear() {
    if (!"0".equals(ask("select count(*) from pg_prepared_xacts"))) {
      execute("rollback prepared 'x'");
    }
    execute(
        "truncate books, pairs, late; drop table if exists made;"
            + " select lo_unlink(oid) from pg_largeobject_metadata");
  }

  private static @Nullable String ask(String sql) {
    try {
      return Sessions.ask(admin, sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void execute(String sql) {
    try (Statement statement = admin.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void lost(PhysicalConnection session, Step step, Object[] kept) {
    try {
      step.action.run(session.jdbc(), kept);
    } catch (Exception e) {
      assertThat(FailureRules.classify(e)).isIn(Verdict.CONNECTION_LOST, Verdict.SERVER_DOWN);
      return;
    }
    throw new AssertionError("not lost: " + step.what);
  }

  private static void end(int pid) {
    ask("select pg_terminate_backend(" + pid + ")");
    Await.until(Sessions.LIMIT, () -> gone(pid), "the session to end");
  }

  private static boolean gone(int pid) {
    return "0".equals(ask("select count(*) from pg_stat_activity where pid = " + pid));
  }

  private static boolean waits(int pid) {
    return "1"
        .equals(
            ask(
                "select count(*) from pg_locks where locktype = 'advisory' and not granted"
                    + " and pid = "
                    + pid));
  }
}
