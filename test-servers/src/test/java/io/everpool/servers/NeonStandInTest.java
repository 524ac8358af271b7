package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import javax.net.SocketFactory;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** What a client of Neon's sees, a client of the stand-in sees as well. */
@Tag("one-jdk")
class NeonStandInTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration FIVE_MINUTES = NeonStandIn.SUSPEND_AFTER;
  private NeonStandIn neon;

  @BeforeEach
  void start() {
    neon = NeonStandIn.start();
  }

  @AfterEach
  void stop() {
    neon.close();
  }

  private Properties login() {
    Properties login = new Properties();
    login.setProperty("user", neon.compute().user());
    login.setProperty("password", neon.compute().password());
    login.setProperty("socketTimeout", "60");
    login.setProperty("loginTimeout", "60");
    return login;
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(neon.jdbcUrl(), login());
  }

  /** By the host's name, which leads here whatever DNS says. */
  private Connection connectByName(String host, String more) throws SQLException {
    Properties login = login();
    login.setProperty("socketFactory", ToLoopback.class.getName());
    String database = neon.compute().database();
    return DriverManager.getConnection(
        "jdbc:postgresql://" + host + ":" + neon.port() + "/" + database + "?" + more, login);
  }

  private static String ask(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static void isRefused(ThrowingCallable connecting, String words) {
    assertThatThrownBy(connecting)
        .isInstanceOf(SQLException.class)
        .hasMessage("ERROR: " + words)
        .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("XX000"));
  }

  /** Connects to the loopback address, whatever it is told. */
  public static final class ToLoopback extends SocketFactory {
    @Override
    public Socket createSocket() {
      return new Socket() {
        @Override
        public void connect(SocketAddress endpoint, int timeout) throws IOException {
          int port = ((InetSocketAddress) endpoint).getPort();
          super.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), timeout);
        }
      };
    }

    @Override
    public Socket createSocket(String host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
      throw new UnsupportedOperationException();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"sslmode=require", "sslmode=require&sslNegotiation=direct"})
  void theEndpointIsFoundByTheNameThatTheClientAskedFor(String how) throws SQLException {
    String host = neon.endpoint() + "." + neon.domain();
    try (Connection connection = connectByName(host, how)) {
      assertThat(ask(connection, "select current_database()")).isEqualTo("app");
    }
  }

  @Test
  void orByAnOptionAndTheOtherOptionsGoThroughToTheCompute() throws SQLException {
    String url = neon.jdbcUrl() + "%20-c%20statement_timeout=12s";
    try (Connection connection = DriverManager.getConnection(url, login())) {
      assertThat(ask(connection, "show statement_timeout")).isEqualTo("12s");
    }
  }

  @Test
  void withoutAnEndpointNobodyIsLetIn() {
    isRefused(
        () -> connectByName("127.0.0.1", "sslmode=require"),
        "Endpoint ID is not specified. Either please upgrade the postgres client library (libpq)"
            + " for SNI support or pass the endpoint ID (first part of the domain name) as a"
            + " parameter: '?options=endpoint%3D<endpoint-id>'. See more at https://neon.tech/sni");
  }

  @Test
  void norWithOneThatIsNotThere() {
    isRefused(
        () -> connectByName("ep-no-such-1." + neon.domain(), "sslmode=require"),
        "The requested endpoint could not be found, or you don't have access to it. Please check"
            + " the provided ID and try again.");
  }

  @Test
  void norWithTwoOfThem() {
    isRefused(
        () ->
            connectByName(
                neon.endpoint() + "." + neon.domain(), "sslmode=require&options=endpoint%3Dep-a-b"),
        "Inconsistent project name inferred from SNI ('"
            + neon.endpoint()
            + "') and project option ('ep-a-b').");
  }

  @Test
  void norWithoutTls() {
    isRefused(
        () -> connectByName("127.0.0.1", "sslmode=disable"),
        "connection is insecure (try using `sslmode=require`)");
  }

  @Test
  void whatTheComputeRefusesTheProxySaysInItsOwnWords() {
    isRefused(
        () -> {
          Properties login = login();
          login.setProperty("password", "wrong");
          DriverManager.getConnection(neon.jdbcUrl(), login);
        },
        "password authentication failed for user 'app'");
    isRefused(
        () -> DriverManager.getConnection(neon.jdbcUrl().replace("/app?", "/no?"), login()),
        "database \"no\" does not exist");
  }

  @Test
  void whatItIsToldToRefuseItRefuses() throws SQLException {
    neon.refuse(NeonStandIn.NO_COMPUTE);
    isRefused(this::connect, "Couldn't connect to compute node");
    neon.refuse(null);
    connect().close();
  }

  @Test
  void aStatementIsCancelledThroughTheProxy() throws Exception {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      int pid = connection.unwrap(PGConnection.class).getBackendPID();
      Thread canceller =
          new Thread(
              () -> {
                Await.until(
                    LIMIT,
                    () ->
                        neon.compute()
                            .ask("select wait_event from pg_stat_activity where pid = " + pid)
                            .equals("PgSleep"),
                    "the statement to run");
                assertThatCode(statement::cancel).doesNotThrowAnyException();
              });
      canceller.start();
      assertThatThrownBy(() -> statement.execute("select pg_sleep(60)"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("canceling statement");
      canceller.join();
    }
  }

  @Test
  void aSuspensionClosesTheConnectionsAndTheNextConnectWakesTheCompute() throws SQLException {
    Connection connection = connect();
    assertThat(ask(connection, "select 1")).isEqualTo("1");
    neon.suspend();
    assertThat(neon.suspended()).isTrue();
    assertThat(neon.open()).isZero();
    assertThatThrownBy(() -> ask(connection, "select 1"))
        .isInstanceOf(SQLException.class)
        .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isIn("57P01", "08006"));

    neon.coldStart(Duration.ofMillis(300));
    long before = System.nanoTime();
    try (Connection next = connect()) {
      assertThat(ask(next, "select 1")).isEqualTo("1");
    }
    assertThat(System.nanoTime() - before).isGreaterThanOrEqualTo(300_000_000L);
    assertThat(neon.suspended()).isFalse();
    assertThat(neon.suspensions()).isEqualTo(1);
    assertThat(neon.coldStarts()).isEqualTo(1);
  }

  @Test
  void theComputeIsSuspendedFiveMinutesAfterItsLastQuery() throws SQLException {
    try (Connection connection = connect()) {
      neon.letPass(FIVE_MINUTES.minusSeconds(1));
      assertThat(ask(connection, "select 1")).isEqualTo("1");
      neon.letPass(FIVE_MINUTES.minusSeconds(1));
      assertThat(neon.suspended()).isFalse();
      neon.letPass(Duration.ofSeconds(1));
      assertThat(neon.suspended()).isTrue();
    }
    neon.letPass(FIVE_MINUTES.multipliedBy(3));
    assertThat(neon.suspensions()).isEqualTo(1);
  }

  @Test
  void anOpenTransactionKeepsItAwakeAndAnIdleSessionDoesNot() throws SQLException {
    try (Connection connection = connect()) {
      connection.setAutoCommit(false);
      ask(connection, "select 1");
      for (int i = 0; i < 3; i++) {
        neon.letPass(FIVE_MINUTES);
        assertThat(neon.suspended()).isFalse();
      }
      connection.rollback();
      neon.letPass(FIVE_MINUTES);
      assertThat(neon.suspended()).isTrue();
    }
  }

  @Test
  void aNewSessionKeepsItAwakeThoughItAsksNothing() throws SQLException {
    neon.letPass(FIVE_MINUTES.minusSeconds(1));
    try (Connection connection = connect()) {
      assertThat(connection.isClosed()).isFalse();
      neon.letPass(FIVE_MINUTES.minusSeconds(1));
      assertThat(neon.suspended()).isFalse();
      neon.letPass(FIVE_MINUTES);
      assertThat(neon.suspended()).isTrue();
    }
  }

  /** The goodbye of a session is no activity. */
  @Test
  void theEndOfASessionIsNone() throws SQLException {
    connect().close();
    Await.until(LIMIT, () -> neon.compute().backendPids().isEmpty(), "the end of the session");
    neon.letPass(FIVE_MINUTES);
    assertThat(neon.suspended()).isTrue();
  }

  @Test
  void inRealTimeItGoesByItself() throws SQLException {
    try (NeonStandIn real = NeonStandIn.startInRealTime(Duration.ofMillis(300));
        Connection connection = connect(real)) {
      Await.until(LIMIT, real::suspended, "the suspension");
      assertThatThrownBy(() -> ask(connection, "select 1")).isInstanceOf(SQLException.class);
    }
  }

  /** On a busy machine it may be suspended under the eyes of whoever logs in. */
  private static Connection connect(NeonStandIn real) throws SQLException {
    while (true) {
      long before = real.suspensions();
      try {
        return DriverManager.getConnection(real.jdbcUrl(), of(real));
      } catch (SQLException e) {
        if (real.suspensions() == before) {
          throw e;
        }
      }
    }
  }

  private static Properties of(NeonStandIn real) {
    Properties login = new Properties();
    login.setProperty("user", real.compute().user());
    login.setProperty("password", real.compute().password());
    return login;
  }
}
