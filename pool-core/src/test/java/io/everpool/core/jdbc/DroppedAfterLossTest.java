package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where a call has lost the connection and the driver has closed it, the slot is free at once: some
 * frameworks (EclipseLink with exclusive connections) drop such a connection without closing it.
 */
class DroppedAfterLossTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final SQLException lost = new SQLException("gone", "08006");
  private final PooledConnection connection;

  DroppedAfterLossTest() throws SQLException {
    connection = leases.acquire();
  }

  private void calls() throws SQLException {
    PreparedStatement statement = connection.prepareStatement("x");
    ResultSet rows = statement.executeQuery();
    connection.getMetaData().getTableTypes();
    statement.setString(1, "");
    rows.next();
    connection.setAutoCommit(false);
    statement.executeUpdate();
    connection.rollback();
    statement.executeBatch();
    connection.commit();
    rows.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "prepareStatement",
        "executeQuery",
        "getTableTypes",
        "setString",
        "next",
        "setAutoCommit",
        "executeUpdate",
        "rollback",
        "executeBatch",
        "commit",
        "close"
      })
  void nobodyNeedCloseWhatWasLostAndIsClosed(String method) throws SQLException {
    driver.during(method, FakeLeaseManager.physical(connection)::breakOff);
    driver.failNext(method, lost);
    assertThat(catchThrowable(this::calls)).isNotNull();
    assertThat(leases.closed).as("its slot is free").containsExactly(CloseReason.FAILED);
    assertThat(connection.isClosed()).isTrue();
    assertThatThrownBy(connection::rollback).isInstanceOf(SQLException.class);
    connection.close();
    assertThat(leases.closed).as("ended once").hasSize(1);
    assertThat(leases.released).hasValue(0);
  }

  /** Such a driver may be at something yet: the slot is free when the holder says so. */
  @Test
  void whatTheDriverHasNotClosedIsItsHoldersUntilHeClosesIt() throws SQLException {
    driver.failNext("executeQuery", lost);
    assertThat(catchThrowable(this::calls)).isNotNull();
    assertThat(leases.closed).isEmpty();
    connection.close();
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /** What is set back after the loss is no failure, as before {@code close()} it never is. */
  @Test
  void whatWasSetIsSetBackAfterwards() throws SQLException {
    connection.setAutoCommit(false);
    connection.setReadOnly(true);
    driver.during("executeQuery", FakeLeaseManager.physical(connection)::breakOff);
    driver.failNext("executeQuery", lost);
    PreparedStatement statement = connection.prepareStatement("x");
    assertThat(catchThrowable(statement::executeQuery)).isSameAs(lost);
    connection.setReadOnly(false);
    assertThat(connection.isReadOnly()).isFalse();
    assertThat(catchThrowable(connection::rollback)).hasCause(lost);
    statement.close();
    connection.close();
    assertThat(leases.closed).isEqualTo(List.of(CloseReason.FAILED));
  }
}
