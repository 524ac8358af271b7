package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Verdict;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same face over another session. */
class RenewalTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  private void doom(PooledConnection connection) {
    connection.failed(new SQLException("gone", "08006"));
  }

  @Test
  void theSameFaceGoesOnOverAnotherConnection() throws SQLException {
    PooledConnection connection = leases.acquire();
    DatabaseMetaData meta = connection.getMetaData();
    doom(connection);
    connection.letGo();
    assertThat(connection.isClosed()).isTrue();
    leases.renew(connection);
    assertThat(FakeLeaseManager.session(connection).number()).isEqualTo(2);
    connection.createStatement().execute("x");
    meta.getTableTypes().close();
    connection.close();
    assertThat(leases.released).hasValue(1);
    assertThat(leases.closed).hasSize(1);
  }

  /** It stays in its place; the stack would keep the classes of whoever is on it. */
  @Test
  void ofALossASessionThatIsOverKeepsNoStack() throws SQLException {
    PooledConnection connection = leases.acquire();
    Session let = FakeLeaseManager.session(connection);
    doom(connection);
    connection.letGo();
    SQLException kept = requireNonNull(let.loss);
    assertThat(kept.getMessage()).isEqualTo("gone");
    assertThat(kept.getSQLState()).isEqualTo("08006");
    assertThat(kept.getCause()).isNull();
    assertThat(kept.getStackTrace()).isEmpty();
    leases.renew(connection);
    Session closed = FakeLeaseManager.session(connection);
    doom(connection);
    connection.close();
    assertThat(requireNonNull(closed.loss).getStackTrace()).isEmpty();
  }

  /** The old session is good, and may be somebody else's by now. */
  @Test
  void whatNoStatementHasOpenedEndsWithItsSession() throws SQLException {
    PooledConnection connection = leases.acquire();
    DatabaseMetaData meta = connection.getMetaData();
    Statement statement = connection.createStatement();
    Array array = statement.executeQuery("select 1").getArray(1);
    List<ResultSet> open = List.of(meta.getTables("", "", "", null), array.getResultSet());
    statement.close();
    driver.calls.clear();
    leases.renew(connection);
    assertThat(leases.closed).isEmpty();
    for (ResultSet rows : open) {
      assertThat(rows.isClosed()).isTrue();
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              rows::next,
              rows::getStatement,
              () -> rows.unwrap(FakeDriver.Vendor.class),
              () -> rows.isWrapperFor(FakeDriver.Vendor.class))) {
        assertThatThrownBy(use)
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
      }
      driver.calls.clear();
      rows.close();
      assertThat(driver.calls).isEmpty();
    }
    assertThat(leases.doomed).isEmpty();
  }

  @Test
  void metaDataLeadsToThePresentSession() throws SQLException {
    PooledConnection connection = leases.acquire();
    DatabaseMetaData meta = connection.getMetaData();
    Object old = meta.unwrap(Proxy.class);
    leases.renew(connection);
    Object bare = meta.unwrap(Proxy.class);
    assertThat(bare).isNotSameAs(old);
    assertThat(((DatabaseMetaData) bare).getConnection())
        .isSameAs(FakeLeaseManager.physical(connection).jdbc());
    assertThat(meta.isWrapperFor(Proxy.class)).isTrue();
  }

  @Test
  void itIsRefusedWhileTheOldSessionIsInUse() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement statement = connection.createStatement();
    assertThatThrownBy(() -> leases.renew(connection))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("can't be renewed while");
    statement.close();
    connection.setAutoCommit(false);
    connection.createStatement().executeUpdate("insert");
    assertThatThrownBy(() -> leases.renew(connection)).isInstanceOf(SQLException.class);
    assertThat(FakeLeaseManager.session(connection).number()).isEqualTo(1);
    assertThat(leases.released).as("the other went back").hasValue(2);
  }

  /** Their session is closed; what they say of it mustn't be held against the new one. */
  @Test
  void statementsOfTheOldSessionAreClosed() throws SQLException {
    PooledConnection connection = leases.acquire();
    Statement old = connection.createStatement();
    doom(connection);
    connection.letGo();
    leases.renew(connection);
    assertThat(old.isClosed()).isTrue();
    assertThatThrownBy(() -> old.execute("x"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
    old.close();
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    assertThat(connection.openStatements()).isEmpty();
  }

  /** So are their rows, whoever has opened them, and within a unit of work. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rowsOfTheOldSessionAreClosed(boolean inUnit) throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.observer(inUnit ? new Hearing() : null);
    Statement old = connection.createStatement();
    List<ResultSet> open =
        List.of(old.executeQuery("select 1"), old.getResultSet(), old.getGeneratedKeys());
    doom(connection);
    connection.silence(); // it is renewed by a unit
    connection.letGo();
    leases.renew(connection);
    driver.calls.clear();
    for (ResultSet rows : open) {
      assertThat(rows.isClosed()).isTrue();
      for (ThrowingCallable use :
          List.<ThrowingCallable>of(
              rows::next,
              () -> rows.getString(1),
              () -> rows.getArray(1),
              rows::getStatement,
              rows::updateRow,
              rows::insertRow,
              rows::deleteRow,
              () -> rows.unwrap(Proxy.class),
              () -> rows.isWrapperFor(Proxy.class))) {
        assertThatThrownBy(use)
            .isInstanceOfSatisfying(
                SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
      }
      rows.close();
    }
    assertThat(driver.calls).isEmpty();
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    connection.observer(null);
    connection.close();
    assertThat(leases.released).as("with nothing to clean up").hasValue(1);
    assertThat(leases.resetsStarted).hasValue(0);
  }

  /** A row that is written, say, and an array that is read of a row. */
  @Test
  void whatRowsOfTheOldSessionSaySaysNothingOfTheNewOne() throws SQLException {
    PooledConnection connection = leases.acquire();
    ResultSet rows = connection.createStatement().executeQuery("select 1");
    doom(connection);
    connection.letGo();
    leases.renew(connection);
    for (ThrowingCallable use :
        List.<ThrowingCallable>of(
            rows::updateRow,
            rows::insertRow,
            rows::deleteRow,
            () -> rows.getArray(1).getArray(),
            () -> rows.getBlob(1).length())) {
      Throwable said = catchThrowable(use);
      assertThat(said).isInstanceOf(SQLException.class);
      assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    }
  }

  private static final class Hearing implements UnitObserver {
    @Override
    public void executing() {}

    @Override
    public void exposed() {}

    @Override
    public void failed(Verdict verdict, SQLException failure) {}

    @Override
    public void writeRefused() {}

    @Override
    public void commit() {}
  }

  /** Closed means closed, also for who is just fetching a new session. */
  @Test
  void aFaceClosedMeanwhileIsNotRenewed() throws SQLException {
    PooledConnection connection = leases.acquire();
    doom(connection);
    connection.letGo();
    connection.close();
    assertThatThrownBy(() -> leases.renew(connection)).hasMessageContaining("closed");
    assertThat(leases.released).hasValue(1);
    PooledConnection ordinary = leases.acquire();
    ordinary.close();
    assertThatThrownBy(() -> leases.renew(ordinary)).hasMessageContaining("closed");
  }

  /** And aborted means closed. */
  @Test
  void aFaceAbortedMeanwhileIsNotRenewed() throws SQLException {
    PooledConnection connection = leases.acquire();
    doom(connection);
    connection.letGo();
    connection.abort(Runnable::run);
    assertThatThrownBy(() -> leases.renew(connection)).hasMessageContaining("closed");
    assertThat(leases.released).hasValue(1);
  }

  @Test
  void whatWasSetIsCarriedOver() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setAutoCommit(false);
    connection.setReadOnly(true);
    connection.setSchema("s");
    SessionState state = connection.state();
    connection.setReadOnly(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    doom(connection);
    connection.letGo();
    leases.renew(connection);
    connection.become(state);
    Connection bare = FakeLeaseManager.physical(connection).jdbc();
    assertThat(bare.getAutoCommit()).isFalse();
    assertThat(bare.isReadOnly()).isTrue();
    assertThat(bare.getSchema()).isEqualTo("s");
    assertThat(bare.getTransactionIsolation()).isZero();
    FakePhysical physical = FakeLeaseManager.physical(connection);
    connection.close();
    assertThat(bare.getAutoCommit()).as("and undone at the end").isTrue();
    assertThat(bare.isReadOnly()).isFalse();
    assertThat(physical.resets).containsExactly("SMART " + FakeConnector.SET);
  }

  /** A unit that starts again on the same session starts from the same state. */
  @Test
  void settingsGoBackOnTheSameSession() throws SQLException {
    PooledConnection connection = leases.acquire();
    SessionState state = connection.state();
    connection.setAutoCommit(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.rollback();
    connection.become(state);
    Connection bare = FakeLeaseManager.physical(connection).jdbc();
    assertThat(bare.getAutoCommit()).isTrue();
    assertThat(bare.getTransactionIsolation()).isZero();
  }
}
