package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.servers.PostgresServer.Ability;
import io.everpool.servers.PostgresServer.Shutdown;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What the other tests rely on: a server that does what is said of it. */
class PostgresServerTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static PostgresServer server;

  @BeforeAll
  static void start() {
    server = PostgresServer.start(ServerSettings.defaults().with("max_connections", "17"));
  }

  @AfterAll
  static void stop() {
    server.close();
  }

  /** A session is among the server's for a while after its client has closed it. */
  @AfterEach
  void awaitRest() {
    Await.until(LIMIT, () -> server.backendPids().isEmpty(), "the end of every session");
  }

  private static Connection connect(String password) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", server.user());
    login.setProperty("password", password);
    login.setProperty("ApplicationName", "mine");
    login.setProperty("socketTimeout", "30");
    return DriverManager.getConnection(server.jdbcUrl(), login);
  }

  private static Connection connect() throws SQLException {
    return connect(server.password());
  }

  private static int pid(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        var rows = statement.executeQuery("select pg_backend_pid()")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private static String state(Connection connection) {
    try {
      pid(connection);
      return "alive";
    } catch (SQLException e) {
      return e.getSQLState();
    }
  }

  private static boolean answers() {
    try (Connection connection = connect()) {
      return connection.isValid(20);
    } catch (SQLException e) {
      return false;
    }
  }

  @Test
  void parametersAreTheServersFromTheStart() {
    assertThat(server.ask("show max_connections")).isEqualTo("17");
    assertThat(server.ask("show synchronous_commit")).isEqualTo("on");
  }

  /** One that was open before, too; what it did with its old ones nobody could say. */
  @Test
  void aChangedParameterIsEverySessionsFromItsNextCommandOn() throws SQLException {
    try (Connection connection = connect()) {
      assertThat(shown(connection, "work_mem")).isEqualTo("4MB");
      server.alter("work_mem", "1234kB");
      assertThat(shown(connection, "work_mem")).isEqualTo("1234kB");
      server.alterBack("work_mem");
      assertThat(shown(connection, "work_mem")).isEqualTo("4MB");
    }
  }

  private static String shown(Connection connection, String parameter) throws SQLException {
    try (Statement statement = connection.createStatement();
        var rows = statement.executeQuery("show " + parameter)) {
      rows.next();
      return rows.getString(1);
    }
  }

  /** A default of trust would let every test of wrong passwords pass for nothing. */
  @Test
  void aWrongPasswordIsRefusedAndCounted() {
    long before = server.loginFailures();
    assertThatThrownBy(() -> connect("wrong"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("28P01"));
    Await.until(LIMIT, () -> server.loginFailures() == before + 1, "the log of a failed login");
  }

  @Test
  void sessionsAreCountedAsTheyOpenAndTheServersOwnAreNot() throws SQLException {
    long before = server.connectionsOpened();
    try (Connection one = connect();
        Connection two = connect()) {
      assertThat(server.backendPids("mine")).containsExactly(pid(one), pid(two));
      server.execute("select 1");
      assertThat(server.connectionsOpened()).isEqualTo(before + 2);
    }
  }

  @Test
  void oneSessionIsTerminatedAndTheOthersAreNot() throws SQLException {
    try (Connection one = connect();
        Connection two = connect()) {
      server.terminate(pid(one));
      assertThat(state(one)).isEqualTo("57P01");
      assertThat(state(two)).isEqualTo("alive");
      assertThat(server.terminateAll("other")).isZero();
      assertThat(server.terminateAll("mine")).isEqualTo(1);
      assertThat(state(two)).isEqualTo("57P01");
    }
  }

  @Test
  void aFastRestartEndsSessionsAndKeepsPortAndData() throws SQLException {
    server.execute("create table kept as select 1 as x");
    try (Connection connection = connect()) {
      server.restart(Shutdown.FAST);
      assertThat(state(connection)).isEqualTo("57P01");
    }
    assertThat(server.ask("select x from kept")).isEqualTo("1");
  }

  @Test
  void aStoppedServerRefusesUntilItIsStartedAgain() {
    server.stop(Shutdown.IMMEDIATE);
    assertThat(answers()).isFalse();
    server.startAgain();
    assertThat(answers()).isTrue();
  }

  @Test
  void aCrashLosesNothingAcknowledged() throws SQLException {
    assumeTrue(server.abilities().contains(Ability.CRASH));
    server.execute("create table written as select 7 as x");
    try (Connection connection = connect()) {
      server.crash();
      assertThat(state(connection)).isEqualTo("08006");
      server.startAgain();
    }
    assertThat(server.ask("select x from written")).isEqualTo("7");
  }

  @Test
  void aKilledBackendTakesTheOthersWithIt() throws SQLException {
    assumeTrue(server.abilities().contains(Ability.KILL_BACKEND));
    try (Connection one = connect();
        Connection two = connect()) {
      server.killBackend(pid(one));
      assertThat(state(one)).isEqualTo("08006");
      Await.until(LIMIT, () -> !state(two).equals("alive"), "the end of the other session");
    }
    Await.until(LIMIT, PostgresServerTest::answers, "the recovery");
  }

  @Test
  void aFrozenServerIsSilentAndThaws() throws SQLException {
    assumeTrue(server.abilities().contains(Ability.FREEZE));
    try (Connection connection = connect()) {
      server.freeze();
      try {
        assertThat(connection.isValid(1)).isFalse();
      } finally {
        server.thaw();
      }
    }
    assertThat(answers()).isTrue();
  }

  @Test
  void tlsIsTakenWithACertificateThatAClientCanVerify() throws SQLException {
    try (PostgresServer secure = PostgresServer.start(ServerSettings.defaults().withTls());
        Connection connection =
            DriverManager.getConnection(
                secure.jdbcUrl()
                    + "?sslmode=verify-full&channelBinding=require&sslrootcert="
                    + secure.certificate(),
                secure.user(),
                secure.password());
        Statement statement = connection.createStatement();
        var rows =
            statement.executeQuery("select ssl from pg_stat_ssl where pid = pg_backend_pid()")) {
      rows.next();
      assertThat(rows.getBoolean(1)).isTrue();
    }
  }

  @Test
  void theUrlCarriesTheCredentialsEncoded() {
    ServerSettings settings = ServerSettings.defaults().withPassword("p@ss:w/rd %");
    PostgresServer fake = new EmbeddedServer(settings, new Cluster(Binaries.home()), Port.claim());
    try (fake) {
      assertThat(fake.libpqUrl())
          .isEqualTo("postgresql://app:p%40ss%3Aw%2Frd%20%25@127.0.0.1:" + fake.port() + "/app");
    }
  }
}
