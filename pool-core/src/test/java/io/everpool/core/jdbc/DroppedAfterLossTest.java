package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.core.Await;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
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

  /**
   * A way in which a connection is lost, and the lease with it; the caller catches what it says.
   */
  private interface Loss {
    void of(PooledConnection connection) throws SQLException;
  }

  static Stream<Arguments> losses() {
    Loss written =
        c -> {
          c.setAutoCommit(false);
          c.createStatement().execute("insert");
        };
    return Stream.of(
        loss("execute", c -> c.createStatement().execute("x")),
        loss("getTableTypes", c -> c.getMetaData().getTableTypes()),
        loss("isValid", c -> assertThat(c.isValid(1)).isFalse()),
        loss("rollback", written, PooledConnection::rollback),
        loss("commit", written, PooledConnection::commit),
        loss("setAutoCommit", written, c -> c.setAutoCommit(true)));
  }

  private static Arguments loss(String method, Loss call) {
    return loss(method, c -> {}, call);
  }

  private static Arguments loss(String method, Loss before, Loss call) {
    return Arguments.of(method, before, call);
  }

  private void lose(String method, Loss before, Loss call) throws SQLException {
    before.of(connection);
    driver.during(method, FakeLeaseManager.physical(connection)::breakOff);
    driver.failNext(method, new SQLException("gone", "08006"));
    try {
      call.of(connection);
    } catch (SQLException e) {
      assertThat((Throwable) e).hasStackTraceContaining("gone");
    }
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
  }

  /** The session stays in its slot until another comes there. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("losses")
  void itsSessionKeepsNoStack(String method, Loss before, Loss call) throws SQLException {
    Session session = FakeLeaseManager.session(connection);
    lose(method, before, call);
    SQLException kept = requireNonNull(session.loss);
    assertThat(kept.getStackTrace()).isEmpty();
    assertThat(kept.getCause()).isNull();
    assertThat(kept.getSuppressed()).isEmpty();
  }

  /** And the face that wasn't closed, or is closed late, has the words to tell. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("losses")
  void itsFaceTellsOfTheLossStill(String method, Loss before, Loss call) throws SQLException {
    Session session = FakeLeaseManager.session(connection);
    lose(method, before, call);
    String words = requireNonNull(session.loss).getMessage();
    Await.until(
        () -> {
          System.gc();
          return StacklessLoss.whole(session.loss) instanceof StacklessLoss;
        },
        "nobody to keep the failure");
    Throwable told = catchThrowable(connection::rollback);
    assertThat(told).hasStackTraceContaining(words);
    assertThat(told instanceof CommitOutcomeUnknownException)
        .as("a COMMIT in doubt stays one")
        .isEqualTo(words.contains("look for its effect"));
    connection.close();
    assertThat(leases.closed).hasSize(1);
  }

  /** The driver closes its connection at a failure that nobody knows; the program asks. */
  @Test
  void aLossThatIsAskedForKeepsNoStackEither() throws SQLException {
    Session session = FakeLeaseManager.session(connection);
    driver.failNext("getTableTypes", lost);
    assertThat(catchThrowable(() -> connection.getMetaData().getTableTypes())).isSameAs(lost);
    assertThat(leases.closed).isEmpty();
    FakeLeaseManager.physical(connection).breakOff();
    assertThat(connection.isClosed()).isTrue();
    assertThat(leases.closed).containsExactly(CloseReason.FAILED);
    assertThat(requireNonNull(session.loss).getStackTrace()).isEmpty();
    assertThat(catchThrowable(connection::rollback)).cause().isSameAs(lost);
  }
}
