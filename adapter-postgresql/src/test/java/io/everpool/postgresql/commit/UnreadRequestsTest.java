package io.everpool.postgresql.commit;

import static io.everpool.postgresql.Sessions.LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.PgBouncer;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A server that ends a session because it has waited too long for its next request has not carried
 * that out, though it was sent already; nor has one that a pooler never gave it to. So there is no
 * doubt.
 */
@Timeout(600)
@Tag("one-jdk")
class UnreadRequestsTest {
  private static final String INSERT = "insert into entry values (1)";

  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.startEmbedded(ServerSettings.defaults());
    server.execute("create table entry (run int)");
    server.execute("grant all on entry to " + server.user());
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  @BeforeEach
  void empty() {
    server.execute("truncate entry");
  }

  private static Pool open(RetryConfig retry) throws SQLException {
    return Everpool.open(PoolConfig.builder(server.libpqUrl()).maxSize(1).retry(retry).build());
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String written() {
    return server.ask("select count(*) from entry");
  }

  /** Has the server end the only session when nothing comes for a while, and waits for that. */
  private static void endByWaiting(Connection connection, String limit) throws SQLException {
    execute(connection, "set " + limit + " = '200ms'");
    String there = "select count(*) from pg_stat_activity where usename = '" + server.user() + "'";
    Await.until(LIMIT, () -> server.ask(there).equals("0"), "the end of the session");
  }

  @Test
  void aCommitOutsideOfUnitsThatTheServerHasNotReadIsNoUnknownOne() throws SQLException {
    try (Pool pool = open(RetryConfig.DEFAULT);
        Connection connection = pool.getConnection()) {
      connection.setAutoCommit(false);
      execute(connection, INSERT);
      endByWaiting(connection, "idle_in_transaction_session_timeout");
      assertThatThrownBy(connection::commit)
          .isNotInstanceOf(CommitOutcomeUnknownException.class)
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25P03"));
    }
    assertThat(written()).isEqualTo("0");
  }

  @Test
  void aUnitWhoseCommitTheServerHasNotReadIsRunAgainWithoutAsking() throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(RetryConfig.DEFAULT.withCommitOutcome(false))) {
      pool.<SQLException>useTransaction(
          connection -> {
            execute(connection, INSERT);
            if (runs.incrementAndGet() == 1) {
              endByWaiting(connection, "idle_in_transaction_session_timeout");
            }
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  @Test
  void anInsertInAutocommitThatTheServerHasNotReadIsRunAgain() throws SQLException {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = open(RetryConfig.DEFAULT)) {
      pool.<SQLException>use(
          connection -> {
            if (runs.incrementAndGet() == 1) {
              endByWaiting(connection, "idle_session_timeout");
            }
            execute(connection, INSERT);
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  /** Its server connections are all at work; PgBouncer's least wait is a second. */
  @Test
  void anInsertThatPgBouncerHadNoServerForIsRunAgain() throws SQLException {
    assumeTrue(PgBouncer.Kind.FORGETS.isAvailable(), PgBouncer.Kind.FORGETS.missing());
    AtomicInteger runs = new AtomicInteger();
    Map<String, String> narrow = Map.of("default_pool_size", "1", "query_wait_timeout", "1");
    try (PgBouncer bouncer = PgBouncer.before(server, "transaction", narrow);
        Pool pool =
            Everpool.open(
                PoolConfig.builder(bouncer.jdbcUrl())
                    .user(server.user())
                    .password(server.password())
                    .maxSize(1)
                    .build());
        Connection other =
            DriverManager.getConnection(bouncer.jdbcUrl(), server.user(), server.password())) {
      other.setAutoCommit(false);
      pool.<SQLException>use(
          connection -> {
            if (runs.incrementAndGet() == 1) {
              execute(other, "select 1");
            }
            try {
              execute(connection, INSERT);
            } finally {
              other.rollback();
            }
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  private static Pool open(PgBouncer bouncer) throws SQLException {
    return Everpool.open(
        PoolConfig.builder(bouncer.jdbcUrl())
            .user(server.user())
            .password(server.password())
            .maxSize(1)
            .build());
  }

  /** It takes its leave of whoever has asked for nothing for a while; that may be sent by then. */
  @ParameterizedTest
  @EnumSource
  void anInsertOfAClientThatPgBouncerHasGivenUpIsRunAgain(
      PgBouncer.Kind kind, @TempDir Path directory) throws SQLException {
    assumeTrue(kind.isAvailable(), kind.missing());
    Path log = directory.resolve("log");
    AtomicInteger runs = new AtomicInteger();
    Map<String, String> impatient =
        Map.of("client_idle_timeout", "2", "logfile", log.toString(), "log_pooler_errors", "1");
    try (PgBouncer bouncer = kind.before(server, "transaction", impatient);
        Pool pool = open(bouncer)) {
      pool.<SQLException>use(
          connection -> {
            if (runs.incrementAndGet() == 1) {
              long before = givenUp(log);
              Await.until(LIMIT, () -> givenUp(log) > before, "the end of an idle client");
            }
            execute(connection, INSERT);
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  private static long givenUp(Path log) {
    try (Stream<String> lines = Files.lines(log)) {
      return lines.filter(line -> line.contains("pooler error: client_idle_timeout")).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** It has no server connection left, and has just failed to open one. */
  @ParameterizedTest
  @EnumSource
  void anInsertThatCameWhilePgBouncerCouldLogInNowhereIsRunAgain(PgBouncer.Kind kind)
      throws SQLException {
    assumeTrue(kind.isAvailable(), kind.missing());
    AtomicInteger runs = new AtomicInteger();
    Map<String, String> quick =
        Map.of("query_wait_timeout", "1", "server_login_retry", "0.1", "default_pool_size", "1");
    try (FaultProxy way = FaultProxy.before(server);
        PgBouncer bouncer = kind.before(server, way, "transaction", quick);
        Pool pool = open(bouncer)) {
      pool.<SQLException>use(
          connection -> {
            try {
              if (runs.incrementAndGet() == 1) {
                way.refuse();
                way.cut(FaultProxy.Cut.FIN);
                Await.until(LIMIT, () -> hasFailedToLogIn(bouncer), "failed logins");
              }
              execute(connection, INSERT);
            } finally {
              way.accept();
            }
          });
    }
    assertThat(runs).hasValue(2);
    assertThat(written()).isEqualTo("1");
  }

  private static boolean hasFailedToLogIn(PgBouncer bouncer) {
    try (Connection other =
        DriverManager.getConnection(bouncer.jdbcUrl(), server.user(), server.password())) {
      execute(other, "select 1");
      return false;
    } catch (SQLException e) {
      return String.valueOf(e.getMessage()).contains("server login has been failing");
    }
  }
}
