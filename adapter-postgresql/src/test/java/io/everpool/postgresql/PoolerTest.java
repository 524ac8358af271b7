package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies between is found, and nothing is asked of it that it can't do. A real PgBouncer. */
@Timeout(120)
@ParameterizedClass
@EnumSource
@Tag("one-jdk")
class PoolerTest {
  private static final long TIMEOUT = TimeUnit.SECONDS.toNanos(30);
  private static PostgresServer server;

  private final PgBouncer.Kind kind;

  PoolerTest(PgBouncer.Kind kind) {
    this.kind = kind;
  }

  @BeforeAll
  static void start() {
    server = PostgresServer.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeParameterizedClassInvocation
  static void needsPgBouncer(PgBouncer.Kind kind) {
    assumeTrue(kind.isAvailable(), kind.missing());
  }

  private PgBouncer before(String poolMode, Map<String, String> settings) {
    return kind.before(server, poolMode, settings);
  }

  private static Connector connector(String url, UnaryOperator<PoolConfig.Builder> more) {
    return new PostgresAdapter()
        .connector(
            more.apply(PoolConfig.builder(url).user(server.user()).password(server.password()))
                .build());
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getString(1);
    }
  }

  @Test
  void where_there_is_none_none_is_found() throws Exception {
    try (Connector connector = connector(server.jdbcUrl(), c -> c)) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      assertThat(connection.isSharedByTransaction()).isFalse();
      assertThat(ask(connection.jdbc(), "show statement_timeout")).isEqualTo("1min");
      assertThat(connector.notes()).isEmpty();
      connection.close();
    }
  }

  /** One that refuses options, and one that was told to ignore them. */
  @ParameterizedTest
  @ValueSource(strings = {"extra_float_digits", "extra_float_digits,options"})
  void one_that_nobody_speaks_of_is_found(String ignored) throws Exception {
    List<String> told = new ArrayList<>();
    try (PgBouncer bouncer = before("transaction", Map.of("ignore_startup_parameters", ignored));
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      connector.whenNoted(() -> told.addAll(connector.notes()));
      for (int i = 0; i < 3; i++) {
        PhysicalConnection connection = connector.open(TIMEOUT);
        assertThat(connection.isSharedByTransaction()).isTrue();
        connection.validate(TIMEOUT);
        connection.close();
      }
      assertThat(connector.notes())
          .anySatisfy(
              note ->
                  assertThat(note).contains("A pooler lies between", "set pooler = transaction"))
          .anySatisfy(note -> assertThat(note).contains("queryTimeout"));
      assertThat(connector.notes().stream().anyMatch(note -> note.contains("not prepared on")))
          .isEqualTo(kind == PgBouncer.Kind.FORGETS);
      assertThat(told).isNotEmpty();
    }
  }

  /** The driver then deallocates by itself what it has prepared. Many set it for old poolers. */
  @ParameterizedTest
  @ValueSource(strings = {"preparedStatementCacheQueries", "preparedStatementCacheSizeMiB"})
  void one_lets_a_driver_in_that_keeps_no_statements(String property) throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of("default_pool_size", "1"));
        Connector connector =
            connector(
                bouncer.jdbcUrl() + "?" + property + "=0", c -> c.pooler(PoolerMode.TRANSACTION))) {
      for (int i = 0; i < 2; i++) {
        PhysicalConnection connection = connector.open(TIMEOUT);
        String left = "select count(*) from pg_prepared_statements where name ~ '^S_'";
        assertThat(ask(connection.jdbc(), left)).isEqualTo("0");
        connection.close();
      }
      assertThat(connector.notes().stream().anyMatch(note -> note.contains("not prepared on")))
          .isEqualTo(kind == PgBouncer.Kind.FORGETS);
    }
  }

  /** The driver throws what the last host has said, and here the last is down. */
  @ParameterizedTest
  @EnumSource(names = {"AUTO", "NONE"})
  void one_that_refuses_options_is_heard_though_the_next_host_is_down(PoolerMode mode)
      throws Exception {
    try (PgBouncer bouncer = before("session", Map.of());
        FaultProxy other = FaultProxy.before(bouncer)) {
      other.refuse();
      String url = url(bouncer.port(), other.port());
      try (Connector connector =
          connector(url, c -> c.pooler(mode).commandTimeout(Duration.ZERO))) {
        for (int i = 0; i < 2; i++) {
          PhysicalConnection connection = connector.open(TIMEOUT);
          connection.validate(TIMEOUT);
          connection.close();
        }
      }
    }
  }

  /** Nor does it go unheard where it is the last and what the first says counts. */
  @ParameterizedTest
  @EnumSource(names = {"AUTO", "NONE"})
  void one_that_refuses_options_is_heard_though_the_first_host_is_full(PoolerMode mode)
      throws Exception {
    try (PgBouncer bouncer = before("session", Map.of());
        Postmaster full = new Postmaster(server)) {
      full.answersInProtocol("53300", "sorry, too many clients already");
      try (Connector connector =
          connector(
              url(full.port(), bouncer.port()),
              c -> c.pooler(mode).commandTimeout(Duration.ZERO))) {
        PhysicalConnection connection = connector.open(TIMEOUT);
        connection.validate(TIMEOUT);
        connection.close();
      }
    }
  }

  /** It takes all of the time that the first opening has, but not of the second. */
  @Test
  void one_that_refuses_options_is_heard_though_the_next_host_hangs() throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of());
        FaultProxy other = FaultProxy.before(bouncer)) {
      other.hang();
      String url = url(bouncer.port(), other.port()) + "?sslmode=disable";
      try (Connector connector = connector(url, c -> c)) {
        assertThatThrownBy(() -> connector.open(TimeUnit.SECONDS.toNanos(1)))
            .isInstanceOf(SQLException.class);
        PhysicalConnection connection = connector.open(TimeUnit.SECONDS.toNanos(8));
        assertThat(connection.isSharedByTransaction()).isTrue();
        connection.close();
      }
    }
  }

  private static String url(int one, int other) {
    return "jdbc:postgresql://127.0.0.1:%d,127.0.0.1:%d/%s"
        .formatted(one, other, server.database());
  }

  /** With two server connections for many clients, none meets what another has prepared. */
  @Test
  void statements_are_prepared_only_where_somebody_keeps_track() throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of("default_pool_size", "2"));
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      List<PhysicalConnection> connections = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        connections.add(connector.open(TIMEOUT));
      }
      for (int round = 0; round < 20; round++) {
        for (PhysicalConnection connection : connections) {
          try (PreparedStatement statement =
              connection.jdbc().prepareStatement("select ?::int + " + round % 3)) {
            statement.setInt(1, round);
            statement.executeQuery().close();
          }
        }
      }
      String prepared =
          "select coalesce(string_agg(name || ' ' || statement, '; '), '')"
              + " from pg_prepared_statements where statement like '%::int%'";
      if (kind == PgBouncer.Kind.FORGETS) {
        assertThat(ask(connections.get(0).jdbc(), prepared)).isEmpty();
      } else {
        assertThat(ask(connections.get(0).jdbc(), prepared)).contains("::int").doesNotContain("S_");
      }
      for (PhysicalConnection connection : connections) {
        connection.close();
      }
    }
  }

  /** Not each pooler would hear that what it keeps track of is gone. */
  @Test
  void forgetting_plans_takes_nothing_from_other_clients() throws Exception {
    server.execute("create table if not exists shape as select 1 as a");
    server.execute("grant select on shape to public");
    try (PgBouncer bouncer = before("transaction", Map.of("default_pool_size", "1"));
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      PhysicalConnection one = connector.open(TIMEOUT);
      PhysicalConnection other = connector.open(TIMEOUT);
      String prepared =
          "select count(*) from pg_prepared_statements where statement = 'select * from shape'";
      for (int i = 0; i < 10; i++) {
        readShape(one);
        readShape(other);
      }
      String before = ask(other.jdbc(), prepared);
      assertThat(before).isEqualTo(kind == PgBouncer.Kind.FORGETS ? "0" : "1");
      one.forgetPlans();
      assertThat(ask(other.jdbc(), prepared)).isEqualTo(before);
      assertThat(one.transactionState()).isEqualTo(TransactionState.NONE);
      readShape(other);
      server.execute("alter table shape add column if not exists b int");
      readShape(one); // by the plan that it had, this would fail
      one.close();
      other.close();
      server.execute("drop table shape");
    }
  }

  private static void readShape(PhysicalConnection connection) throws SQLException {
    try (PreparedStatement statement = connection.jdbc().prepareStatement("select * from shape")) {
      statement.executeQuery().close();
    }
  }

  @Test
  void isolation_goes_with_the_transaction() throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of());
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      Connection jdbc = connection.jdbc();
      jdbc.setAutoCommit(false);
      connection.begin(Connection.TRANSACTION_SERIALIZABLE, true, null);
      assertThat(ask(jdbc, "show transaction_isolation")).isEqualTo("serializable");
      assertThat(ask(jdbc, "show transaction_read_only")).isEqualTo("on");
      jdbc.commit();
      assertThat(ask(jdbc, "show transaction_isolation")).isEqualTo("read committed");
      jdbc.rollback();
      connection.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"plain", "Is \"quoted\"; select 1", "it's"})
  void a_schema_goes_with_the_transaction(String schema) throws Exception {
    String quoted = '"' + schema.replace("\"", "\"\"") + '"';
    server.execute("create schema if not exists " + quoted);
    server.execute("grant usage on schema " + quoted + " to public");
    try (PgBouncer bouncer = before("transaction", Map.of("default_pool_size", "1"));
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      Connection jdbc = connection.jdbc();
      String before = ask(jdbc, "show search_path");
      jdbc.setAutoCommit(false);
      connection.begin(Connection.TRANSACTION_NONE, false, schema);
      assertThat(ask(jdbc, "select current_schema()")).isEqualTo(schema);
      jdbc.commit();
      assertThat(ask(jdbc, "show search_path")).isEqualTo(before);
      jdbc.rollback();
      connection.close();
    }
  }

  @Test
  void a_reset_touches_nothing_of_others() throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of("default_pool_size", "1"));
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      PhysicalConnection one = connector.open(TIMEOUT);
      PhysicalConnection other = connector.open(TIMEOUT);
      ask(one.jdbc(), "select set_config('work_mem', '7MB', false)");
      other.reset(ResetMode.SMART, connector.sideEffects("set work_mem = '1MB'"));
      other.reset(ResetMode.DISCARD_ALL, connector.sideEffects("set work_mem = '1MB'"));
      assertThat(ask(one.jdbc(), "show work_mem")).isEqualTo("7MB");
      one.close();
      other.close();
    }
  }

  @Test
  void what_cannot_be_had_is_told_once_per_kind() throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of());
        Connector connector = connector(bouncer.jdbcUrl(), c -> c.pooler(PoolerMode.TRANSACTION))) {
      int before = connector.notes().size();
      for (int i = 0; i < 2; i++) {
        for (String sql :
            List.of(
                "set work_mem = '1MB'",
                "set role postgres",
                "listen news",
                "create temporary table t (i int)",
                "select pg_advisory_lock(1)",
                "declare c cursor with hold for select 1",
                "prepare p as select 1")) {
          connector.sideEffects(sql);
        }
      }
      assertThat(connector.notes())
          .anySatisfy(note -> assertThat(note).contains("SET LOCAL"))
          .anySatisfy(note -> assertThat(note).contains("SET LOCAL ROLE"))
          .anySatisfy(note -> assertThat(note).contains("LISTEN"))
          .anySatisfy(note -> assertThat(note).contains("ON COMMIT DROP"))
          .anySatisfy(note -> assertThat(note).contains("pg_advisory_xact_lock"))
          .anySatisfy(note -> assertThat(note).contains("WITH HOLD"))
          .anySatisfy(note -> assertThat(note).contains("and PREPARE stays"));
      int after = connector.notes().size();
      assertThat(after - before).isEqualTo(7);
      connector.sideEffects("select 1");
      assertThat(connector.notes()).hasSize(after);
    }
  }

  /** Neither goes with a statement that stands alone; whoever only reads is not told. */
  @Test
  void what_goes_with_transactions_alone_is_told() throws Exception {
    try (PgBouncer bouncer = before("transaction", Map.of());
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      connection.refuseWrites(false);
      assertThat(connector.notes()).noneMatch(note -> note.contains("autocommit"));
      assertThat(connection.refuseWrites(true)).isFalse();
      connection.standsAlone();
      assertThat(connector.notes())
          .anySatisfy(note -> assertThat(note).contains("may write"))
          .anySatisfy(note -> assertThat(note).contains("level of isolation"));
      connection.close();
    }
  }

  @Test
  void one_of_single_statements_is_refused_in_a_sentence() throws Exception {
    try (PgBouncer bouncer = before("statement", Map.of());
        Connector connector = connector(bouncer.jdbcUrl(), c -> c)) {
      assertThatThrownBy(() -> connector.open(TIMEOUT))
          .hasMessageContaining("pool_mode = transaction")
          .satisfies(e -> assertThat(connector.classify(e)).isEqualTo(Verdict.REFUSED));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"TRANSACTION", "SESSION"})
  void whoever_says_so_is_believed(PoolerMode mode) throws Exception {
    try (PgBouncer bouncer = before(mode.name().toLowerCase(Locale.ROOT), Map.of());
        Connector connector = connector(bouncer.jdbcUrl(), c -> c.pooler(mode))) {
      PhysicalConnection connection = connector.open(TIMEOUT);
      assertThat(connection.isSharedByTransaction()).isEqualTo(mode == PoolerMode.TRANSACTION);
      assertThat(connector.notes()).noneMatch(note -> note.contains("lies between"));
      connection.close();
    }
  }
}
