package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CloseReason;
import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** PostgreSQL's driver asks the server for the level of isolation each time it is asked. */
class IsolationTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);

  @Test
  void theLevelIsAskedForOncePerSession() throws SQLException {
    for (int i = 0; i < 3; i++) {
      try (PooledConnection connection = leases.acquire()) {
        assertThat(connection.getTransactionIsolation()).isZero();
        assertThat(connection.getTransactionIsolation()).isZero();
      }
    }
    assertThat(asked()).isEqualTo(1);
  }

  @Test
  void aLevelThatWasSetIsKnown() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      driver.calls.clear();
      assertThat(connection.getTransactionIsolation())
          .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
    }
    try (PooledConnection connection = leases.acquire()) {
      assertThat(connection.getTransactionIsolation()).isZero();
    }
    assertThat(asked()).isZero();
  }

  /** The text may have set it. */
  @Test
  void afterATextThatSpeaksOfItItIsAskedForInThatLease() throws SQLException {
    try (PooledConnection connection = leases.acquire()) {
      connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      connection.createStatement().execute("set default_transaction_Isolation = 'read committed'");
      driver.calls.clear();
      connection.getTransactionIsolation();
      connection.getTransactionIsolation();
      assertThat(asked()).isEqualTo(2);
    }
    driver.calls.clear();
    try (PooledConnection connection = leases.acquire()) {
      connection.getTransactionIsolation();
    }
    assertThat(asked()).isZero();
  }

  @Test
  void whereNothingIsResetItIsAskedForAlways() throws SQLException {
    FakeLeaseManager none =
        FakeLeaseManager.over(driver, FakeLeaseManager.settings().reset(ResetMode.NONE).build());
    try (PooledConnection connection = none.acquire()) {
      connection.getTransactionIsolation();
      connection.getTransactionIsolation();
    }
    assertThat(asked()).isEqualTo(2);
  }

  /** It comes after the COMMIT, in frameworks, and would make a failure of what is committed. */
  @Test
  void toUndoASettingOnALostConnectionIsNoFailure() throws SQLException {
    PooledConnection connection = leases.acquire();
    int before = connection.getTransactionIsolation();
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setReadOnly(true);
    driver.breakNext("setTransactionIsolation");
    connection.setTransactionIsolation(before);
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
    driver.breakNext("setReadOnly");
    connection.setReadOnly(false);
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /** Who goes on must not believe that he has it; frameworks have their unit begin first. */
  @Test
  void toWantALevelOnADeadConnectionFailsByWhatComesNext() throws SQLException {
    PooledConnection connection = leases.acquire();
    connection.setReadOnly(false); // as a framework may
    FakeLeaseManager.physical(connection).breakOff();
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    connection.setReadOnly(true);
    assertThat(connection.getAutoCommit()).isTrue();
    assertThat(leases.doomed).contains(Verdict.CONNECTION_LOST);
    assertThat(connection.isReadOnly()).isTrue();
    assertThat(connection.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
    assertThatThrownBy(connection::createStatement).hasMessageContaining("closed");
    assertThatThrownBy(() -> connection.setAutoCommit(false)).hasMessageContaining("closed");
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  @Test
  void toWantALevelWhereATransactionIsLostIsAFailure() throws SQLException {
    PooledConnection connection = leases.acquire();
    FakeLeaseManager.physical(connection).transaction(TransactionState.OPEN);
    FakeLeaseManager.physical(connection).breakOff();
    assertThatThrownBy(
            () -> connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE))
        .hasMessageContaining("closed");
  }

  /** Whoever wants a level must not believe that he has it. */
  @Test
  void toWantALevelOnAConnectionThatMayLiveIsAFailure() throws SQLException {
    PooledConnection connection = leases.acquire();
    int before = connection.getTransactionIsolation();
    SQLException lost = driver.breakNext("setTransactionIsolation");
    assertThatThrownBy(() -> connection.setTransactionIsolation(before)).isSameAs(lost);
    SQLException again = driver.breakNext("setTransactionIsolation");
    assertThatThrownBy(
            () -> connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE))
        .isSameAs(again);
  }

  @Test
  void toUndoTheLevelWithinATransactionIsTheCallersFailure() throws SQLException {
    PooledConnection connection = leases.acquire();
    int before = connection.getTransactionIsolation();
    connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    SQLException refused = new SQLException("in a transaction", "25001");
    driver.failNext("setTransactionIsolation", refused);
    assertThatThrownBy(() -> connection.setTransactionIsolation(before)).isSameAs(refused);
    assertThat(leases.doomed).isEmpty();
  }

  private long asked() {
    return driver.calls.stream().filter(call -> call.equals("getTransactionIsolation()")).count();
  }
}
