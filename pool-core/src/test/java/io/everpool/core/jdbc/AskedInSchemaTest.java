package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.TransactionState;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.JDBCType;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/**
 * What a driver asks outside of any transaction, though its answer depends on the schema, on a
 * session that is another's by the next transaction.
 */
class AskedInSchemaTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  /** A type of the program's or the driver's, as PGobject is. */
  private record Mood(String value) {}

  /** What makes a driver ask what a name means. */
  private interface Use {
    void of(Connection connection, PreparedStatement insert, CallableStatement call)
        throws SQLException;
  }

  private static final Mood GLAD = new Mood("glad");
  private static final Array MOODS = moods();

  private static Array moods() {
    try {
      return new FakeDriver().open().jdbc().createArrayOf("mood", new Object[0]);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }

  private static final List<Use> USES =
      List.of(
          (connection, insert, call) -> connection.createArrayOf("mood", new Object[0]),
          (connection, insert, call) -> connection.createStruct("mood", new Object[0]),
          (connection, insert, call) -> insert.getMetaData(),
          (connection, insert, call) -> insert.getParameterMetaData(),
          (connection, insert, call) -> call.getMetaData(),
          (connection, insert, call) -> call.getParameterMetaData(),
          (connection, insert, call) -> insert.setNull(1, Types.OTHER, "mood"),
          (connection, insert, call) -> call.setNull(1, Types.OTHER, "mood"),
          (connection, insert, call) -> call.setNull("a", Types.OTHER, "mood"),
          (connection, insert, call) -> insert.setArray(1, MOODS),
          (connection, insert, call) -> call.setArray(1, MOODS),
          (connection, insert, call) -> insert.setObject(1, MOODS),
          (connection, insert, call) -> insert.setObject(1, MOODS, Types.ARRAY),
          (connection, insert, call) -> insert.setObject(1, GLAD),
          (connection, insert, call) -> insert.setObject(1, GLAD, Types.OTHER),
          (connection, insert, call) -> insert.setObject(1, GLAD, JDBCType.OTHER),
          (connection, insert, call) -> call.setObject("a", GLAD),
          (connection, insert, call) -> call.setObject(1, GLAD, Types.OTHER, 1),
          (connection, insert, call) -> insert.setObject(1, Map.of("key", "value")));

  private void each(boolean shared, String schema, boolean autoCommit, List<String> begun)
      throws SQLException {
    driver.shared = shared;
    for (int i = 0; i < USES.size(); i++) {
      try (PooledConnection connection = leases.acquire()) {
        PreparedStatement insert = connection.prepareStatement("insert");
        CallableStatement call = connection.prepareCall("call");
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        if (!schema.isEmpty()) {
          connection.setSchema(schema);
        }
        connection.setReadOnly(true);
        connection.setAutoCommit(autoCommit);
        driver.begun.clear();
        USES.get(i).of(connection, insert, call);
        assertThat(driver.begun).as("use %s", i).isEqualTo(begun);
        assertThat(driver.writesRefused).as("use %s", i).isEmpty();
        if (autoCommit) {
          assertNothingIsOpen(connection);
        }
      }
    }
  }

  @Test
  void itIsAskedInTheTransactionThatHasTheSchema() throws SQLException {
    each(true, "s", false, List.of("8 read only in s"));
  }

  /** Of what else goes with a transaction no such answer depends. */
  @Test
  void noneIsBegunForItWhereNoSchemaIsSet() throws SQLException {
    each(true, "", false, List.of());
  }

  /** And of what else goes with a transaction no such answer depends. */
  @Test
  void inAutocommitItIsAskedInOneThatIsRolledBack() throws SQLException {
    each(true, "s", true, List.of("0 in s"));
    each(true, "", true, List.of());
    assertThat(leases.events).as("nothing was left open").isEmpty();
  }

  private static void assertNothingIsOpen(PooledConnection connection) throws SQLException {
    assertThat(FakeLeaseManager.session(connection).inTransaction()).isFalse();
    assertThat(connection.getAutoCommit()).isTrue();
  }

  /** By the driver's own object, say; that transaction is nobody's to end. */
  @Test
  void noneIsBegunWithinOneThatIsOpen() throws SQLException {
    driver.shared = true;
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = FakeLeaseManager.physical(connection);
      connection.setSchema("s");
      physical.transaction(TransactionState.OPEN);
      connection.createArrayOf("mood", new Object[0]);
      assertThat(driver.begun).isEmpty();
      assertThat(FakeLeaseManager.session(connection).inTransaction()).isTrue();
      physical.transaction(TransactionState.NONE);
    }
  }

  @Test
  void whatFailsLeavesNothingOpen() throws SQLException {
    driver.shared = true;
    SQLException no = new SQLException("no such type", "42704");
    try (PooledConnection connection = leases.acquire();
        PreparedStatement insert = connection.prepareStatement("insert")) {
      connection.setSchema("s");
      driver.failNext("createArrayOf", no);
      assertThatThrownBy(() -> connection.createArrayOf("mood", new Object[0])).isSameAs(no);
      assertNothingIsOpen(connection);
      driver.failNext("setObject", no);
      assertThatThrownBy(() -> insert.setObject(1, GLAD)).isSameAs(no);
      assertNothingIsOpen(connection);
      FakePhysical physical = FakeLeaseManager.physical(connection);
      physical.beginFailure = no;
      assertThatThrownBy(() -> insert.setObject(1, GLAD)).isSameAs(no);
      assertNothingIsOpen(connection);
      physical.beginFailure = null;
      insert.setObject(1, GLAD);
      assertNothingIsOpen(connection);
    }
    assertThat(leases.events).as("it is good").isEmpty();
  }

  /** Nobody gets it in that transaction; the answer was had. */
  @Test
  void whereItsEndFailsTheSessionIsCut() throws SQLException {
    driver.shared = true;
    try (PooledConnection connection = leases.acquire();
        PreparedStatement insert = connection.prepareStatement("insert")) {
      connection.setSchema("s");
      driver.during(
          "setObject", () -> driver.failNext("execute", new SQLException("lost", "08006")));
      insert.setObject(1, GLAD);
    }
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  @Test
  void norWhereTheSchemaIsTheSessions() throws SQLException {
    driver.canRefuseWrites = true;
    each(false, "s", false, List.of());
  }

  /** The driver knows what these are. */
  @Test
  void valuesOfJavasOwnBeginNone() throws SQLException {
    driver.shared = true;
    try (PooledConnection connection = leases.acquire()) {
      PreparedStatement insert = connection.prepareStatement("insert");
      connection.setSchema("s");
      connection.setAutoCommit(false);
      insert.setNull(1, Types.OTHER);
      insert.setArray(1, null);
      insert.setObject(1, null);
      insert.setObject(1, UUID.fromString("00000000-0000-0000-0000-000000000000"));
      insert.setObject(1, LocalDate.EPOCH, Types.DATE);
      insert.setObject(1, new String[] {"a"});
      insert.setObject(1, new byte[1]);
      assertThat(driver.begun).isEmpty();
    }
  }

  /** Elsewhere nothing is open after it, and setters are taken. */
  @Test
  void noArrayIsAUseOfTheTransaction() throws SQLException {
    driver.shared = true;
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = FakeLeaseManager.physical(connection);
      physical.seeCommit(Effects.NONE);
      connection.setSchema("s");
      connection.setAutoCommit(false);
      driver.during("createArrayOf", () -> physical.seeCommit(Effects.NONE));
      connection.createArrayOf("mood", new Object[0]);
      connection.setSchema("t");
      driver.during("createArrayOf", () -> physical.seeCommit(Effects.NONE));
      connection.createArrayOf("mood", new Object[0]);
    }
    assertThat(driver.begun).containsExactly("0 in s", "0 in t");
    assertThat(leases.events).as("nothing was left open").isEmpty();
  }

  private static final List<String> GO_ON =
      List.of(
          "commit and chain",
          "ROLLBACK AND CHAIN",
          "insert 1; commit; insert 2",
          "insert 1; end; insert 2",
          "prepare transaction 'x'; insert 2");

  private static final List<String> END =
      List.of(
          "commit",
          "insert 1; commit",
          "rollback",
          "rollback to savepoint a; insert 2",
          "prepare a as select 1; execute a",
          "select 'a; commit; b'",
          "create procedure p() language plpgsql as $$ begin insert 1; commit; insert 2; end $$");

  /** What is told at the beginning of a transaction ends with it. */
  @Test
  void nothingGoesOnInAnotherSchema() throws SQLException {
    driver.shared = true;
    try (PooledConnection connection = leases.acquire();
        Statement statement = connection.createStatement()) {
      for (String sql : GO_ON) {
        statement.execute(sql); // in the server's own schema it may
      }
      statement.clearBatch();
      connection.setAutoCommit(false);
      connection.setSchema("s");
      for (String sql : GO_ON) {
        for (ThrowingCallable way :
            List.<ThrowingCallable>of(
                () -> statement.execute(sql),
                () -> connection.prepareStatement(sql),
                () -> statement.addBatch(sql))) {
          assertThatThrownBy(way)
              .as(sql)
              .isInstanceOf(SQLFeatureNotSupportedException.class)
              .hasMessageStartingWith("The schema was set to s, and goes with a transaction alone")
              .hasMessageContaining("without AND CHAIN, or call commit()");
        }
      }
      assertThatThrownBy(() -> statement.addBatch("commit")).hasMessageContaining("commit()");
      for (String sql : END) {
        statement.execute(sql);
      }
    }
  }
}
