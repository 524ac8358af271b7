package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.everpool.api.CloseReason;
import io.everpool.api.ResetMode;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.observe.PoolEvent;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A connection that comes back is as a new one. */
@Tag("contract")
class StateNeverLeaksTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  /** A setter, the call that undoes it, and a value that is the same as a new connection's. */
  private record Change(String name, Setter change, String undo) {
    @Override
    public String toString() {
      return name;
    }
  }

  private interface Setter {
    void on(Connection connection) throws SQLException;
  }

  static Stream<Change> changes() {
    Properties info = new Properties();
    info.setProperty("ApplicationName", "x");
    return Stream.of(
        new Change("autocommit", c -> c.setAutoCommit(false), "setAutoCommit(true)"),
        new Change("read-only", c -> c.setReadOnly(true), "setReadOnly(false)"),
        new Change(
            "isolation",
            c -> c.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE),
            "setTransactionIsolation(0)"),
        new Change("catalog", c -> c.setCatalog("x"), "setCatalog(text)"),
        new Change(
            "holdability",
            c -> c.setHoldability(ResultSet.HOLD_CURSORS_OVER_COMMIT),
            "setHoldability(0)"),
        new Change(
            "network timeout", c -> c.setNetworkTimeout(Runnable::run, 7), "setNetworkTimeout("),
        new Change("client info", c -> c.setClientInfo("x", "y"), "setClientInfo({})"),
        new Change("all client info", c -> c.setClientInfo(info), "setClientInfo({})"),
        new Change(
            "the info itself",
            c -> {
              Properties own = c.getClientInfo();
              own.setProperty("x", "y");
              c.setClientInfo(own);
            },
            "setClientInfo({})"),
        new Change("type map", c -> c.setTypeMap(Map.of("x", String.class)), "setTypeMap({})"),
        new Change("the map itself", c -> c.getTypeMap().put("x", String.class), "setTypeMap({})"));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void whatASetterChangedIsUndone(Change change) throws SQLException {
    PooledConnection connection = leases.acquire();
    change.change().on(connection);
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls.stream().filter(c -> c.startsWith("set")))
        .singleElement()
        .asString()
        .startsWith(change.undo());
    assertThat(leases.released).hasValue(1);
    assertThat(leases.resetsEnded).hasValue(1);
  }

  /** What is unchanged costs nothing, at the next return either. */
  @ParameterizedTest
  @MethodSource("changes")
  void theNextLeaseHasNothingToUndo(Change change) throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      change.change().on(connection);
    }
    PooledConnection next = leases.acquire();
    next.createStatement().close();
    driver.calls.clear();
    next.close();
    assertThat(driver.calls).isEmpty();
  }

  /** As MariaDB's client info, and ClickHouse's type map: what is set back is added. */
  @ParameterizedTest
  @ValueSource(strings = {"client info", "all client info", "the info itself"})
  void clientInfoThatADriverOnlyAddsToIsEmptied(String name) throws SQLException {
    driver.adds = true;
    PooledConnection connection = leases.acquire();
    connection.setClientInfo("kept", "first");
    Connection bare = FakeLeaseManager.physical(connection).jdbc();
    changes().filter(c -> c.name().equals(name)).findFirst().orElseThrow().change().on(connection);
    connection.close();
    assertThat(leases.released).hasValue(1);
    assertThat(bare.getClientInfo().values()).containsOnly("");
    driver.calls.clear();
    leases.acquire().close();
    assertThat(driver.calls).as("nothing is left to undo").isEmpty();
  }

  @Test
  void whatCannotBeEmptiedClosesTheConnection() throws SQLException {
    driver.adds = true;
    driver.keepsInfo = true;
    PooledConnection info = leases.acquire();
    info.setClientInfo("tenant", "7");
    info.close();
    PooledConnection map = leases.acquire();
    map.setTypeMap(Map.of("x", String.class));
    map.close();
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED, CloseReason.RESET_FAILED);
  }

  /** What a new connection has is read once, for reading may take a round trip. */
  @Test
  void theFirstValueIsReadOncePerConnection() throws SQLException {
    for (int i = 0; i < 3; i++) {
      try (PooledConnection connection = leases.acquire()) {
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      }
    }
    assertThat(driver.calls).filteredOn(c -> c.equals("getTransactionIsolation()")).hasSize(1);
  }

  @Test
  void whatTheProgramUndidItselfIsNotUndoneAgain() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.setAutoCommit(true);
    connection.setReadOnly(true);
    connection.setReadOnly(false);
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).noneMatch(c -> c.startsWith("set"));
  }

  /** Whether the setter did something before it failed, nobody knows. */
  @Test
  void aSetterThatFailedIsUndone() throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext("setReadOnly", new SQLException("within a transaction", "25001"));
    try {
      connection.setReadOnly(true);
    } catch (SQLException expected) {
      driver.calls.clear();
    }
    connection.close();
    assertThat(driver.calls).contains("setReadOnly(false)");
  }

  /** A value that can't be read can't be restored: it may be set, and costs the connection. */
  @Test
  void whatCannotBeRestoredClosesTheConnection() throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.failNext(
        "getNetworkTimeout", new SQLFeatureNotSupportedException("can't read", "0A000"));
    connection.setNetworkTimeout(Runnable::run, 5);
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED);
  }

  /**
   * A schema set by JDBC is a SET in SQL, where the reset knows it, for getSchema() doesn't tell
   * all of PostgreSQL's search path; without a reset it is restored by JDBC's means.
   */
  @ParameterizedTest
  @EnumSource(ResetMode.class)
  void aSchemaIsClearedByTheResetOrRestored(ResetMode mode) throws SQLException {
    FakeLeaseManager with =
        FakeLeaseManager.over(driver, FakeLeaseManager.settings().reset(mode).build());
    PooledConnection connection = with.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.setSchema("other");
    connection.createStatement().close();
    driver.calls.clear();
    connection.close();
    switch (mode) {
      case NONE -> assertThat(driver.calls).contains("setSchema(text)");
      case SMART -> assertThat(physical.resets).containsExactly("SMART " + FakeConnector.SET);
      case DISCARD_ALL ->
          assertThat(physical.resets).containsExactly("DISCARD_ALL " + FakeConnector.SET);
    }
    assertThat(with.released).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anOpenTransactionIsRolledBackWithAWarning(boolean driverKnows) throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).tracksTransactions = driverKnows;
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    driver.calls.clear();
    try (Logged logged = new Logged()) {
      connection.close();
      ILoggingEvent warning = logged.only(Level.WARN);
      assertThat(warning.getFormattedMessage())
          .isEqualTo(
              "Pool everpool: connection 1 came back with an open transaction, which was rolled"
                  + " back");
      assertThat(warning.getThrowableProxy().getStackTraceElementProxyArray())
          .as("says where")
          .anyMatch(f -> f.toString().contains("StateNeverLeaksTest"));
    }
    assertThat(driver.calls).containsSubsequence("rollback()", "setAutoCommit(true)");
    assertThat(driver.calls).doesNotContain("commit()");
    assertThat(leases.events).containsExactly(new PoolEvent.TransactionLeftOpen("everpool", 1));
    assertThat(leases.released).hasValue(1);
  }

  /** It is closed with that, and the program has made the same mistake. */
  @ParameterizedTest
  @EnumSource(
      value = CloseReason.class,
      names = {
        "MAX_LIFETIME",
        "MAX_QUERIES",
        "CREDENTIALS_EXPIRED",
        "EVICTED",
        "FENCED",
        "POOL_CLOSED"
      })
  void anOpenTransactionIsToldOfThoughItsConnectionIsToGo(CloseReason reason) throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.doom(connection, reason);
    driver.calls.clear();
    try (Logged logged = new Logged()) {
      connection.close();
      connection.close();
      assertThat(logged.only(Level.WARN).getFormattedMessage())
          .isEqualTo(
              "Pool everpool: connection 1 came back with an open transaction, which was rolled"
                  + " back");
    }
    assertThat(driver.calls).doesNotContain("commit()", "rollback()", "setAutoCommit(true)");
    assertThat(leases.events).containsExactly(new PoolEvent.TransactionLeftOpen("everpool", 1));
    assertThat(leases.closed).containsExactly(reason);
  }

  private interface Until {
    void done(PooledConnection connection) throws SQLException;
  }

  static Stream<Arguments> whatLeavesNoTransactionOpen() {
    Until nothing = connection -> {};
    Until lost =
        connection -> FakeLeaseManager.session(connection).loss = new SQLException("gone", "57P01");
    Until cutOff = connection -> FakeLeaseManager.physical(connection).breakOff();
    Until over =
        connection -> {
          Session session = FakeLeaseManager.session(connection);
          session.leases.cut(session, session.slot().lease, CloseReason.ABORTED);
        };
    return Stream.of(
        Arguments.of("committed", CloseReason.EVICTED, (Until) Connection::commit),
        Arguments.of("rolled back", CloseReason.EVICTED, (Until) Connection::rollback),
        Arguments.of("lost", CloseReason.MAX_LIFETIME, lost),
        Arguments.of("lost, as its socket knows", CloseReason.FENCED, cutOff),
        Arguments.of("ended by another", CloseReason.MAX_LIFETIME, over),
        Arguments.of("lost in use", CloseReason.FAILED, nothing),
        Arguments.of("cancelled", CloseReason.ABORTED, nothing));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("whatLeavesNoTransactionOpen")
  void whereAConnectionThatIsToGoLeavesNoneOpenNothingIsTold(
      String name, CloseReason reason, Until until) throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.doom(connection, reason);
    until.done(connection);
    try (Logged logged = new Logged()) {
      connection.close();
      assertThat(logged.messages(Level.WARN)).isEmpty();
    }
    assertThat(leases.events).isEmpty();
    assertThat(leases.closed).hasSize(1);
  }

  /** JDBC's rollback() refuses in autocommit; the transaction is there all the same. */
  @Test
  void aTransactionBegunInSqlIsRolledBackInSql() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.createStatement().execute("BEGIN");
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).contains("execute(ROLLBACK)").doesNotContain("rollback()");
    assertThat(leases.events).hasSize(1);
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void aFailedTransactionIsRolledBackToo() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLeaseManager.physical(connection).transaction(TransactionState.FAILED);
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).contains("rollback()");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatWasCommittedOrRolledBackIsLeftAlone(boolean driverKnows) throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).tracksTransactions = driverKnows;
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    connection.commit();
    connection.createStatement().execute("insert");
    connection.rollback();
    connection.createStatement().execute("insert");
    connection.setAutoCommit(true);
    FakeLeaseManager.physical(connection).transaction(TransactionState.NONE);
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).doesNotContain("rollback()", "commit()");
    assertThat(leases.events).isEmpty();
  }

  @Test
  void whatSqlHasSetIsClearedByTheReset() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.createStatement().execute("SET x = 1");
    connection.prepareStatement("LISTEN y").execute();
    connection.createStatement().execute("select 1");
    connection.close();
    assertThat(physical.resets).containsExactly("SMART [SET, LISTEN]");
    try (PooledConnection next = leases.acquire()) {
      next.createStatement().execute("select 1");
    }
    assertThat(physical.resets).as("the next lease left no sideEffects").hasSize(1);
  }

  /** What it would have set isn't there, and no later lease is taken for one that has set it. */
  @Test
  void whatWasPreparedAndNeverExecutedLeavesNothing() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.prepareStatement("SET x = 1").close();
    assertThat(FakeLeaseManager.session(connection).hasSideEffects()).isFalse();
    connection.close();
    assertThat(physical.resets).isEmpty();
    try (PooledConnection next = leases.acquire()) {
      next.createStatement().execute("select 1");
      assertThat(FakeLeaseManager.session(next).hasSideEffects()).isFalse();
    }
    assertThat(physical.resets).isEmpty();
  }

  @Test
  void withoutAResetTracesStay() throws SQLException {
    FakeLeaseManager none =
        FakeLeaseManager.over(driver, FakeLeaseManager.settings().reset(ResetMode.NONE).build());
    PooledConnection connection = none.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.createStatement().execute("SET x = 1");
    connection.close();
    assertThat(physical.resets).isEmpty();
  }

  @Test
  void discardAllFollowsEachLeaseThatRanAStatement() throws SQLException {
    FakeLeaseManager all =
        FakeLeaseManager.over(
            driver, FakeLeaseManager.settings().reset(ResetMode.DISCARD_ALL).build());
    PooledConnection connection = all.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.createStatement().close();
    connection.close();
    assertThat(physical.resets).isEmpty();
    try (PooledConnection next = all.acquire()) {
      next.createStatement().execute("select 1");
    }
    assertThat(physical.resets).containsExactly("DISCARD_ALL []");
  }

  /** Outside of a transaction, and before what JDBC set, which a reset might set back. */
  @Test
  void theOrderIsRollBackThenAutocommitThenResetThenTheRest() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setAutoCommit(false);
    connection.createStatement().execute("SET x = 1");
    driver.calls.clear();
    physical.onReset = () -> driver.calls.add("reset");
    connection.close();
    assertThat(driver.calls)
        .containsSubsequence(
            "close()",
            "rollback()",
            "setAutoCommit(true)",
            "reset",
            "setTransactionIsolation(0)",
            "clearWarnings()");
  }

  @ParameterizedTest
  @ValueSource(strings = {"rollback", "setAutoCommit", "clearWarnings", "close"})
  void aConnectionWhoseCleanUpFailsIsClosedAndCloseDoesNotThrow(String step) throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    driver.failNext(step, new SQLException("no", "XX000"));
    try (Logged logged = new Logged()) {
      connection.close();
      assertThat(logged.messages(Level.WARN))
          .anyMatch(m -> m.contains("could not be brought back"));
    }
    assertThat(leases.closed).containsExactly(CloseReason.RESET_FAILED);
    assertThat(leases.released).hasValue(0);
    assertThat(leases.resetsEnded).hasValue(1);
  }

  @Test
  void aFatalFailureOfTheCleanUpIsNewsAboutTheServer() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).resetFailure = new SQLException("gone", "57P01");
    connection.createStatement().execute("SET x = 1");
    connection.close();
    assertThat(leases.doomed).hasSize(1);
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /** What refuses a write of the clean-up may be what the program has asked for. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aWriteRefusedInTheCleanUpIsNewsIfTheServerRefusesThem(boolean server) throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).readOnlyServer = server;
    connection.setReadOnly(true);
    driver.failNext("setReadOnly", new SQLException("read-only", "25006"));
    connection.close();
    assertThat(leases.doomed).hasSize(server ? 1 : 0);
    assertThat(leases.closed)
        .containsExactly(server ? CloseReason.FAILED : CloseReason.RESET_FAILED);
  }

  /** Nobody waits for a dead server to roll back. */
  @Test
  void aDoomedConnectionIsNotCleaned() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    driver.failNext("execute", new SQLException("gone", "08006"));
    try {
      connection.createStatement().execute("insert");
    } catch (SQLException expected) {
      driver.calls.clear();
    }
    try (Logged logged = new Logged()) {
      connection.close();
      assertThat(logged.messages(Level.WARN)).isEmpty();
    }
    assertThat(driver.calls).filteredOn(c -> !c.startsWith("abort")).isEmpty();
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
    assertThat(List.copyOf(leases.events)).isEmpty();
  }
}
