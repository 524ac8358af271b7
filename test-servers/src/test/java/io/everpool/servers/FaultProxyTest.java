package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.servers.FaultProxy.Cut;
import io.everpool.servers.FaultProxy.Direction;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each fault looks to pgjdbc as the same fault of a real network does. */
class FaultProxyTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static PostgresServer server;
  private FaultProxy proxy;

  @BeforeAll
  static void startServer() {
    server = PostgresServer.start();
    server.execute("create table noted (x int); grant all on noted to public");
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void start() {
    proxy = FaultProxy.before(server);
  }

  @AfterEach
  void stop() {
    proxy.close();
    Await.until(LIMIT, () -> proxy.open() == 0, "the end of every connection");
    Await.until(LIMIT, () -> server.backendPids().isEmpty(), "the end of every session");
  }

  private Connection connect() throws SQLException {
    return connect(60);
  }

  /** Gives up after so many seconds: few only where the proxy is silent, for a login takes time. */
  private Connection connect(int patience) throws SQLException {
    Properties login = new Properties();
    login.setProperty("user", server.user());
    login.setProperty("password", server.password());
    login.setProperty("socketTimeout", Integer.toString(patience));
    login.setProperty("loginTimeout", Integer.toString(patience));
    // one attempt each: after a silence of one with TLS the driver would try another without
    login.setProperty("sslmode", "disable");
    return DriverManager.getConnection(
        "jdbc:postgresql://127.0.0.1:" + proxy.port() + "/" + server.database(), login);
  }

  private static void awaitNoLonger(Connection connection) throws SQLException {
    connection.setNetworkTimeout(Runnable::run, 1_000);
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void aForgottenConnectionIsSilentAndANewOneIsNot() throws SQLException {
    try (Connection forgotten = connect();
        Connection other = connect(60)) {
      awaitNoLonger(forgotten);
      assertThat(proxy.forget()).isEqualTo(2);
      assertThatThrownBy(() -> run(forgotten, "select 1"))
          .hasRootCauseInstanceOf(SocketTimeoutException.class);
      assertThat(server.terminateAll()).isPositive();
      awaitNoLonger(other);
      assertThatThrownBy(() -> run(other, "select 1"))
          .as("not even the end of its session is told")
          .hasRootCauseInstanceOf(SocketTimeoutException.class);
      try (Connection next = connect()) {
        run(next, "select 1");
      }
    }
  }

  @Test
  void withoutAFaultItPassesEverythingOnAndCounts() throws SQLException {
    try (Connection connection = connect()) {
      run(connection, "select repeat('x', 100000)");
      assertThat(proxy.open()).isEqualTo(1);
    }
    assertThat(proxy.accepted()).isEqualTo(1);
    assertThat(proxy.bytes(Direction.TO_CLIENT)).isGreaterThan(100_000);
    assertThat(proxy.bytes(Direction.TO_SERVER)).isBetween(100L, 10_000L);
    Await.until(LIMIT, () -> proxy.open() == 0, "the end of the connection");
  }

  @Test
  void anOrderlyCutIsAnEndOfStream() throws SQLException {
    try (Connection connection = connect()) {
      assertThat(proxy.cut(Cut.FIN)).isEqualTo(1);
      assertThatThrownBy(() -> run(connection, "select 1"))
          .hasFieldOrPropertyWithValue("SQLState", "08006")
          .cause()
          .isInstanceOfAny(EOFException.class, SocketException.class);
      assertThat(proxy.cut(Cut.FIN)).as("cut twice").isZero();
    }
  }

  @Test
  void aBrutalCutIsAReset() throws SQLException {
    try (Connection connection = connect()) {
      proxy.cut(Cut.RST);
      assertThatThrownBy(() -> run(connection, "select 1"))
          .hasFieldOrPropertyWithValue("SQLState", "08006")
          .cause()
          .isInstanceOf(SocketException.class);
    }
  }

  @Test
  void aFrozenConnectionIsSilent() throws SQLException {
    try (Connection connection = connect()) {
      proxy.freeze();
      awaitNoLonger(connection);
      assertThatThrownBy(() -> run(connection, "select 1"))
          .cause()
          .isInstanceOf(SocketTimeoutException.class);
    }
    proxy.thaw();
    connect().close();
  }

  /** The request arrives, only its answer doesn't: the difference between not done and unknown. */
  @Test
  void oneDirectionCanBeFrozenAlone() throws SQLException {
    try (Connection connection = connect()) {
      proxy.freeze(Direction.TO_CLIENT);
      awaitNoLonger(connection);
      assertThatThrownBy(() -> run(connection, "insert into noted values (1)"))
          .cause()
          .isInstanceOf(SocketTimeoutException.class);
      Await.until(
          LIMIT,
          () -> server.ask("select count(*) from noted where x = 1").equals("1"),
          "the row that nobody was told of");
    }
    proxy.thaw();
  }

  @Test
  void aThawLetsTheAnswerThrough() throws SQLException {
    try (Connection connection = connect()) {
      proxy.freeze(Direction.TO_CLIENT);
      Thread thaw = new Thread(proxy::thaw, "thaw");
      long before = proxy.bytes(Direction.TO_SERVER);
      Thread watch =
          new Thread(
              () -> {
                Await.until(
                    LIMIT, () -> proxy.bytes(Direction.TO_SERVER) > before, "the request to pass");
                thaw.start();
              },
              "watch");
      watch.start();
      run(connection, "select 1");
    }
  }

  @Test
  void aDelayHoldsEachAnswerBack() throws SQLException {
    try (Connection connection = connect()) {
      proxy.delay(Direction.TO_CLIENT, Duration.ofMillis(120));
      long start = System.nanoTime();
      run(connection, "select 1");
      // a lower bound holds on any machine
      assertThat(System.nanoTime() - start).isGreaterThan(Duration.ofMillis(100).toNanos());
      proxy.delay(Direction.TO_CLIENT, Duration.ZERO);
    }
  }

  @Test
  void theReplyToOneRequestIsCutAndTheRequestWasDone() throws SQLException {
    try (Connection connection = connect();
        Connection other = connect()) {
      proxy.cutReplyTo("values (2)", Cut.RST);
      run(other, "select 1");
      assertThat(proxy.cutPending()).isTrue();
      assertThatThrownBy(() -> run(connection, "insert into noted values (2)"))
          .hasFieldOrPropertyWithValue("SQLState", "08006");
      assertThat(proxy.cutPending()).isFalse();
      assertThat(server.ask("select count(*) from noted where x = 2")).isEqualTo("1");
      run(other, "select 1");
    }
  }

  /** Its text went over the wire once and not again; the driver sends a name. */
  @Test
  void theReplyToAPreparedStatementIsCutAsWell() throws SQLException {
    try (Connection connection = connect()) {
      connection.setAutoCommit(false);
      for (int i = 0; i < 10; i++) {
        run(connection, "insert into noted values (3)");
        connection.commit();
      }
      run(connection, "insert into noted values (3)");
      proxy.cutReplyTo("COMMIT", Cut.RST);
      assertThatThrownBy(connection::commit).hasFieldOrPropertyWithValue("SQLState", "08006");
      assertThat(proxy.cutPending()).isFalse();
      Await.until(
          LIMIT,
          () -> server.ask("select count(*) from noted where x = 3").equals("11"),
          "the commit");
    }
  }

  @Test
  void refusedConnectsAreRefusedAndOpenOnesStay() throws SQLException {
    try (Connection connection = connect()) {
      proxy.refuse();
      assertThatThrownBy(this::connect)
          .hasFieldOrPropertyWithValue("SQLState", "08001")
          .cause()
          .isInstanceOf(ConnectException.class);
      run(connection, "select 1");
      proxy.accept();
      connect().close();
    }
  }

  @Test
  void aHangingConnectIsAcceptedAndNothingMore() throws SQLException {
    proxy.hang();
    assertThatThrownBy(() -> connect(1)).isInstanceOf(SQLException.class);
    Await.until( // by the proxy; by the kernel it was before
        LIMIT, () -> proxy.accepted() == 1, "the connection to be accepted");
    assertThat(proxy.bytes(Direction.TO_SERVER)).isZero();
    proxy.accept();
    connect().close();
  }

  @Test
  void aNewTargetTakesTheNextConnections() throws SQLException {
    try (PostgresServer other = PostgresServer.startEmbedded(server.settings)) {
      proxy.target(other);
      try (Connection connection = connect()) {
        assertThat(other.backendPids()).hasSize(1);
        assertThat(server.backendPids()).isEmpty();
        run(connection, "select 1");
      }
    }
  }
}
