package io.everpool.postgresql.socket;

import static io.everpool.postgresql.Sessions.LIMIT;
import static io.everpool.postgresql.Sessions.TIMEOUT;
import static io.everpool.postgresql.Sessions.ask;
import static io.everpool.postgresql.Sessions.execute;
import static io.everpool.postgresql.Sessions.open;
import static io.everpool.postgresql.Sessions.pid;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.postgresql.PlainSocketFactory;
import io.everpool.postgresql.failure.FailureRules;
import io.everpool.servers.Await;
import io.everpool.servers.Certificate;
import io.everpool.servers.FaultProxy;
import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.FaultProxy.Direction;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import io.everpool.servers.ServerSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * A look finds every way in which a server closes a connection, and sends nothing; plain and under
 * TLS, where it is the raw socket beneath that is looked at.
 */
@Timeout(600)
class LookTest {

  /** How the connection is made. */
  enum Way {
    PLAIN("disable"),
    TLS("require");

    final String sslmode;

    Way(String sslmode) {
      this.sslmode = sslmode;
    }
  }

  private static PostgresServer server;
  private static FaultProxy proxy;

  @BeforeAll
  static void start(@TempDir Path certificates) throws IOException {
    Certificate certificate = Certificate.selfSigned(certificates, "localhost");
    server =
        PostgresServer.startEmbedded(
            ServerSettings.defaults()
                .with("ssl", "on")
                .with("ssl_cert_file", certificate.chain().toString())
                .with("ssl_key_file", certificate.key().toString()));
    proxy = FaultProxy.before(server);
  }

  @AfterAll
  static void stop() {
    proxy.close();
    server.close();
  }

  private static PhysicalConnection direct(Way way) throws SQLException {
    return checked(open(server.libpqUrl() + "?sslmode=" + way.sslmode), way);
  }

  private static PhysicalConnection proxied(Way way) throws SQLException {
    String url = server.libpqUrl(proxy.host(), proxy.port());
    return checked(open(url + "?sslmode=" + way.sslmode), way);
  }

  private static PhysicalConnection checked(PhysicalConnection connection, Way way)
      throws SQLException {
    String encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    assertThat(ask(connection, encrypted)).isEqualTo(way == Way.TLS ? "t" : "f");
    return connection;
  }

  private static void awaitDead(PhysicalConnection connection) throws SQLException {
    Await.until(LIMIT, () -> connection.look() == Look.DEAD, "the end to be seen");
    assertThatThrownBy(() -> connection.validate(TIMEOUT)).isInstanceOf(SQLException.class);
    connection.close();
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionAtRestIsAlive(Way way) throws SQLException {
    try (var connection = new Closing(direct(way))) {
      for (int i = 0; i < 1000; i++) {
        assertThat(connection.session().look()).isEqualTo(Look.ALIVE);
      }
      connection.session().validate(TIMEOUT);
      assertThat(connection.session().look()).isEqualTo(Look.ALIVE);
    }
  }

  /**
   * Not after the first query only: TLS 1.3 sends tickets of its own accord after the handshake.
   */
  @ParameterizedTest
  @EnumSource
  void aConnectionJustOpenedIsAlive(Way way) throws SQLException {
    try (var connection = new Closing(open(server.libpqUrl() + "?sslmode=" + way.sslmode))) {
      assertThat(connection.session().look()).isEqualTo(Look.ALIVE);
    }
  }

  /** A look may be in the middle of a fetch, when the rest of the rows is on the server. */
  @ParameterizedTest
  @EnumSource
  void lookingBetweenQueriesLosesNothing(Way way) throws SQLException {
    try (var connection = new Closing(direct(way))) {
      for (int i = 0; i < 200; i++) {
        String sql = "select repeat('x', " + i * 500 + ")";
        assertThat(ask(connection.session(), sql)).hasSize(i * 500);
        assertThat(connection.session().look()).isEqualTo(Look.ALIVE);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aTerminatedSessionIsDead(Way way) throws SQLException {
    PhysicalConnection connection = direct(way);
    server.terminate(pid(connection));
    awaitDead(connection);
  }

  /** The farewell isn't lost by looking: the next use tells the reason. */
  @ParameterizedTest
  @EnumSource
  void theReasonIsStillToldAfterTheLook(Way way) throws SQLException {
    PhysicalConnection connection = direct(way);
    server.terminate(pid(connection));
    Await.until(LIMIT, () -> connection.look() == Look.DEAD, "the end to be seen");
    assertThatThrownBy(() -> connection.validate(TIMEOUT))
        .isInstanceOfSatisfying(
            SQLException.class,
            e -> {
              assertThat(e.getSQLState()).isEqualTo("57P01");
              assertThat(FailureRules.classify(e)).isEqualTo(Verdict.SERVER_DOWN);
            });
    connection.close();
  }

  @ParameterizedTest
  @EnumSource
  void aFastShutdownIsSeen(Way way) throws SQLException {
    PhysicalConnection connection = direct(way);
    server.stop(Shutdown.FAST);
    awaitDead(connection);
    server.startAgain();
  }

  @ParameterizedTest
  @EnumSource
  void anImmediateShutdownIsSeen(Way way) throws SQLException {
    PhysicalConnection connection = direct(way);
    server.stop(Shutdown.IMMEDIATE);
    awaitDead(connection);
    server.startAgain();
  }

  @ParameterizedTest
  @EnumSource
  void aKilledServerIsSeen(Way way) throws SQLException {
    PhysicalConnection connection = direct(way);
    server.crash();
    awaitDead(connection);
    server.startAgain();
  }

  @ParameterizedTest
  @EnumSource
  void aKilledBackendIsSeenAndSoAreTheOthersItTakesAlong(Way way) throws SQLException {
    PhysicalConnection killed = direct(way);
    PhysicalConnection neighbour = direct(way);
    server.killBackend(pid(killed));
    awaitDead(killed);
    awaitDead(neighbour);
    Await.until(LIMIT, LookTest::answers, "the recovery");
  }

  private static boolean answers() {
    try {
      direct(Way.PLAIN).close();
      return true;
    } catch (SQLException e) {
      return false;
    }
  }

  @ParameterizedTest
  @EnumSource
  void anOrderlyCloseOnTheWayIsSeen(Way way) throws SQLException {
    PhysicalConnection connection = proxied(way);
    proxy.cut(Cut.FIN);
    awaitDead(connection);
  }

  @ParameterizedTest
  @EnumSource
  void aResetOnTheWayIsSeen(Way way) throws SQLException {
    PhysicalConnection connection = proxied(way);
    proxy.cut(Cut.RST);
    awaitDead(connection);
  }

  /** A query, or a byte, would keep a suspended server awake. */
  @ParameterizedTest
  @EnumSource
  void nothingIsSent(Way way) throws SQLException {
    try (var connection = new Closing(proxied(way))) {
      int pid = pid(connection.session());
      String activity =
          "select state || state_change || query from pg_stat_activity where pid = " + pid;
      Await.until(LIMIT, () -> server.ask(activity).startsWith("idle"), "an idle session");
      String before = server.ask(activity);
      long sent = proxy.bytes(Direction.TO_SERVER);
      for (int i = 0; i < 1000; i++) {
        assertThat(connection.session().look()).isEqualTo(Look.ALIVE);
      }
      assertThat(proxy.bytes(Direction.TO_SERVER)).isEqualTo(sent);
      assertThat(server.ask(activity)).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNotificationThatWaitsIsNeitherAliveNorDeadNorLost(Way way) throws SQLException {
    try (var connection = new Closing(direct(way))) {
      PhysicalConnection session = connection.session();
      execute(session, "listen news");
      server.execute("notify news, 'first'");
      Await.until(LIMIT, () -> session.look() == Look.UNSURE, "a byte");
      server.execute("notify news, 'second'");
      assertThat(session.look()).isEqualTo(Look.UNSURE);
      session.validate(TIMEOUT);
      assertThat(session.look()).isEqualTo(Look.ALIVE);
      PGNotification[] got = session.jdbc().unwrap(PGConnection.class).getNotifications();
      assertThat(got).extracting(PGNotification::getParameter).contains("first");
    }
  }

  /** More than a look takes in at a time, and still in order. */
  @ParameterizedTest
  @EnumSource
  void manyNotificationsAreNotMixedUp(Way way) throws SQLException {
    try (var connection = new Closing(direct(way))) {
      PhysicalConnection session = connection.session();
      execute(session, "listen news");
      server.execute(
          "select pg_notify('news', lpad(n::text, 100, '0')) from generate_series(1, 200) n");
      Await.until(LIMIT, () -> session.look() == Look.UNSURE, "a byte");
      PGConnection driver = session.jdbc().unwrap(PGConnection.class);
      int next = 1;
      while (next <= 200) {
        session.look();
        for (PGNotification got : driver.getNotifications(1000)) {
          assertThat(Integer.parseInt(got.getParameter())).isEqualTo(next++);
        }
      }
      session.validate(TIMEOUT);
    }
  }

  @Test
  void aCancelRequestIsNotTakenForTheConnection() throws SQLException {
    try (var connection = new Closing(direct(Way.PLAIN))) {
      PhysicalConnection session = connection.session();
      try (var statement = session.jdbc().createStatement()) {
        statement.setQueryTimeout(1);
        assertThatThrownBy(() -> statement.execute("select pg_sleep(30)"))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
      }
      assertThat(session.look()).isEqualTo(Look.ALIVE);
      server.terminate(pid(session));
      Await.until(LIMIT, () -> session.look() == Look.DEAD, "the end to be seen");
    }
  }

  @Test
  void aSocketOfTheUsersOwnIsBlindAndWorks() throws SQLException {
    String url = server.jdbcUrl() + "?socketFactory=" + PlainSocketFactory.class.getName();
    PhysicalConnection session =
        open(url, config -> config.user(server.user()).password(server.password()));
    assertThat(session.look()).isEqualTo(Look.BLIND);
    session.validate(TIMEOUT);
    session.abort();
    Await.until(
        LIMIT,
        () -> {
          try {
            return session.jdbc().isClosed();
          } catch (SQLException e) {
            return false;
          }
        },
        "the abort");
  }

  @Test
  void aClosedOrAbortedConnectionIsDead() throws SQLException {
    PhysicalConnection closed = direct(Way.TLS);
    closed.close();
    assertThat(closed.look()).isEqualTo(Look.DEAD);
    PhysicalConnection aborted = direct(Way.TLS);
    aborted.abort();
    aborted.abort();
    assertThat(aborted.look()).isEqualTo(Look.DEAD);
    assertThat(aborted.jdbc().isClosed()).isTrue();
  }

  /** Closes a session at the end of a test. */
  private record Closing(PhysicalConnection session) implements AutoCloseable {
    @Override
    public void close() throws SQLException {
      session.close();
    }
  }
}
