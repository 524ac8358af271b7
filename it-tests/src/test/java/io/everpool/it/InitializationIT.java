package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.everpool.api.ConnectionInitializer;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.Sampled;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is done to each new connection before anybody borrows it. */
@Sampled
@Timeout(120)
class InitializationIT {

  private static PoolConfig.Builder config() {
    return Db.config("initialization").minSize(1).maxSize(1);
  }

  @BeforeEach
  void table() {
    Db.server().execute("create table initialized (pid int, written_by text)");
    Db.server().execute("grant all on initialized to public");
  }

  @AfterEach
  void noTable() {
    Db.server().execute("drop table initialized");
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String written() {
    return Db.server()
        .ask("select coalesce(string_agg(written_by, ',' order by pid), '') from initialized");
  }

  @Test
  void sqlAndJavaComeOncePerConnectionAndWhatTheyWriteIsCommitted() throws SQLException {
    AtomicInteger opened = new AtomicInteger();
    try (Pool pool =
        Everpool.builder(
                config()
                    .connectionInitSql(
                        "set app.tenant = 'nobody'; insert into initialized values"
                            + " (pg_backend_pid(), 'sql')")
                    .build())
            .initializer(
                connection -> {
                  opened.incrementAndGet();
                  assertThat(Db.ask(connection, "show app.tenant")).isEqualTo("nobody");
                })
            .open()) {
      for (int i = 0; i < 5; i++) {
        try (Connection connection = pool.getConnection()) {
          assertThat(Db.ask(connection, "show app.tenant")).isEqualTo("nobody");
        }
      }
      assertThat(opened).hasValue(1);
      assertThat(written()).isEqualTo("sql");
      pool.replaceAll();
      Await.until(Db.LIMIT, () -> opened.get() == 2, "another connection in its place");
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "show app.tenant")).isEqualTo("nobody");
      }
      assertThat(opened).hasValue(2);
      assertThat(written()).isEqualTo("sql,sql");
    }
  }

  /** A borrower's own SET goes, and takes the initializer's along: that is put back. */
  @Test
  void whatWasSetOutlivesTheCleanUpOfAnother() throws SQLException {
    try (Pool pool =
        Everpool.open(config().connectionInitSql("set app.tenant = 'nobody'").build())) {
      String pid;
      try (Connection connection = pool.getConnection()) {
        pid = Db.ask(connection, "select pg_backend_pid()");
        execute(connection, "set app.tenant = 'alice'");
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "show app.tenant")).isEqualTo("nobody");
        assertThat(Db.ask(connection, "select pg_backend_pid()")).isEqualTo(pid);
      }
    }
  }

  /** What a function asks of its transaction alone leaves nothing that would have to be cleared. */
  @Test
  void aFunctionThatMakesItsTransactionReadOnlyCostsNoSetUp() throws SQLException {
    Db.server()
        .execute(
            "create or replace function reads_only() returns int language plpgsql as $$ begin"
                + " perform set_config('transaction_read_only', 'on', true); return 1; end $$");
    AtomicInteger setUp = new AtomicInteger();
    try (Pool pool =
        Everpool.builder(config().minSize(1).maxSize(1).build())
            .initializer(connection -> setUp.incrementAndGet())
            .open()) {
      for (int i = 0; i < 3; i++) {
        try (Connection connection = pool.getConnection()) {
          connection.setAutoCommit(false);
          assertThat(Db.ask(connection, "select reads_only()")).isEqualTo("1");
          connection.commit();
        }
      }
      assertThat(setUp).hasValue(1);
    } finally {
      Db.server().execute("drop function reads_only()");
    }
  }

  /** As SQL and as Java, in autocommit and out of it: what writes at each set-up. */
  private static Stream<Arguments> writers() {
    String insert = "insert into initialized values (1, 'it')";
    ConnectionInitializer inTransaction =
        connection -> {
          connection.setAutoCommit(false);
          execute(connection, insert);
        };
    return Stream.of(
            arguments(insert, null),
            arguments("create temp table if not exists mine (i int)", null),
            arguments(null, inTransaction))
        .flatMap(
            writer ->
                Stream.of("select pg_advisory_lock(1)", "listen news", "set work_mem = '5MB'")
                    .map(sql -> arguments(writer.get()[0], writer.get()[1], sql)));
  }

  /** The set-up that follows a clean-up writes as the first did, whatever the lease was for. */
  @ParameterizedTest
  @MethodSource("writers")
  void whatWritesDoesSoAfterAReadOnlyLease(
      @Nullable String sql, @Nullable ConnectionInitializer initializer, String leaves)
      throws SQLException {
    PoolConfig.Builder config = config();
    if (sql != null) {
      config.connectionInitSql(sql);
    }
    Everpool.Builder builder = Everpool.builder(config.build());
    if (initializer != null) {
      builder.initializer(initializer);
    }
    try (LogCapture log = LogCapture.open();
        Pool pool = builder.open()) {
      String pid = pool.run(connection -> Db.ask(connection, "select pg_backend_pid()"));
      for (int i = 0; i < 2; i++) {
        pool.run(WorkOptions.READ_ONLY, connection -> run(connection, leaves));
      }
      try (Connection connection = pool.getConnection()) {
        connection.setReadOnly(true);
        connection.setAutoCommit(false);
        run(connection, leaves);
        connection.commit();
      }
      String after = pool.run(connection -> Db.ask(connection, "select pg_backend_pid()"));
      assertThat(after).isEqualTo(pid);
      assertThat(log.alarms()).isEmpty();
    }
  }

  private static boolean run(Connection connection, String sql) throws SQLException {
    execute(connection, sql);
    return true;
  }

  /** Nor need it be a SET: what takes a setting away, or a listener, takes the initializer's. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "reset search_path",
        "reset app.tenant",
        "reset all",
        "Discard All",
        "/* a */ reset -- b\n all",
        "select 1; reset all",
        "do $$ begin reset all; end $$",
        "select forget_settings()",
        "unlisten *",
        "unlisten initialized",
        "deallocate initialized",
        "deallocate all",
        "discard temp"
      })
  void whatWasSetOutlivesWhatABorrowerTakesAway(String takesAway) throws SQLException {
    Db.server()
        .execute(
            "create or replace function forget_settings() returns int language plpgsql as"
                + " $$ begin reset all; return 1; end $$");
    String all =
        "select current_setting('search_path') || ' ' || current_setting('app.tenant')"
            + " || (select string_agg(c, '') from pg_listening_channels() c)"
            + " || (select count(*) from pg_prepared_statements where from_sql)"
            + " || to_regclass('pg_temp.initialized_temp')";
    try (Pool pool =
        Everpool.open(
            config()
                .connectionInitSql(
                    "set search_path to pg_catalog, public; set app.tenant = 'nobody';"
                        + " listen initialized; prepare initialized as select 1;"
                        + " create temp table if not exists initialized_temp (x int)")
                .build())) {
      String initialized;
      try (Connection connection = pool.getConnection()) {
        initialized = Db.ask(connection, all);
        assertThat(initialized).startsWith("pg_catalog, public nobodyinitialized1");
        execute(connection, takesAway);
        assertThat(Db.ask(connection, all)).isNotEqualTo(initialized);
      }
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, all)).isEqualTo(initialized);
      }
    } finally {
      Db.server().execute("drop function forget_settings()");
    }
  }

  /** In what state an initializer may leave a connection. */
  @SuppressWarnings("ImmutableEnumChecker") // what does the work has no state
  private enum Leaves {
    OUT_OF_AUTOCOMMIT(
        connection -> {
          connection.setAutoCommit(false);
          execute(connection, "insert into initialized values (1, 'it')");
        }),
    IN_A_TRANSACTION_BEGUN_BY_SQL(
        connection -> execute(connection, "begin; insert into initialized values (1, 'it')")),
    WITH_A_WARNING(
        connection ->
            execute(
                connection,
                "do $$ begin raise warning 'hear'; end $$;"
                    + " insert into initialized values (1, 'it')"));

    final ConnectionInitializer initializer;

    Leaves(ConnectionInitializer initializer) {
      this.initializer = initializer;
    }
  }

  @ParameterizedTest
  @EnumSource(Leaves.class)
  void whateverItLeavesTheBorrowerGetsAFreshConnection(Leaves leaves) throws SQLException {
    try (Pool pool = Everpool.builder(config().build()).initializer(leaves.initializer).open();
        Connection connection = pool.getConnection()) {
      assertThat(connection.getAutoCommit()).isTrue();
      assertThat((Object) connection.getWarnings()).isNull();
      assertThat(Db.ask(connection, "select count(*) from initialized")).isEqualTo("1");
      assertThat(written()).isEqualTo("it");
    }
  }

  /** How an initializer may fail; each says so at once, and what it is. */
  @SuppressWarnings("ImmutableEnumChecker") // what does the work has no state
  private enum Fails {
    WRONG_SQL("42601", connection -> execute(connection, "selct 1")),
    LEFT_FAILED(
        "25P02",
        connection -> {
          execute(connection, "begin");
          try {
            execute(connection, "selct 1");
          } catch (SQLException expected) {
            assertThat(expected.getSQLState()).isEqualTo("42601");
          }
        }),
    UNCHECKED(
        null,
        connection -> {
          throw new IllegalStateException("mine");
        });

    final @Nullable String state;
    final ConnectionInitializer initializer;

    Fails(@Nullable String state, ConnectionInitializer initializer) {
      this.state = state;
      this.initializer = initializer;
    }
  }

  @ParameterizedTest
  @EnumSource(Fails.class)
  void oneThatFailsFailsTheOpening(Fails fails) {
    assertThatThrownBy(
            () -> Everpool.builder(config().build()).initializer(fails.initializer).open())
        .hasMessageContaining("A ConnectionInitializer failed")
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo(fails.state));
    Await.until(
        Db.LIMIT,
        () -> Db.server().backendPids("initialization").isEmpty(),
        "the end of the connections that failed");
  }

  @Test
  void wrongSqlIsToldAtOnce() {
    assertThatThrownBy(() -> Everpool.open(config().connectionInitSql("set no_such = 1").build()))
        .hasMessageContaining("connection-init-sql failed")
        .hasMessageContaining("no_such");
  }

  /** The server quotes what it can't read, and where a quote is missing that is the secret. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "set app.key = 'hunter2",
        "set app.key = 'a'hunter2'",
        "set app.key = 'a'hunter2'b'",
        "set app.key = 'a' hunter2 'b'",
        "set app.key = 'a';hunter2'b'",
        "set app.key = 'a\nhunter2",
        "set app.key = \"hunter2",
        "set app.key = 'a' \"hunter2\"",
        "set app.key = hunter2 b",
        "set app.key = a;hunter2",
        "set app.key hunter2",
        "set app.key = $$a$$hunter2$$",
        "set app.key = $k$hunter2",
        "set app.key = E'a\\'hunter2",
        "set app.key = U&'\\hunter2'",
        "set statement_timeout = 'hunter2'",
        "select set_config('app.key', hunter2, false)",
        "select set_config('app.key', \"hunter2\", false)",
        "select 'hunter2'::int",
        "alter role postgres password hunter2",
        "do $$ begin raise exception 'no %', 'hunter2'; end $$"
      })
  void wrongSqlIsToldWithoutWhatMayBeASecret(String sql) throws SQLException {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    StringWriter seen = new StringWriter();
    PoolConfig config = config().minSize(0).failFast(false).connectionInitSql(sql).build();
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.builder(config).listener(events::add).open()) {
      SQLException failure = catchThrowableOfType(SQLException.class, pool::getConnection);
      failure.printStackTrace(new PrintWriter(seen));
      Await.until(
          Db.LIMIT,
          () -> events.stream().anyMatch(PoolEvent.ConnectFailed.class::isInstance),
          "the event");
      seen.append(pool + pool.snapshot().explain() + pool.snapshot() + events + log.text());
    }
    assertThat(seen.toString()).contains("connection-init-sql failed: ").doesNotContain("hunter2");
  }

  @Test
  void noSecretIsToldWhereASessionCannotBeSetUpAnew() throws SQLException {
    String sql =
        "do $$ begin if exists (select from initialized) then raise exception 'no %', 'hunter2';"
            + " end if; end $$";
    try (LogCapture log = LogCapture.open();
        Pool pool = Everpool.open(config().connectionInitSql(sql).build())) {
      try (Connection connection = pool.getConnection()) {
        execute(connection, "insert into initialized values (1, 'it')");
        execute(connection, "set app.tenant = 'alice'");
      }
      assertThat(log.alarms()).anyMatch(line -> line.contains("could not be brought back"));
      assertThat(log.text())
          .contains("connection-init-sql failed: ERROR: ")
          .doesNotContain("hunter2");
    }
  }

  /** Not its own fault: it is tried again. */
  @Test
  void aConnectionThatIsLostMeanwhileIsOpenedAnew() throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool =
            Everpool.builder(config().build())
                .initializer(
                    connection -> {
                      if (runs.incrementAndGet() == 1) {
                        execute(connection, "select pg_terminate_backend(pg_backend_pid())");
                      }
                    })
                .open();
        Connection connection = pool.getConnection()) {
      assertThat(Db.ask(connection, "select 1")).isEqualTo("1");
      assertThat(runs).hasValue(2);
    }
  }
}
