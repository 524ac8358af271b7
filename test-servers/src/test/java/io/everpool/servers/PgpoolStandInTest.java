package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** What a client of Pgpool-II's sees, a client of the stand-in sees as well. */
@Timeout(180)
class PgpoolStandInTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String IS_STANDBY = "select pg_is_in_recovery()";

  private static PostgresServer primary;
  private static Replica standby;

  private PgpoolStandIn pgpool;

  @BeforeAll
  static void startServers() {
    primary = PostgresServer.startEmbedded(ServerSettings.defaults());
    primary.execute("create table ledger (x text)");
    primary.execute("grant all on ledger to " + primary.user());
    standby = Replica.of(primary);
    standby.awaitReplayOf(primary);
  }

  @AfterAll
  static void stopServers() {
    standby.close();
    primary.close();
  }

  @BeforeEach
  void start() {
    pgpool = PgpoolStandIn.before(primary, standby.server(), sql -> sql.startsWith("select"));
  }

  @AfterEach
  void stop() {
    pgpool.close();
  }

  private Connection connect(String mode, String more) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", primary.user());
    login.setProperty("password", primary.password());
    login.setProperty("preferQueryMode", mode);
    login.setProperty("socketTimeout", "60");
    login.setProperty("ApplicationName", "pgpool-client");
    return DriverManager.getConnection(pgpool.jdbcUrl() + more, login);
  }

  private static @Nullable String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      return row.next() ? row.getString(1) : "no row";
    }
  }

  private static void execute(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String sessions() {
    return primary.ask(
        "select count(*) from pg_stat_activity where application_name = 'pgpool-client'");
  }

  @ParameterizedTest
  @ValueSource(strings = {"simple", "extended"})
  void readsGoToTheStandbyAndAllElseToThePrimary(String mode) throws SQLException {
    try (Connection connection = connect(mode, "")) {
      assertThat(ask(connection, IS_STANDBY)).isEqualTo("t");
      assertThat(ask(connection, "/* */ " + IS_STANDBY)).isEqualTo("f");
    }
  }

  /** As with {@code disable_load_balance_on_write = off}; and the transaction goes on. */
  @ParameterizedTest
  @ValueSource(strings = {"simple", "extended"})
  void soDoReadsOfATransactionThatHasWritten(String mode) throws SQLException {
    String count = "select count(*) from ledger where x = '" + mode + "'";
    try (Connection connection = connect(mode, "")) {
      connection.setAutoCommit(false);
      execute(connection, "insert into ledger values ('" + mode + "')");
      assertThat(ask(connection, IS_STANDBY)).isEqualTo("t");
      assertThat(ask(connection, count)).as("its own row isn't there").isEqualTo("0");
      assertThat(ask(connection, "/* */ " + count)).isEqualTo("1");
      connection.commit();
    }
    assertThat(primary.ask(count)).isEqualTo("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"simple", "extended"})
  void theStandbysRowsArriveAsTheyAre(String mode) throws SQLException {
    try (Connection connection = connect(mode, "");
        Statement statement = connection.createStatement()) {
      try (ResultSet rows =
          statement.executeQuery("select * from (values ('a', 1), (null, 2)) v order by 2")) {
        assertThat(rows.next()).isTrue();
        assertThat(rows.getString(1)).isEqualTo("a");
        assertThat(rows.getInt(2)).isEqualTo(1);
        assertThat(rows.next()).isTrue();
        assertThat(rows.getString(1)).isNull();
        assertThat(rows.getInt(2)).isEqualTo(2);
        assertThat(rows.next()).isFalse();
      }
      assertThat(ask(connection, "select 1 where false")).isEqualTo("no row");
      assertThat(ask(connection, IS_STANDBY)).as("it goes on").isEqualTo("t");
    }
  }

  @Test
  void itTellsItsVersionToWhoeverAsksSimply() throws SQLException {
    try (Connection simple = connect("simple", "")) {
      assertThat(ask(simple, "SHOW pool_version")).startsWith("4.3");
    }
    try (Connection extended = connect("extended", "")) {
      assertThatThrownBy(() -> ask(extended, "SHOW pool_version"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42704"));
    }
  }

  /** It lasts as long as the client does. */
  @Test
  void aSessionIsTheClientsAlone() throws SQLException {
    try (Connection connection = connect("extended", "");
        Connection other = connect("extended", "")) {
      execute(connection, "set work_mem = '7MB'");
      assertThat(ask(connection, "show work_mem")).isEqualTo("7MB");
      assertThat(ask(other, "show work_mem")).isEqualTo("4MB");
      assertThat(sessions()).isEqualTo("2");
    }
    Await.until(LIMIT, () -> sessions().equals("0"), "their ends");
  }

  /** The key that it tells is another process's, and it takes it for its own nevertheless. */
  @Test
  void aCancelReachesTheProcessThatTheClientWasNotToldOf() throws Exception {
    try (Connection connection = connect("extended", "");
        Statement statement = connection.createStatement()) {
      String pid = ask(connection, "/* */ select pg_backend_pid()");
      String told = String.valueOf(connection.unwrap(PGConnection.class).getBackendPID());
      assertThat(told).isNotEqualTo(pid);
      assertThat(primary.ask("select count(*) from pg_stat_activity where pid = " + told))
          .isEqualTo("0");
      CompletableFuture<Void> busy =
          CompletableFuture.runAsync(
              () -> {
                try {
                  statement.execute("/* */ select pg_sleep(100)");
                } catch (SQLException e) {
                  throw new CompletionException(e);
                }
              });
      String runs = "select count(*) from pg_stat_activity where state = 'active' and pid = " + pid;
      Await.until(LIMIT, () -> primary.ask(runs).equals("1"), "the statement to run");
      statement.cancel();
      assertThatThrownBy(busy::get)
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
      assertThat(ask(connection, "/* */ select 1")).isEqualTo("1");
    }
  }

  @Test
  void itHasNoTls() throws SQLException {
    connect("extended", "?sslmode=prefer").close();
    assertThatThrownBy(() -> connect("extended", "?sslmode=require"))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("SSL");
  }

  @Test
  void aSessionThatThePrimaryEndsIsTheClientsEnd() throws SQLException {
    try (Connection connection = connect("extended", "")) {
      primary.terminate(Integer.parseInt(ask(connection, "/* */ select pg_backend_pid()")));
      assertThatThrownBy(() -> execute(connection, "/* */ select 1"))
          .isInstanceOf(SQLException.class);
      assertThat(connection.isClosed()).isTrue();
    }
  }

  @Test
  void itsEndIsTheEndOfAll() throws SQLException {
    try (Connection connection = connect("extended", "")) {
      pgpool.close();
      assertThatThrownBy(() -> execute(connection, "/* */ select 1"))
          .isInstanceOf(SQLException.class);
      Await.until(LIMIT, () -> sessions().equals("0"), "the end of its session");
    }
    assertThatThrownBy(() -> connect("extended", "")).isInstanceOf(SQLException.class);
  }
}
