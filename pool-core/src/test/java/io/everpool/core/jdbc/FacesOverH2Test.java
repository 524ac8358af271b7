package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.Await;
import io.everpool.core.plain.PlainConnector;
import java.io.StringReader;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.h2.jdbc.JdbcConnection;
import org.h2.jdbc.JdbcResultSet;
import org.h2.jdbc.JdbcStatement;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A real driver, in memory: what works on its connections works on the faces. */
@Timeout(180)
class FacesOverH2Test {
  private final List<PhysicalConnection> opened = new ArrayList<>();
  private Connection keeper;
  private FakeLeaseManager leases;
  private PooledConnection connection;

  @BeforeEach
  void open() throws SQLException {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:faces");
    keeper = h2.getConnection();
    try (Statement statement = keeper.createStatement()) {
      statement.execute("create table item (id int auto_increment primary key, name varchar(99))");
      statement.execute("create schema other");
    }
    PlainConnector connector = PlainConnector.of(h2);
    leases =
        new FakeLeaseManager(FakeLeaseManager.settings().build(), connector, () -> open(connector));
    connection = leases.acquire();
  }

  private PhysicalConnection open(PlainConnector connector) throws SQLException {
    PhysicalConnection physical = connector.open(1);
    opened.add(physical);
    return physical;
  }

  @AfterEach
  void close() throws SQLException {
    connection.close();
    for (PhysicalConnection each : opened) {
      each.jdbc().close();
    }
    keeper.close(); // with its last connection the database is gone
  }

  private int count() throws SQLException {
    try (Statement statement = keeper.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from item")) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private void insert(String name) throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement("insert into item (name) values (?)")) {
      insert.setString(1, name);
      assertThat(insert.executeUpdate()).isEqualTo(1);
    }
  }

  @Test
  void generatedKeysComeThroughAFace() throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "insert into item (name) values ('x')", Statement.RETURN_GENERATED_KEYS)) {
      insert.executeUpdate();
      try (ResultSet keys = insert.getGeneratedKeys()) {
        assertThat(keys).isInstanceOf(PooledResultSet.class);
        assertThat(keys.next()).isTrue();
        assertThat(keys.getInt(1)).isEqualTo(1);
        assertThat(keys.getStatement()).isSameAs(insert);
      }
    }
  }

  @Test
  void batches() throws SQLException {
    try (PreparedStatement insert =
            connection.prepareStatement("insert into item (name) values (?)");
        Statement plain = connection.createStatement()) {
      for (int i = 0; i < 3; i++) {
        insert.setString(1, "n" + i);
        insert.addBatch();
      }
      assertThat(insert.executeBatch()).containsExactly(1, 1, 1);
      plain.addBatch("insert into item (name) values ('a')");
      plain.addBatch("delete from item where name = 'n0'");
      assertThat(plain.executeBatch()).containsExactly(1, 1);
    }
    assertThat(count()).isEqualTo(3);
    assertThat(FakeLeaseManager.session(connection).queries()).isEqualTo(2);
  }

  @Test
  void closeOnCompletion() throws SQLException {
    Statement statement = connection.createStatement();
    statement.closeOnCompletion();
    ResultSet rows = statement.executeQuery("select 1");
    rows.next();
    rows.close();
    assertThat(statement.isClosed()).isTrue();
    assertThat(connection.listed()).isZero();
  }

  /**
   * Once, and only when the query runs: H2 loses a cancel that meets the beginning of a statement,
   * and every later one with it, for it then forgets which statement is executing.
   */
  @Test
  void cancelFromAnotherThread() throws Exception {
    try (Statement statement = connection.createStatement()) {
      CompletableFuture<Throwable> ended = new CompletableFuture<>();
      Thread query =
          new Thread(
              () ->
                  ended.complete(
                      catchThrowable(
                          () ->
                              statement.executeQuery(
                                  "select count(*) from system_range(1, 100000) a,"
                                      + " system_range(1, 100000) b"))));
      query.start();
      awaitAnotherSessionAtWork();
      statement.cancel();
      assertThat(ended.get(60, TimeUnit.SECONDS))
          .isInstanceOfSatisfying(
              SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
      query.join();
      assertThat(leases.doomed).isEmpty();
    }
  }

  private void awaitAnotherSessionAtWork() throws SQLException {
    try (PreparedStatement look =
        keeper.prepareStatement(
            "select count(*) from information_schema.sessions"
                + " where executing_statement is not null and session_id <> session_id()")) {
      Await.until(
          () -> {
            try (ResultSet rows = look.executeQuery()) {
              rows.next();
              return rows.getInt(1) > 0;
            }
          },
          "another session at work");
    }
  }

  @Test
  void savepoints() throws SQLException {
    connection.setAutoCommit(false);
    insert("kept");
    Savepoint savepoint = connection.setSavepoint("here");
    insert("gone");
    connection.rollback(savepoint);
    connection.commit();
    assertThat(count()).isEqualTo(1);
  }

  @Test
  void anOpenTransactionIsNeverCommittedByAClose() throws SQLException {
    connection.setAutoCommit(false);
    insert("uncommitted");
    connection.close();
    assertThat(count()).isZero();
    assertThat(leases.events).hasSize(1);
    connection = leases.acquire();
    assertThat(FakeLeaseManager.session(connection).number()).isEqualTo(1);
    assertThat(connection.getAutoCommit()).isTrue();
  }

  @Test
  void arraysAndLargeObjects() throws SQLException {
    Array array = connection.createArrayOf("integer", new Object[] {1, 2});
    try (PreparedStatement statement = connection.prepareStatement("select ?, ?")) {
      statement.setArray(1, array);
      statement.setClob(2, new StringReader("text"));
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        assertThat((Object[]) rows.getArray(1).getArray()).containsExactly(1, 2);
        assertThat(rows.getString(2)).isEqualTo("text");
      }
    }
    Clob clob = connection.createClob();
    clob.setString(1, "abc");
    assertThat(clob.length()).isEqualTo(3);
  }

  @Test
  void metaData() throws SQLException {
    DatabaseMetaData meta = connection.getMetaData();
    assertThat(meta.getDatabaseProductName()).isEqualTo("H2");
    assertThat(meta.getConnection()).isSameAs(connection);
    try (ResultSet tables = meta.getTables(null, null, "ITEM", null)) {
      assertThat(tables.next()).isTrue();
      assertThat(tables.getString("TABLE_NAME")).isEqualTo("ITEM");
    }
    try (PreparedStatement statement =
        connection.prepareStatement("select name from item where id = ?")) {
      ResultSetMetaData columns = statement.getMetaData();
      ParameterMetaData parameters = statement.getParameterMetaData();
      assertThat(columns.getColumnName(1)).isEqualTo("NAME");
      assertThat(parameters.getParameterType(1)).isEqualTo(Types.INTEGER);
    }
  }

  @Test
  void callsAndScrollableUpdatableResults() throws SQLException {
    try (CallableStatement call = connection.prepareCall("{? = call abs(?)}")) {
      call.registerOutParameter(1, Types.INTEGER);
      call.setInt(2, -3);
      call.execute();
      assertThat(call.getInt(1)).isEqualTo(3);
    }
    insert("old");
    try (Statement statement =
            connection.createStatement(
                ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE);
        ResultSet rows = statement.executeQuery("select id, name from item")) {
      assertThat(rows.last()).isTrue();
      rows.updateString("name", "new");
      rows.updateRow();
      assertThat(rows.first()).isTrue();
      assertThat(rows.getObject("name", String.class)).isEqualTo("new");
    }
  }

  @Test
  void theDriversOwnClassesAreThereByUnwrap() throws SQLException {
    Statement statement = connection.createStatement();
    ResultSet rows = statement.executeQuery("select 1");
    assertThat(connection.isWrapperFor(JdbcConnection.class)).isTrue();
    assertThat(connection.unwrap(JdbcConnection.class)).isNotNull();
    assertThat(statement.unwrap(JdbcStatement.class)).isNotNull();
    assertThat(rows.unwrap(JdbcResultSet.class)).isNotNull();
    assertThatThrownBy(() -> connection.unwrap(Runnable.class)).isInstanceOf(SQLException.class);
  }

  @Test
  void aPreparedStatementShowsItsSql() throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select 12345")) {
      assertThat(statement.toString()).contains("select 12345");
    }
  }

  @Test
  void whatWasSetIsAsBeforeInTheNextLease() throws SQLException {
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setSchema("OTHER");
    connection.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT);
    connection.setAutoCommit(false);
    connection.close();
    connection = leases.acquire();
    assertThat(FakeLeaseManager.session(connection).number()).isEqualTo(1);
    assertThat(connection.getTransactionIsolation())
        .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
    assertThat(connection.getSchema()).isEqualTo("PUBLIC");
    assertThat(connection.getHoldability()).isEqualTo(ResultSet.HOLD_CURSORS_OVER_COMMIT);
    assertThat(connection.getAutoCommit()).isTrue();
  }

  @Test
  void theCallersMistakesLeaveTheConnectionGood() throws SQLException {
    try (Statement statement = connection.createStatement()) {
      assertThatThrownBy(() -> statement.execute("selec 1")).isInstanceOf(SQLException.class);
    }
    assertThat(leases.doomed).isEmpty();
    assertThat(connection.isValid(1)).isTrue();
  }

  @Test
  void abortCutsItAndItIsNotLentAgain() throws SQLException {
    connection.abort(Runnable::run);
    assertThat(connection.isClosed()).isTrue();
    assertThat(leases.closed).containsExactly(CloseReason.ABORTED);
  }

  /** What a call's text marks is no mark of a transaction that is the driver's alone. */
  @Test
  void whatIsWrittenBeforeACallStaysWhateverIsBoundToIt() throws SQLException {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.execute("insert into item (name) values ('written')");
    }
    try (CallableStatement call = connection.prepareCall("{call abs(?)}")) {
      call.setObject(1, -1);
      call.getParameterMetaData();
      call.execute();
    }
    connection.commit();
    try (Statement statement = keeper.createStatement();
        ResultSet rows = statement.executeQuery("select name from item")) {
      assertThat(rows.next()).isTrue();
    }
    assertThat(connection.getAutoCommit()).isFalse();
  }
}
