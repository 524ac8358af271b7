package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.TransactionState;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Wrapper;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What the faces mean, over a driver that doesn't do anything. */
class FacesTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  /** What a lease does. */
  private interface Use {
    void of(Connection connection) throws SQLException;
  }

  @Test
  void closingGivesBackOnceHoweverOftenItIsDone() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.close();
    connection.close();
    assertThat(leases.released).hasValue(1);
  }

  /** Its slot is somebody else's by then. */
  @Test
  void aLateSecondCloseDoesNotTouchTheNextLease() throws SQLException {
    PooledConnection first = leases.acquire();
    first.close();
    PooledConnection second = leases.acquire();
    first.close();
    first.abort(Runnable::run);
    assertThat(second.isClosed()).isFalse();
    second.createStatement();
    assertThat(leases.released).hasValue(1);
    assertThat(leases.closed).isEmpty();
  }

  /** No call to the driver, no claim: nothing was done. */
  @Test
  void anUnusedConnectionGoesBackWithoutAWordToTheDriver() throws SQLException {
    PooledConnection connection = leases.acquire();
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).isEmpty();
    assertThat(leases.resetsStarted).hasValue(0);
  }

  @Test
  void aConnectionThatRanAStatementGoesBackWithoutARoundTrip() throws SQLException {
    PooledConnection connection = leases.acquire();
    try (Statement statement = connection.createStatement()) {
      statement.execute("select 1");
    }
    driver.calls.clear();
    connection.close();
    assertThat(driver.calls).containsExactly("clearWarnings()");
    assertThat(leases.resetsStarted).hasValue(0);
    assertThat(leases.released).hasValue(1);
  }

  /** Another thread may be in it still when the connection goes back. */
  @Test
  void whatMayAskTheServerIsLookedForAtTheReturnAndCostsNoRoundTrip() throws SQLException {
    FakeLeaseManager thorough =
        FakeLeaseManager.over(
            driver, FakeLeaseManager.settings().reset(ResetMode.DISCARD_ALL).build());
    List<Use> uses =
        List.of(
            connection -> connection.isValid(1),
            Connection::getSchema,
            Connection::getCatalog,
            Connection::getTransactionIsolation,
            connection -> connection.createArrayOf("t", new Object[0]),
            connection -> connection.createStruct("t", new Object[0]));
    for (Use use : uses) {
      PooledConnection connection = thorough.acquire();
      FakePhysical physical = FakeLeaseManager.physical(connection);
      use.of(connection);
      driver.calls.clear();
      connection.close();
      assertThat(driver.calls).containsExactly("clearWarnings()");
      assertThat(physical.resets).isEmpty();

      PooledConnection other = thorough.acquire();
      use.of(other);
      physical.inStep = false;
      other.close();
      assertThat(thorough.closed).containsOnlyOnce(CloseReason.RESET_FAILED);
      thorough.closed.clear();
    }
  }

  /** It has read another answer than that to its rollback. */
  @Test
  void whatIsOutOfStepAfterItsRollbackIsNotLentAgain() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.setAutoCommit(false);
    connection.createStatement().execute("select 1");
    physical.transaction(TransactionState.OPEN);
    driver.during("rollback", () -> physical.inStep = false);
    connection.close();
    assertThat(leases.closed).containsOnlyOnce(CloseReason.RESET_FAILED);
    assertThat(leases.released).hasValue(0);
  }

  @Test
  void eachExecutionCountsAndABatchIsOne() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    statement.execute("a");
    statement.executeQuery("b");
    statement.executeUpdate("c", Statement.RETURN_GENERATED_KEYS);
    statement.addBatch("d");
    statement.addBatch("e");
    statement.executeBatch();
    statement.executeLargeBatch();
    PreparedStatement prepared = connection.prepareStatement("f");
    prepared.execute();
    prepared.executeQuery();
    prepared.executeUpdate();
    prepared.executeLargeUpdate();
    CallableStatement call = connection.prepareCall("g");
    call.execute();
    assertThat(FakeLeaseManager.session(connection).queries()).isEqualTo(10);
    connection.close();
    assertThat(FakeLeaseManager.session(leases.acquire()).queries()).isEqualTo(10);
  }

  @Test
  void forgottenStatementsAreClosedWhenTheConnectionComesBack() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement first = connection.createStatement();
    PreparedStatement second = connection.prepareStatement("select ?");
    connection.prepareCall("call").close();
    Statement bareFirst = ((ForwardingStatement) first).bare();
    Statement bareSecond = ((ForwardingStatement) second).bare();
    connection.close();
    assertThat(bareFirst.isClosed()).isTrue();
    assertThat(bareSecond.isClosed()).isTrue();
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void waysBackLeadToTheFaces() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    ResultSet rows = statement.executeQuery("select 1");
    DatabaseMetaData meta = connection.getMetaData();
    assertThat(statement.getConnection()).isSameAs(connection);
    assertThat(rows.getStatement()).isSameAs(statement);
    assertThat(meta.getConnection()).isSameAs(connection);
    ResultSet types = meta.getTableTypes();
    Statement ofMeta = types.getStatement();
    assertThat(FakeDriver.bare(ofMeta)).isFalse();
    assertThat(ofMeta).as("what the driver's is").isInstanceOf(PreparedStatement.class);
    assertThat(types.getStatement()).isSameAs(ofMeta);
    assertThat(ofMeta.getConnection()).isSameAs(connection);
    assertThat(Set.of(statement, connection.createStatement())).contains(statement).hasSize(2);
  }

  @Test
  void unwrapsToItselfAndToTheDriversOwn() throws SQLException {
    PooledConnection connection = leases.acquire();
    assertThat(connection.unwrap(Connection.class)).isSameAs(connection);
    assertThat(connection.isWrapperFor(Connection.class)).isTrue();
    assertThat(connection.isWrapperFor(FakeDriver.Vendor.class)).isTrue();
    assertThat(connection.isWrapperFor(Runnable.class)).isFalse();
    assertThat(connection.unwrap(FakeDriver.Vendor.class).vendorsOwn()).isEqualTo("vendor");
    Statement statement = connection.createStatement();
    assertThat(statement.unwrap(Statement.class)).isSameAs(statement);
  }

  /** The caller's mistake and not the driver's: the connection is none the worse for it. */
  @Test
  void whoUnwrapsWithoutAClassIsToldSoAndHarmsNothing() throws SQLException {
    PooledConnection connection = leases.acquire();
    PreparedStatement statement = connection.prepareStatement("select ?");
    ResultSet rows = statement.executeQuery();
    List<Wrapper> faces =
        List.of(
            connection,
            connection.createStatement(),
            statement,
            connection.prepareCall("call"),
            rows,
            connection.getMetaData(),
            rows.getMetaData(),
            statement.getParameterMetaData());
    for (Wrapper face : faces) {
      assertThatThrownBy(() -> face.isWrapperFor(null)).isInstanceOf(SQLException.class);
      assertThatThrownBy(() -> face.unwrap(null)).isInstanceOf(SQLException.class);
    }
    assertThat(leases.doomed).isEmpty();
    connection.close();
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void statementsShowTheDriversTextAlsoAfterClosing() throws SQLException {
    PooledConnection connection = leases.acquire();
    PreparedStatement statement = connection.prepareStatement("select 42");
    assertThat(statement).hasToString("bare select 42");
    statement.close();
    connection.close();
    assertThat(statement).hasToString("bare select 42");
    assertThat(connection).hasToString("closed connection");
  }

  /** The driver has its own words and state for that, and programs may know them. */
  @Test
  void aClosedStatementOfAnOpenConnectionFailsAsTheDriverHasIt() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    statement.close();
    assertThatThrownBy(() -> statement.execute("x"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55000"));
    assertThat(leases.doomed).isEmpty();
  }

  /** Else the connection that it is given to would seem to be closed. */
  @Test
  void whatEndedWithItsLeaseIsNamedWhereItIsAnArgument() throws SQLException {
    Array array;
    try (PooledConnection from = leases.acquire()) {
      array = from.createArrayOf("t", new Object[0]);
    }
    assertThatThrownBy(array::getArray)
        .hasMessageContaining("has ended with the lease of the connection that it came from")
        .hasFieldOrPropertyWithValue("SQLState", "08003");
    try (PooledConnection to = leases.acquire()) {
      PreparedStatement insert = to.prepareStatement("insert");
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              () -> insert.setArray(1, array),
              () -> insert.setObject(1, array),
              () -> to.createStruct("s", new Object[] {array}))) {
        assertThatThrownBy(use)
            .hasMessageStartingWith("The argument can't be read any more.")
            .hasMessageContaining("read what it holds before")
            .hasFieldOrPropertyWithValue("SQLState", "22023");
      }
    }
    assertThat(leases.doomed).isEmpty();
  }

  @Test
  void aStatementThatClosesOnCompletionIsForgotten() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    statement.closeOnCompletion();
    statement.executeQuery("select 1").close();
    assertThat(statement.isClosed()).isTrue();
    assertThat(connection.openStatements()).isEmpty();
    connection.close();
    assertThat(leases.resetsStarted).as("nothing was left to close").hasValue(0);
  }

  /** The thread that uses it finds it closed; the pool doesn't lend it again. */
  @Test
  void anAbortedConnectionIsClosedAndNotLentAgain() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    connection.abort(Runnable::run);
    assertThat(connection.isClosed()).isTrue();
    assertThatThrownBy(() -> statement.execute("x")).isInstanceOf(SQLException.class);
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.ABORTED);
    assertThat(driver.calls).anyMatch(call -> call.startsWith("abort("));
  }

  @Test
  void aConnectionFoundInvalidByItsHolderIsNotLentAgain() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).jdbc().setClientInfo(new Properties());
    assertThat(connection.isValid(1)).isTrue();
    assertThat(leases.doomed).isEmpty();
    FakeLeaseManager.physical(connection).invalid();
    assertThat(connection.isValid(1)).isFalse();
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
  }

  @Test
  void aConnectionIsReplacedAfterItsQueries() throws SQLException {
    FakeLeaseManager few =
        FakeLeaseManager.over(driver, FakeLeaseManager.settings().maxQueries(3).build());
    for (int i = 0; i < 2; i++) {
      try (PooledConnection connection = few.acquire()) {
        connection.createStatement().execute("1");
      }
    }
    assertThat(few.closed).isEmpty();
    try (PooledConnection connection = few.acquire()) {
      connection.createStatement().execute("the third");
      connection.createStatement().execute("and one more, as the check comes at the return");
    }
    assertThat(few.closed).containsExactly(CloseReason.MAX_QUERIES);
    assertThat(few.released).hasValue(2);
  }

  @Test
  void whileNoOtherCanBeOpenedItGoesOnAndIsReplacedLater() throws SQLException {
    FakeLeaseManager few =
        FakeLeaseManager.over(driver, FakeLeaseManager.settings().maxQueries(1).build());
    Session session;
    try (PooledConnection connection = few.acquire()) {
      session = connection.session();
      connection.createStatement().execute("1");
      few.openFailure = new SQLException("full", "53300");
    }
    assertThat(few.closed).isEmpty();
    assertThat(few.released).hasValue(1);
    assertThat(few.tooOld).containsExactly(session);
  }
}
