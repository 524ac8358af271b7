package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.sql.Blob;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.JDBCType;
import java.sql.NClob;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/**
 * A session that is another's by the next transaction: the level of isolation is said in each
 * transaction, and nothing of it is set.
 */
class SharedByTransactionTest {
  private static final int SERIALIZABLE = Connection.TRANSACTION_SERIALIZABLE;

  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  SharedByTransactionTest() {
    driver.shared = true;
  }

  private static void execute(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("select 1");
    }
  }

  private boolean levelWasSet() {
    return driver.calls.stream().anyMatch(call -> call.startsWith("setTransactionIsolation"));
  }

  @Test
  void each_transaction_is_begun_at_the_level_that_was_set() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      assertThat(connection.getTransactionIsolation()).isEqualTo(SERIALIZABLE);
      connection.setAutoCommit(false);
      execute(connection);
      execute(connection);
      connection.commit();
      connection.setReadOnly(true);
      execute(connection);
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("8", "8 read only");
    assertThat(levelWasSet()).isFalse();
  }

  @Test
  void a_savepoint_begins_one_too() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setAutoCommit(false);
      connection.setSavepoint();
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("8");
  }

  /** The driver asks the server for each of these, in a transaction. */
  @Test
  void so_do_a_catalog_and_meta_data_that_were_kept() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setAutoCommit(false);
      DatabaseMetaData kept = connection.getMetaData();
      connection.rollback();
      kept.getTableTypes().close();
      connection.rollback();
      connection.getCatalog();
      connection.rollback();
      connection.getSchema();
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("8", "8", "8", "8");
  }

  /** By what was kept of its own the driver begins the next one, and says nothing in it. */
  @Test
  void where_the_drivers_own_object_is_out_each_is_begun_ahead() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = begunAhead(connection);
      connection.commit();
      assertThat(driver.begun).containsExactly("0 in s", "0 in s");
      connection.rollback();
      assertThat(driver.begun).hasSize(3);
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setSchema("t");
      assertThat(driver.begun).last().isEqualTo("8 in t");
      physical.seeCommit(Effects.NONE); // something was sent
      assertThatThrownBy(() -> connection.setSchema("u"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"));
      connection.commit();
    }
    assertThat(leases.events).as("nothing was left open").isEmpty();
    assertThat(leases.released).hasValue(1);
  }

  /** In schema s; the driver sees what is sent from now on. */
  private static FakePhysical begunAhead(PooledConnection connection) throws SQLException {
    FakePhysical physical = FakeLeaseManager.physical(connection);
    physical.seeCommit(Effects.NONE);
    connection.setSchema("s");
    connection.setAutoCommit(false);
    connection.unwrap(FakeDriver.Vendor.class);
    return physical;
  }

  @Test
  void what_was_sent_in_one_that_was_begun_ahead_is_left_open() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = begunAhead(connection);
      physical.seeCommit(Effects.NONE);
    }
    assertThat(leases.events).hasSize(1).first().isInstanceOf(PoolEvent.TransactionLeftOpen.class);
  }

  /** Frameworks ask in between; the driver sends something for it. */
  @Test
  void whether_it_is_valid_may_be_asked_in_one_that_was_begun_ahead() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = begunAhead(connection);
      connection.commit();
      driver.during("isValid", () -> physical.seeCommit(Effects.NONE));
      assertThat(connection.isValid(1)).isTrue();
      connection.setSchema("t");
      assertThat(driver.begun).last().isEqualTo("0 in t");
    }
    assertThat(leases.events).as("nothing was left open").isEmpty();
  }

  /** To undo a change on a connection that is lost is no failure here, either. */
  @Test
  void what_is_undone_after_a_commit_does_not_fail_for_what_was_begun_ahead() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = FakeLeaseManager.physical(connection);
      physical.seeCommit(Effects.NONE);
      connection.setSchema("s");
      connection.setReadOnly(true);
      connection.setAutoCommit(false);
      connection.unwrap(FakeDriver.Vendor.class);
      connection.commit();
      physical.breakOff();
      connection.setReadOnly(false);
    }
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /** What was committed was committed before; of what is empty no COMMIT can be in doubt. */
  @Test
  void to_turn_autocommit_on_commits_nothing_that_was_begun_ahead() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      FakePhysical physical = begunAhead(connection);
      connection.commit();
      physical.breakOff();
      connection.setAutoCommit(true);
      assertThatThrownBy(() -> connection.createStatement().execute("select"))
          .isInstanceOf(SQLException.class);
    }
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /** It is done, whatever becomes of the connection; and nothing goes to another schema. */
  @Test
  void a_commit_does_not_fail_for_what_is_begun_after_it() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setSchema("s");
      connection.setAutoCommit(false);
      connection.unwrap(FakeDriver.Vendor.class);
      FakeLeaseManager.physical(connection).beginFailure = new SQLException("no", "55000");
      connection.commit();
      assertThat(leases.closed).containsExactly(CloseReason.FAILED);
    }
    assertThat(leases.released).hasValue(0);
  }

  /** As long as nobody uses it, it does nothing; afterwards it has begun a transaction. */
  private interface Use {
    void run() throws Throwable;
  }

  /** Nothing of that is a statement, and the driver begins a transaction all the same. */
  @Test
  void so_does_whatever_else_the_driver_asks_or_sends() throws Throwable {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setAutoCommit(false);
      PreparedStatement insert = connection.prepareStatement("insert");
      CallableStatement call = connection.prepareCall("call");
      ResultSet rows = connection.createStatement().executeQuery("select");
      InputStream bytes = InputStream.nullInputStream();
      Blob blob = rows.getBlob(1);
      List<Use> uses = new ArrayList<>();
      uses.add(() -> insert.setObject(1, bytes));
      uses.add(() -> insert.setObject(1, blob));
      uses.add(() -> insert.setObject(1, blob, Types.BLOB));
      uses.add(() -> insert.setObject(1, rows.getClob(1), JDBCType.CLOB, 1));
      uses.add(() -> call.setObject("a", bytes, Types.BLOB));
      add(uses, CallableStatement.class, call, List.of("setBlob", "setClob", "setNClob")::contains);
      add(uses, Blob.class, blob, name -> !name.equals("free"));
      add(uses, Clob.class, rows.getClob(1), name -> !name.equals("free"));
      add(uses, NClob.class, rows.getNClob(1), name -> !name.equals("free"));
      add(
          uses,
          ResultSet.class,
          rows,
          name ->
              name.startsWith("update")
                  || List.of("refreshRow", "moveToInsertRow", "insertRow", "deleteRow")
                      .contains(name));
      ResultSetMetaData columns = rows.getMetaData();
      uses.add(() -> columns.getTableName(1));
      uses.add(() -> columns.isAutoIncrement(1));
      uses.add(() -> columns.isNullable(1));
      for (Use use : uses) {
        connection.rollback();
        driver.begun.clear();
        driver.calls.clear();
        use.run();
        assertThat(driver.begun).as("%s", driver.calls).containsExactly("8");
      }
      assertThat(uses).hasSizeGreaterThan(120);
    }
  }

  private static void add(List<Use> to, Class<?> type, Object face, Predicate<String> named) {
    for (Method method : AnyCall.methods(type)) {
      if (named.test(method.getName())) {
        to.add(() -> AnyCall.on(face, method));
      }
    }
  }

  /** For these nothing is sent, and after a COMMIT a program may ask for them and not go on. */
  @Test
  void what_sends_nothing_begins_none() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setAutoCommit(false);
      PreparedStatement insert = connection.prepareStatement("insert");
      ResultSet rows = connection.createStatement().executeQuery("select");
      connection.commit();
      driver.begun.clear();
      insert.setString(1, "a");
      insert.setObject(1, "a");
      insert.setObject(1, new byte[1]);
      insert.setObject(1, null);
      rows.getMetaData().getColumnLabel(1);
      connection.isValid(1); // pgjdbc sends an empty query, outside
      rows.getBlob(1).free();
      assertThat(driver.begun).isEmpty();
    }
  }

  /**
   * It is no statement that could miss the schema, and every framework asks what database it is.
   */
  @Test
  void meta_data_in_autocommit_may_be_asked_for_in_another_schema() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setSchema("other");
      assertThat(connection.getMetaData().getDatabaseProductName()).isNotNull();
      assertThatThrownBy(() -> execute(connection))
          .isInstanceOf(SQLFeatureNotSupportedException.class);
    }
  }

  @Test
  void a_statement_of_its_own_begins_none() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      execute(connection);
      assertThat(driver.alone).isZero();
      connection.setTransactionIsolation(SERIALIZABLE);
      execute(connection);
    }
    assertThat(driver.begun).isEmpty();
    assertThat(driver.alone).isOne();
  }

  @Test
  void the_next_lease_is_at_no_level() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
    }
    try (PooledConnection connection = leases.acquire()) {
      connection.setAutoCommit(false);
      execute(connection);
      connection.rollback();
      assertThat(connection.getTransactionIsolation()).isZero();
    }
    assertThat(driver.begun).isEmpty();
    assertThat(levelWasSet()).isFalse();
  }

  @Test
  void within_a_transaction_it_can_be_changed_no_more() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setAutoCommit(false);
      execute(connection);
      assertThatThrownBy(() -> connection.setTransactionIsolation(SERIALIZABLE))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"));
      connection.rollback();
    }
  }

  @Test
  void a_level_that_there_is_not_is_refused() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      for (int level : new int[] {Connection.TRANSACTION_NONE, 3, 16}) {
        assertThatThrownBy(() -> connection.setTransactionIsolation(level))
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("22023"));
      }
    }
  }

  /** Nothing is sent for it, so nothing begins. */
  @Test
  void it_can_be_changed_until_the_first_statement() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setNetworkTimeout(Runnable::run, 1_000);
      connection.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      assertThat(driver.begun).isEmpty();
      execute(connection);
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("4");
  }

  @Test
  void a_schema_goes_with_each_transaction() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setSchema("s");
      assertThat(connection.getSchema()).isEqualTo("s");
      connection.setAutoCommit(false);
      execute(connection);
      execute(connection);
      connection.rollback();
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setReadOnly(true);
      execute(connection);
      assertThatThrownBy(() -> connection.setSchema("t"))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("25001"));
      connection.commit();
      execute(connection);
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("0 in s", "8 read only in s", "8 read only in s");
    assertThat(driver.calls).noneMatch(call -> call.startsWith("setSchema"));
    try (PooledConnection connection = leases.acquire()) {
      execute(connection);
    }
    assertThat(driver.begun).hasSize(3);
  }

  /** To read what it was, the driver would begin a transaction that is in no schema. */
  @Test
  void a_schema_that_is_set_with_autocommit_off_is_not_read_before() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setAutoCommit(false);
      connection.setSchema("s");
      execute(connection);
      connection.rollback();
    }
    assertThat(driver.calls).noneMatch(call -> call.startsWith("getSchema"));
    assertThat(driver.begun).containsExactly("0 in s");
  }

  /** It would be sent to tables of the same name in another schema. */
  @Test
  void a_statement_of_its_own_is_refused_where_a_schema_was_set() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setSchema("s");
      connection.setClientInfo("ApplicationName", "a");
      assertThatThrownBy(() -> execute(connection))
          .isInstanceOf(SQLFeatureNotSupportedException.class)
          .hasMessageContaining("setAutoCommit(false)");
      connection.setAutoCommit(false);
      execute(connection);
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("0 in s");
    assertThat(driver.calls).noneMatch(call -> call.startsWith("execute select 1"));
  }

  /** A unit that is run again has another session. */
  @Test
  void what_was_set_goes_along_to_another_session() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      SessionState state = connection.state();
      connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      connection.become(state);
      connection.setAutoCommit(false);
      execute(connection);
      connection.rollback();
    }
    assertThat(driver.begun).containsExactly("8");
    assertThat(levelWasSet()).isFalse();
  }

  @Test
  void elsewhere_the_driver_sets_it() throws SQLException {
    driver.shared = false;
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(SERIALIZABLE);
      connection.setAutoCommit(false);
      execute(connection);
      connection.rollback();
    }
    assertThat(levelWasSet()).isTrue();
    assertThat(driver.begun).isEmpty();
  }
}
