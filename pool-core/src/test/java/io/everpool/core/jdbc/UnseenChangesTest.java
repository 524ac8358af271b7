package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What was changed by SQL or by the driver's own object is not taken for what a new connection has,
 * whenever that is read.
 */
@Tag("contract")
class UnseenChangesTest {
  private static final int COMMITTED = Connection.TRANSACTION_READ_COMMITTED;
  private static final int SERIALIZABLE = Connection.TRANSACTION_SERIALIZABLE;

  private final FakeDriver driver = new FakeDriver();

  /** Something done with a connection. */
  private interface Use {
    void of(Connection connection) throws SQLException;
  }

  /** What there is to see of one. */
  private interface Reading {
    @Nullable Object of(Connection connection) throws SQLException;
  }

  /** A piece of state, a value that no new connection has, and another. */
  private record Piece(String name, Reading reading, Use unseen, Use seen) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Properties info(String value) {
    Properties info = new Properties();
    info.setProperty("ApplicationName", value);
    return info;
  }

  private static Stream<Piece> pieces() {
    return Stream.of(
        new Piece(
            "autocommit",
            Connection::getAutoCommit,
            c -> c.setAutoCommit(false),
            c -> c.setAutoCommit(true)),
        new Piece(
            "read-only",
            Connection::isReadOnly,
            c -> c.setReadOnly(true),
            c -> c.setReadOnly(false)),
        new Piece(
            "isolation",
            Connection::getTransactionIsolation,
            c -> c.setTransactionIsolation(SERIALIZABLE),
            c -> c.setTransactionIsolation(COMMITTED)),
        new Piece(
            "catalog", Connection::getCatalog, c -> c.setCatalog("x"), c -> c.setCatalog("y")),
        new Piece("schema", Connection::getSchema, c -> c.setSchema("x"), c -> c.setSchema("y")),
        new Piece(
            "holdability",
            Connection::getHoldability,
            c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
            c -> c.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT)),
        new Piece(
            "network timeout",
            Connection::getNetworkTimeout,
            c -> c.setNetworkTimeout(Runnable::run, 123),
            c -> c.setNetworkTimeout(Runnable::run, 456)),
        new Piece(
            "client info",
            c -> c.getClientInfo().clone(),
            c -> c.setClientInfo(info("a")),
            c -> c.setClientInfo("ApplicationName", "b")),
        new Piece(
            "type map",
            c -> new HashMap<>(c.getTypeMap()),
            c -> c.setTypeMap(new HashMap<>(Map.of("x", String.class))),
            Connection::getTypeMap));
  }

  /** By the driver's own object, with a setter before, after, before and after, or none. */
  static Stream<Arguments> exposures() {
    return pieces()
        .flatMap(
            piece ->
                Stream.of("", "before", "after", "same after", "both")
                    .map(order -> arguments(piece, order)));
  }

  /** Of a driver of which nothing but java.sql is known: nothing is reset but by its setters. */
  @ParameterizedTest(name = "{0}, set by JDBC {1}")
  @MethodSource("exposures")
  void whatTheDriversOwnObjectChangedIsUndone(Piece piece, String order) throws SQLException {
    FakeLeaseManager leases = plain();
    PooledConnection connection = leases.acquire();
    Connection bare = start(connection);
    Object before = piece.reading().of(bare);
    if (order.equals("before") || order.equals("both")) {
      piece.seen().of(connection);
    }
    connection.unwrap(FakeDriver.Vendor.class);
    piece.unseen().of(bare);
    if (order.equals("after") || order.equals("both")) {
      piece.seen().of(connection);
    }
    if (order.equals("same after")) {
      piece.unseen().of(connection);
    }
    connection.close();
    assertThat(leases.released).hasValue(1);
    assertThat(piece.reading().of(bare)).isEqualTo(before);
  }

  /** What the driver can't tell isn't restored, and is no reason to refuse its own object. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "getHoldability",
        "getTypeMap",
        "getClientInfo",
        "getNetworkTimeout",
        "isReadOnly"
      })
  void whatTheDriverCannotTellIsLeftAlone(String method) throws SQLException {
    FakeLeaseManager leases = plain();
    PooledConnection connection = leases.acquire();
    start(connection);
    driver.failNext(method, new SQLFeatureNotSupportedException("can't tell", "0A000"));
    connection.unwrap(FakeDriver.Vendor.class);
    connection.close();
    assertThat(leases.released).hasValue(1);
  }

  /** What the server's reset brings back isn't asked of the server for that. */
  @Test
  void whatTheResetBringsBackIsNotRead() throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    try (PooledConnection connection = leases.acquire()) {
      connection.unwrap(FakeDriver.Vendor.class);
    }
    assertThat(driver.calls)
        .doesNotContain("getTransactionIsolation()", "getSchema()", "getClientInfo()");
  }

  /** Ways to set it past JDBC, and those by which JDBC comes to know a value then. */
  static Stream<Arguments> levels() {
    return Stream.of(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "SET everything",
            "BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
            "by the driver's own object")
        .flatMap(
            way ->
                Stream.of(
                        (Use) Connection::getTransactionIsolation,
                        c -> c.setTransactionIsolation(COMMITTED),
                        c -> c.setTransactionIsolation(SERIALIZABLE),
                        c -> {
                          c.getTransactionIsolation();
                          c.setTransactionIsolation(COMMITTED);
                        })
                    .map(then -> arguments(way, then)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("levels")
  void aLevelThatSqlHasSetIsNoNewConnections(String way, Use then) throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    PooledConnection connection = leases.acquire();
    Connection bare = start(connection);
    setUnseen(connection, way, () -> bare.setTransactionIsolation(SERIALIZABLE));
    then.of(connection);
    if (way.startsWith("BEGIN")) { // then it ends with the transaction
      driver.during("execute", () -> run(() -> bare.setTransactionIsolation(COMMITTED)));
    }
    connection.close();
    assertThat(bare.getTransactionIsolation()).isEqualTo(COMMITTED);
    try (PooledConnection next = leases.acquire()) {
      assertThat(next.getTransactionIsolation()).isEqualTo(COMMITTED);
      next.setTransactionIsolation(SERIALIZABLE);
    }
    assertThat(bare.getTransactionIsolation()).isEqualTo(COMMITTED);
    assertThat(leases.released).hasValue(2);
  }

  /** As after RESET ALL, which takes along what JDBC has set. */
  @ParameterizedTest
  @ValueSource(strings = {"SET everything", "by the driver's own object"})
  void aLevelThatJdbcHasSetMayBeGone(String way) throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    try (PooledConnection connection = leases.acquire()) {
      Connection bare = start(connection);
      connection.setTransactionIsolation(SERIALIZABLE);
      setUnseen(connection, way, () -> bare.setTransactionIsolation(COMMITTED));
      assertThat(connection.getTransactionIsolation()).isEqualTo(COMMITTED);
    }
  }

  /** A rerun begins as the first run did, though that has undone by SQL what its caller had set. */
  @Test
  void aRerunHasTheLevelThatItsCallerSet() throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    try (PooledConnection connection = leases.acquire()) {
      Connection bare = start(connection);
      connection.setTransactionIsolation(SERIALIZABLE);
      SessionState state = connection.state();
      setUnseen(connection, "SET everything", () -> bare.setTransactionIsolation(COMMITTED));
      connection.become(state);
      assertThat(bare.getTransactionIsolation()).isEqualTo(SERIALIZABLE);
    }
  }

  /** A schema that a failed run has set is left to the reset, which has to know of it. */
  @Test
  void whatIsLeftToTheResetIsResetAfterARerun() throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    SessionState state = connection.state();
    connection.setSchema("of the first run");
    connection.become(state);
    connection.close();
    assertThat(physical.resets).containsExactly("SMART " + FakeConnector.SET);
  }

  /** What other statements leave says nothing of the level: it isn't asked for again and again. */
  @Test
  void whatElseSqlLeavesCostsNoRoundTrip() throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    try (PooledConnection connection = leases.acquire()) {
      connection.createStatement().execute("LISTEN x");
      connection.getTransactionIsolation();
      driver.calls.clear();
      connection.getTransactionIsolation();
      assertThat(driver.calls).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"SET application_name = 'a'", "by the driver's own object"})
  void clientInfoThatSqlHasSetIsNoNewConnections(String way) throws SQLException {
    FakeLeaseManager leases = FakeLeaseManager.over(driver);
    PooledConnection connection = leases.acquire();
    Connection bare = start(connection);
    setUnseen(connection, way, () -> bare.setClientInfo(info("a")));
    connection.setClientInfo("ApplicationName", "b");
    connection.close();
    assertThat(bare.getClientInfo()).isEqualTo(info("new"));
    try (PooledConnection next = leases.acquire()) {
      next.setClientInfo("ApplicationName", "c");
    }
    assertThat(bare.getClientInfo()).as("and by its setter later").isEqualTo(info("new"));
  }

  /** A plain driver's level is set again after a text that may have set it, if it was known. */
  @Test
  void aTextThatSpeaksOfIsolationHasAPlainDriverLookedAt() throws SQLException {
    FakeLeaseManager leases = plain();
    PooledConnection connection = leases.acquire();
    Connection bare = start(connection);
    connection.getTransactionIsolation();
    setUnseen(
        connection,
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        () -> bare.setTransactionIsolation(SERIALIZABLE));
    connection.close();
    assertThat(bare.getTransactionIsolation()).isEqualTo(COMMITTED);
  }

  /** A driver's call. */
  private interface Call {
    void run() throws SQLException;
  }

  private static void setUnseen(PooledConnection connection, String way, Call call)
      throws SQLException {
    if (way.startsWith("by")) {
      connection.unwrap(FakeDriver.Vendor.class);
    } else {
      connection.createStatement().execute(way);
    }
    call.run();
  }

  /** What a new connection has; the server's reset brings back what is the server's. */
  private static Connection start(PooledConnection connection) throws SQLException {
    FakePhysical physical = FakeLeaseManager.physical(connection);
    Connection bare = physical.jdbc();
    Call reset =
        () -> {
          bare.setTransactionIsolation(COMMITTED);
          bare.setClientInfo(info("new"));
        };
    reset.run();
    physical.onReset =
        () -> {
          String last = physical.resets.get(physical.resets.size() - 1);
          if (last.contains("SET") || last.contains("exposed")) {
            run(reset);
          }
        };
    return bare;
  }

  private static void run(Call call) {
    try {
      call.run();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  /** Over a driver of which nothing but java.sql is known. */
  private FakeLeaseManager plain() {
    FakeConnector connector = new FakeConnector();
    connector.plain = true;
    return new FakeLeaseManager(
        FakeLeaseManager.settings().build(),
        connector,
        () -> {
          FakePhysical physical = driver.open();
          physical.tracksTransactions = false;
          return physical;
        });
  }
}
