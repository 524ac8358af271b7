package io.everpool.postgresql.failure;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.connector;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static io.everpool.postgresql.Sessions.pid;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.assertj.core.api.Assertions;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.copy.PGCopyInputStream;
import org.postgresql.util.PGobject;

/** The failures that a real server gives, and what they are taken for. */
@Timeout(600)
@Tag("one-jdk")
class RealFailuresTest {
  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults().with("max_connections", "12"));
    server.execute("create table t (id int primary key, x int)");
    server.execute("insert into t values (1, 0), (2, 0)");
    server.execute("grant all on t to " + server.user());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  private static PhysicalConnection session() throws SQLException {
    return open(server.libpqUrl());
  }

  private static SQLException fails(ThrowingCallable what, String state, Verdict verdict) {
    SQLException failure = Assertions.catchThrowableOfType(SQLException.class, what);
    assertThat(Objects.requireNonNull(failure, "no failure").getSQLState()).isEqualTo(state);
    assertThat(FailureRules.classify(failure)).isEqualTo(verdict);
    return failure;
  }

  /** While it is being opened; the message says what to do and nothing secret. */
  private static void failsToOpen(
      String url,
      UnaryOperator<PoolConfig.Builder> more,
      String state,
      Verdict verdict,
      String advice) {
    Connector connector = connector(url, more);
    SQLException failure = fails(() -> connector.open(TIMEOUT), state, verdict);
    assertThat(failure.getMessage())
        .startsWith("Cannot connect to PostgreSQL at " + connector.target() + ": ")
        .contains(advice);
    for (String secret : List.of(server.password(), "wr0ng-p4ss")) {
      assertThat(Causes.first(failure, at -> at.toString().contains(secret))).isNull();
    }
    assertThat(failure.getCause()).isInstanceOf(SQLException.class);
    assertThat(failure instanceof SQLTransientConnectionException)
        .isEqualTo(verdict.reconnectable());
  }

  @Test
  void aTerminatedSession() throws SQLException {
    PhysicalConnection idle = session();
    server.terminate(pid(idle));
    fails(() -> ask(idle, "select 1"), "57P01", Verdict.SERVER_DOWN);
    fails(() -> ask(idle, "select 1"), "08003", Verdict.CONNECTION_LOST);
  }

  @Test
  void aSessionThatTheServerEndsForItsIdleness() throws Exception {
    PhysicalConnection idle = session();
    execute(idle, "set idle_session_timeout = 50");
    awaitEnd(idle);
    fails(() -> ask(idle, "select 1"), "57P05", Verdict.CONNECTION_LOST);

    PhysicalConnection inTransaction = session();
    execute(inTransaction, "set idle_in_transaction_session_timeout = 50; begin");
    awaitEnd(inTransaction);
    fails(() -> ask(inTransaction, "select 1"), "25P03", Verdict.CONNECTION_LOST);

    PhysicalConnection longTransaction = session();
    execute(longTransaction, "set transaction_timeout = 50; begin");
    awaitEnd(longTransaction);
    fails(() -> ask(longTransaction, "select 1"), "25P04", Verdict.DEADLINE);
  }

  private static void awaitEnd(PhysicalConnection session) {
    Await.until(LIMIT, () -> session.look() == Look.DEAD, "the end");
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionThatIsCut(Cut how) throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      PhysicalConnection cut = open(server.libpqUrl(proxy.host(), proxy.port()));
      proxy.cut(how);
      awaitEnd(cut);
      fails(() -> ask(cut, "select 1"), "08006", Verdict.SERVER_DOWN);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionThatIsCutWhileAnAnswerIsWaitedFor(Cut how) throws SQLException {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      PhysicalConnection cut = open(server.libpqUrl(proxy.host(), proxy.port()));
      proxy.cutReplyTo("select 1", how);
      fails(() -> ask(cut, "select 1"), "08006", Verdict.SERVER_DOWN);
    }
  }

  @Test
  void aCrash() throws SQLException {
    PhysicalConnection one = session();
    PhysicalConnection two = session();
    server.crash();
    fails(() -> ask(one, "select 1"), "08006", Verdict.SERVER_DOWN);
    awaitEnd(two);
    fails(() -> ask(two, "select 1"), "08006", Verdict.SERVER_DOWN);
    failsToOpen(server.libpqUrl(), c -> c, "08001", Verdict.SERVER_DOWN, "Check host and port");
    server.startAgain();
  }

  @Test
  void aServerThatIsShuttingDown() throws Exception {
    PhysicalConnection lingering = session();
    CompletableFuture<Void> stopping =
        CompletableFuture.runAsync(() -> server.stop(Shutdown.SMART));
    Connector connector = connector(server.libpqUrl(), c -> c);
    Await.until(
        LIMIT,
        () -> {
          try {
            connector.open(TIMEOUT).close();
            return false;
          } catch (SQLException e) {
            return true;
          }
        },
        "the server to refuse");
    failsToOpen(server.libpqUrl(), c -> c, "57P03", Verdict.SERVER_STARTING, "tries again");
    lingering.close();
    stopping.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    server.startAgain();
  }

  @Test
  void aCanceledStatementAndOneThatTookTooLong() throws SQLException {
    PhysicalConnection session = session();
    // for this transaction only: its ROLLBACK is under no deadline any more
    execute(session, "begin");
    execute(session, "set local statement_timeout = 50");
    fails(() -> ask(session, "select pg_sleep(600)"), "57014", Verdict.STATEMENT_FAILED);
    execute(session, "rollback");
    try (var statement = session.jdbc().createStatement()) {
      statement.setQueryTimeout(1);
      fails(() -> statement.execute("select pg_sleep(600)"), "57014", Verdict.STATEMENT_FAILED);
    }
    assertThat(ask(session, "select 1")).isEqualTo("1");
    session.close();
  }

  @Test
  void aTransactionThatLosesARace() throws Exception {
    PhysicalConnection one = session();
    PhysicalConnection two = session();
    for (PhysicalConnection each : List.of(one, two)) {
      execute(each, "begin isolation level repeatable read");
      ask(each, "select x from t where id = 1");
    }
    execute(one, "update t set x = x + 1 where id = 1");
    execute(one, "commit");
    fails(
        () -> execute(two, "update t set x = x + 1 where id = 1"),
        "40001",
        Verdict.TRANSACTION_CONFLICT);
    execute(two, "rollback");

    execute(one, "begin");
    execute(two, "begin");
    execute(one, "update t set x = 1 where id = 1");
    execute(two, "update t set x = 1 where id = 2");
    CompletableFuture<String> waiting =
        CompletableFuture.supplyAsync(() -> outcome(two, "update t set x = 2 where id = 1"));
    String mine = outcome(one, "update t set x = 2 where id = 2");
    assertThat(List.of(mine, waiting.get(LIMIT.toSeconds(), TimeUnit.SECONDS)))
        .containsExactlyInAnyOrder("done", "40P01 TRANSACTION_CONFLICT");
    one.abort();
    two.abort();
  }

  private static String outcome(PhysicalConnection session, String sql) {
    try {
      execute(session, sql);
      return "done";
    } catch (SQLException e) {
      return e.getSQLState() + " " + FailureRules.classify(e);
    }
  }

  /** By the exception alone it can't be told from a failover; the session tells. */
  @Test
  void aWriteInAReadOnlyTransaction() throws SQLException {
    PhysicalConnection session = session();
    execute(session, "begin read only");
    fails(() -> execute(session, "insert into t values (9, 9)"), "25006", Verdict.READ_ONLY_SERVER);
    assertThat(session.isServerReadOnly(SideEffects.NONE)).isFalse();
    session.close();
  }

  @Test
  void aPlanThatMustBeMadeAnew() throws SQLException {
    PhysicalConnection session =
        open(server.libpqUrl(), c -> c.properties(Map.of("flushCacheOnDdl", "false")));
    execute(session, "create temp table shape (a int)");
    try (PreparedStatement statement = session.jdbc().prepareStatement("select * from shape")) {
      for (int i = 0; i < 10; i++) {
        statement.execute();
      }
      execute(session, "alter table shape add b int");
      session.jdbc().setAutoCommit(false);
      fails(statement::execute, "0A000", Verdict.STALE_PLAN);
    }
    session.jdbc().rollback();
    session.close();
  }

  @Test
  void statementsWhoseStatesSoundLikeConnections() throws SQLException {
    PhysicalConnection session = session();
    fails(() -> execute(session, "drop database nowhere"), "3D000", Verdict.STATEMENT_FAILED);
    fails(
        () ->
            execute(
                session,
                "do $$ begin raise exception 'no connection' using errcode = '08001'; end $$"),
        "08001",
        Verdict.STATEMENT_FAILED);
    fails(
        () -> execute(session, "do $$ begin raise sqlstate '57P01'; end $$"),
        "57P01",
        Verdict.STATEMENT_FAILED);
    assertThat(ask(session, "select 1")).isEqualTo("1");
    session.close();
  }

  /** Made of a value that it doesn't know. */
  public static class Mood extends PGobject {
    private static final long serialVersionUID = 1L;

    @Override
    public void setValue(@Nullable String value) {
      throw new IllegalArgumentException("No enum constant Mood." + value);
    }
  }

  @Test
  void aValueThatItsClassCannotTake() throws SQLException {
    server.execute("create type mood as (name text)");
    PhysicalConnection session = session();
    session.jdbc().unwrap(PGConnection.class).addDataType("mood", Mood.class);
    try (Statement statement = session.jdbc().createStatement();
        ResultSet row = statement.executeQuery("select row('calm')::mood")) {
      row.next();
      fails(() -> row.getObject(1), "08006", Verdict.STATEMENT_FAILED);
    }
    assertThat(ask(session, "select 1")).isEqualTo("1");
    session.close();
  }

  @Test
  void aResultLargerThanTheCallerAllows() throws SQLException {
    PhysicalConnection session =
        open(server.libpqUrl(), c -> c.properties(Map.of("maxResultBuffer", "1M")));
    SQLException failure =
        fails(
            () -> ask(session, "select repeat('x', 1000) from generate_series(1, 5000)"),
            "08S01",
            Verdict.DEADLINE);
    assertThat(failure.getMessage()).contains("maxResultBuffer");
    session.abort();
  }

  @ParameterizedTest
  @ValueSource(strings = {"set client_encoding = 'LATIN1'", "set datestyle = 'SQL, DMY'"})
  void aSettingThatTheDriverCannotDoWith(String sql) throws SQLException {
    PhysicalConnection session = session();
    fails(() -> execute(session, sql), "08006", Verdict.DEADLINE);
    assertThat(session.jdbc().isClosed()).isTrue();
  }

  @Test
  void aCopyThatFailsWhileItIsRead() throws Exception {
    PhysicalConnection session = session();
    PGConnection driver = session.jdbc().unwrap(PGConnection.class);
    String sql = "copy (select 1 / (5 - i) from generate_series(1, 9) i) to stdout";
    try (PGCopyInputStream copy = new PGCopyInputStream(driver, sql)) {
      SQLException failure =
          fails(
              () -> {
                while (copy.readFromCopy() != null) {
                  // until the fifth row
                }
              },
              "08006",
              Verdict.STATEMENT_FAILED);
      assertThat((Throwable) failure).hasStackTraceContaining("division by zero");
    }
    assertThat(ask(session, "select 1")).isEqualTo("1");
    session.close();
  }

  @Test
  void aWrongPassword() {
    long before = server.loginFailures();
    failsToOpen(
        server.libpqUrl(),
        c -> c.password("wr0ng-p4ss"),
        "28P01",
        Verdict.ACCESS_DENIED,
        "Check user and password");
    Await.until(LIMIT, () -> server.loginFailures() == before + 1, "one failed login");
  }

  @Test
  void noPasswordAtAll() {
    failsToOpen(
        server.jdbcUrl(),
        c -> c.user(server.user()),
        "08004",
        Verdict.ACCESS_DENIED,
        "Check user and password");
  }

  @Test
  void aRoleThatMayNotLogIn() {
    server.execute("create role barred nologin password 'wr0ng-p4ss'");
    failsToOpen(
        server.jdbcUrl(),
        c -> c.user("barred").password("wr0ng-p4ss"),
        "28000",
        Verdict.ACCESS_DENIED,
        "may log in");
  }

  @Test
  void aDatabaseThatIsNotThere() {
    failsToOpen(
        server.libpqUrl() + "?dbname=nowhere",
        c -> c,
        "3D000",
        Verdict.ACCESS_DENIED,
        "Check the database's name");
  }

  @Test
  void aDatabaseThatOneMayNotConnectTo() {
    server.execute("create database barred");
    server.execute("revoke connect on database barred from public");
    failsToOpen(
        server.libpqUrl() + "?dbname=barred", c -> c, "42501", Verdict.ACCESS_DENIED, "may log in");
  }

  @Test
  void aHostWithoutAName() {
    failsToOpen(
        "postgresql://u:wr0ng-p4ss@nowhere.invalid/d",
        c -> c,
        "08001",
        Verdict.SERVER_DOWN,
        "Nobody knows this host's name");
  }

  @Test
  void noPlaceForAnotherSession() throws SQLException {
    List<PhysicalConnection> taken = new ArrayList<>();
    try (Connection watcher = server.adminConnection()) {
      // a place that a session of another test is about to leave would be free again in between
      Await.until(LIMIT, () -> othersThan(watcher) == 0, "the end of every other session");
      Await.until(
          LIMIT,
          () -> {
            try {
              taken.add(session());
              return false;
            } catch (SQLException e) {
              return "53300".equals(e.getSQLState());
            }
          },
          "the last place to be taken");
      failsToOpen(server.libpqUrl(), c -> c, "53300", Verdict.OUT_OF_SLOTS, "lower max-size");
    } finally {
      for (PhysicalConnection each : taken) {
        each.close();
      }
    }
  }

  private static int othersThan(Connection watcher) {
    try {
      return Integer.parseInt(
          String.valueOf(
              ask(
                  watcher,
                  "select count(*) from pg_stat_activity"
                      + " where backend_type = 'client backend' and pid <> pg_backend_pid()")));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void anOptionThatTheServerDoesNotKnow() {
    failsToOpen(
        server.libpqUrl() + "?options=-c%20nonsense%3D1",
        c -> c,
        "42704",
        Verdict.REFUSED,
        "check options");
  }

  @Test
  void tlsAndChannelBindingWhereTheServerHasNone() {
    failsToOpen(
        server.libpqUrl() + "?sslmode=require", c -> c, "08004", Verdict.REFUSED, "Check sslmode");
    failsToOpen(
        server.libpqUrl() + "?channel_binding=require",
        c -> c,
        "08004",
        Verdict.REFUSED,
        "set sslmode=require");
  }

  @Test
  void aServerThatTakesTooLong() {
    try (FaultProxy proxy = FaultProxy.before(server)) {
      proxy.freeze();
      Connector connector =
          connector(server.libpqUrl(proxy.host(), proxy.port()), UnaryOperator.identity());
      SQLException failure =
          fails(
              () -> connector.open(Duration.ofMillis(300).toNanos()), "08001", Verdict.SERVER_DOWN);
      assertThat(failure.getMessage()).contains("connect-timeout");
    }
  }

  @Test
  void pgBouncersOwnFailures() throws SQLException {
    Assumptions.assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    try (PgBouncer bouncer = PgBouncer.before(server, "transaction")) {
      UnaryOperator<PoolConfig.Builder> login =
          c -> c.user(server.user()).password(server.password());
      failsToOpen(
          bouncer.jdbcUrl(),
          c -> login.apply(c).properties(Map.of("options", "-c work_mem=1MB")),
          "08P01",
          Verdict.REFUSED,
          "takes no such option at the start");
      UnaryOperator<PoolConfig.Builder> plain = c -> login.apply(c).commandTimeout(Duration.ZERO);
      failsToOpen(
          bouncer.jdbcUrl(),
          c -> plain.apply(c).password("wr0ng-p4ss"),
          "08P01",
          Verdict.ACCESS_DENIED,
          "Check user and password");
      failsToOpen(
          bouncer.jdbcUrl() + "x", plain, "08P01", Verdict.ACCESS_DENIED, "database's name");
      PhysicalConnection session = open(bouncer.jdbcUrl(), plain);
      assertThat(ask(session, "select 1")).isEqualTo("1");
      session.validate(TIMEOUT);
      execute(session, "begin");
      server.crash();
      fails(() -> ask(session, "select 1"), "08P01", Verdict.SERVER_DOWN);
      server.startAgain();
    }
  }

  /** As a restart does that comes in the middle of a login. */
  @Test
  void aServerThatEndsWhilePgBouncerAsksItForAPasswordIsDown() {
    Assumptions.assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    Map<String, String> asking =
        Map.of(
            "auth_user",
            server.user(),
            "auth_query",
            "select $1::text, 'x' from pg_terminate_backend(pg_backend_pid())");
    try (PgBouncer bouncer = PgBouncer.before(server, "transaction", asking)) {
      failsToOpen(
          bouncer.jdbcUrl(),
          c -> c.user("someone").password("else").commandTimeout(Duration.ZERO),
          "08P01",
          Verdict.SERVER_DOWN,
          "look at PgBouncer's configuration");
    }
  }

  /** The time limit counts for what opens it, too, and on a busy machine that may run into it. */
  private static PhysicalConnection openAtLast(String url, UnaryOperator<PoolConfig.Builder> more)
      throws SQLException {
    for (long begun = System.nanoTime(); ; ) {
      try {
        return open(url, more);
      } catch (SQLException e) {
        if (System.nanoTime() - begun >= LIMIT.toNanos()) {
          throw e;
        }
      }
    }
  }

  /** One whose time is over is its caller's own; one that had to wait for its turn never ran. */
  @Test
  void pgBouncersOwnTimeLimits() throws SQLException {
    Assumptions.assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    UnaryOperator<PoolConfig.Builder> login =
        c -> c.user(server.user()).password(server.password()).commandTimeout(Duration.ZERO);
    try (PgBouncer bouncer =
        PgBouncer.before(server, "transaction", Map.of("query_timeout", "1"))) {
      PhysicalConnection slow = openAtLast(bouncer.jdbcUrl(), login);
      fails(() -> ask(slow, "select pg_sleep(600)"), "08P01", Verdict.DEADLINE);
      PhysicalConnection waiting = openAtLast(bouncer.jdbcUrl(), login);
      bouncer.pause();
      fails(() -> ask(waiting, "select 1"), "08P01", Verdict.OUT_OF_SLOTS);
      bouncer.resume();
    }
    try (PgBouncer bouncer =
        PgBouncer.before(server, "transaction", Map.of("idle_transaction_timeout", "1"))) {
      PhysicalConnection idle = openAtLast(bouncer.jdbcUrl(), login);
      execute(idle, "begin");
      Await.until(LIMIT, () -> idle.look() == Look.DEAD, "the end of an idle transaction");
      fails(() -> ask(idle, "select 1"), "08P01", Verdict.CONNECTION_LOST);
    }
  }
}
