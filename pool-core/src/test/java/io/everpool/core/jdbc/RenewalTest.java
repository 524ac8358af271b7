package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.driver.Verdict;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;

/** The same face over another session. */
class RenewalTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLessor lessor = FakeLessor.over(driver);

  private void doom(PooledConnection connection) {
    connection.failed(new SQLException("gone", "08006"));
  }

  @Test
  void theSameFaceGoesOnOverAnotherConnection() throws SQLException {
    PooledConnection connection = lessor.acquire();
    DatabaseMetaData meta = connection.getMetaData();
    doom(connection);
    connection.letGo();
    assertThat(connection.isClosed()).isTrue();
    lessor.renew(connection);
    assertThat(FakeLessor.session(connection).number()).isEqualTo(2);
    connection.createStatement().execute("x");
    meta.getTableTypes().close();
    connection.close();
    assertThat(lessor.released).hasValue(1);
    assertThat(lessor.closed).hasSize(1);
  }

  @Test
  void itIsRefusedWhileTheOldSessionIsInUse() throws SQLException {
    PooledConnection connection = lessor.acquire();
    Statement statement = connection.createStatement();
    assertThatThrownBy(() -> lessor.renew(connection))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("can't be renewed while");
    statement.close();
    connection.setAutoCommit(false);
    connection.createStatement().executeUpdate("insert");
    assertThatThrownBy(() -> lessor.renew(connection)).isInstanceOf(SQLException.class);
    assertThat(FakeLessor.session(connection).number()).isEqualTo(1);
    assertThat(lessor.released).as("the other went back").hasValue(2);
  }

  /** Their session is buried; what they say of it mustn't be held against the new one. */
  @Test
  void statementsOfTheOldSessionAreClosed() throws SQLException {
    PooledConnection connection = lessor.acquire();
    Statement old = connection.createStatement();
    doom(connection);
    connection.letGo();
    lessor.renew(connection);
    assertThat(old.isClosed()).isTrue();
    assertThatThrownBy(() -> old.execute("x"))
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
    old.close();
    assertThat(lessor.doomed).containsExactly(Verdict.CONNECTION_LOST);
    assertThat(connection.openStatements()).isEmpty();
  }

  /** Closed means closed, also for who is just fetching a new session. */
  @Test
  void aFaceClosedMeanwhileIsNotRenewed() throws SQLException {
    PooledConnection connection = lessor.acquire();
    doom(connection);
    connection.letGo();
    connection.close();
    assertThatThrownBy(() -> lessor.renew(connection)).hasMessageContaining("closed");
    assertThat(lessor.released).hasValue(1);
    PooledConnection ordinary = lessor.acquire();
    ordinary.close();
    assertThatThrownBy(() -> lessor.renew(ordinary)).hasMessageContaining("closed");
  }

  @Test
  void whatWasSetIsCarriedOver() throws SQLException {
    PooledConnection connection = lessor.acquire();
    connection.setAutoCommit(false);
    connection.setReadOnly(true);
    connection.setSchema("s");
    SessionState state = connection.state();
    connection.setReadOnly(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    doom(connection);
    connection.letGo();
    lessor.renew(connection);
    connection.become(state);
    Connection bare = FakeLessor.physical(connection).jdbc();
    assertThat(bare.getAutoCommit()).isFalse();
    assertThat(bare.isReadOnly()).isTrue();
    assertThat(bare.getSchema()).isEqualTo("s");
    assertThat(bare.getTransactionIsolation()).isZero();
    FakePhysical physical = FakeLessor.physical(connection);
    connection.close();
    assertThat(bare.getAutoCommit()).as("and undone at the end").isTrue();
    assertThat(bare.isReadOnly()).isFalse();
    assertThat(physical.resets).containsExactly("SMART " + FakeConnector.SET);
  }

  /** A unit that starts again on the same session starts from the same state. */
  @Test
  void settingsGoBackOnTheSameSession() throws SQLException {
    PooledConnection connection = lessor.acquire();
    SessionState state = connection.state();
    connection.setAutoCommit(false);
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.rollback();
    connection.become(state);
    Connection bare = FakeLessor.physical(connection).jdbc();
    assertThat(bare.getAutoCommit()).isTrue();
    assertThat(bare.getTransactionIsolation()).isZero();
  }
}
