package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.Verdict;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every failure is judged, and thrown as it came. */
class FailuresTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLessor lessor = FakeLessor.over(driver);
  private final SQLException lost = new SQLException("gone", "08006");

  @Test
  void aFatalFailureDoomsTheConnectionAndIsThrownAsItIs() throws SQLException {
    PooledConnection connection = lessor.acquire();
    Statement statement = connection.createStatement();
    driver.failNext("executeQuery", lost);
    assertThat(catchThrowable(() -> statement.executeQuery("x"))).isSameAs(lost);
    assertThat(lessor.doomed).containsExactly(Verdict.CONNECTION_LOST);
    connection.close();
    assertThat(lessor.closed).containsExactly(CloseReason.FAILED);
    assertThat(lessor.released).hasValue(0);
  }

  /** Wherever it comes from: a result set, meta data, a setter. */
  @ParameterizedTest
  @ValueSource(strings = {"next", "getTableTypes", "setReadOnly", "setString", "commit", "close"})
  void everyFaceJudges(String method) throws SQLException {
    PooledConnection connection = lessor.acquire();
    PreparedStatement statement = connection.prepareStatement("x");
    ResultSet rows = statement.executeQuery();
    driver.failNext(method, lost);
    Throwable thrown =
        catchThrowable(
            () -> {
              connection.getMetaData().getTableTypes();
              statement.setString(1, "");
              rows.next();
              connection.setReadOnly(true);
              connection.commit();
              rows.close();
            });
    assertThat(thrown).isSameAs(lost);
    assertThat(lessor.doomed).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"42601", "57014", "0A000", "23505", "22P02"})
  void theCallersOwnMistakesDoomNothing(String state) throws SQLException {
    PooledConnection connection = lessor.acquire();
    driver.failNext("executeQuery", new SQLException("yours", state));
    driver.failNext("executeUpdate", new SQLTimeoutException("slow", state));
    Statement statement = connection.createStatement();
    assertThatThrownBy(() -> statement.executeQuery("x")).hasMessage("yours");
    assertThatThrownBy(() -> statement.executeUpdate("x")).hasMessage("slow");
    statement.close();
    connection.close();
    assertThat(lessor.doomed).isEmpty();
    assertThat(lessor.released).hasValue(1);
  }

  /** One may always close, in whatever state things are. */
  @Test
  void closingABrokenConnectionDoesNotThrow() throws SQLException {
    PooledConnection connection = lessor.acquire();
    connection.setAutoCommit(false);
    connection.createStatement().execute("insert");
    FakeLessor.physical(connection).breakOff();
    connection.close();
    assertThat(lessor.released).hasValue(0);
    assertThat(lessor.closed).containsExactly(CloseReason.FAILED);
  }

  /**
   * A transaction that was asked to be read-only refuses writes, which says nothing of the server.
   */
  @Test
  void aRefusedWriteDoomsOnlyWhereTheServerHasBecomeReadOnly() throws SQLException {
    PooledConnection connection = lessor.acquire();
    refuseWrite(connection, "insert");
    assertThat(lessor.doomed).isEmpty();
    FakeLessor.physical(connection).readOnlyServer = true;
    refuseWrite(connection, "insert");
    assertThat(lessor.doomed).containsExactly(Verdict.READ_ONLY_SERVER);
  }

  private void refuseWrite(Connection connection, String sql) throws SQLException {
    SQLException refused = new SQLException("cannot execute INSERT", "25006");
    driver.failNext("execute", refused);
    Statement statement = connection.createStatement();
    assertThat(catchThrowable(() -> statement.execute(sql))).isSameAs(refused);
  }

  @Test
  void clientInfoFailsInItsOwnWay() throws SQLException {
    PooledConnection connection = lessor.acquire();
    SQLClientInfoException failure = new SQLClientInfoException("no", "08006", Map.of());
    driver.failNext("setClientInfo", failure);
    assertThat(catchThrowable(() -> connection.setClientInfo("a", "b"))).isSameAs(failure);
    assertThat(lessor.doomed).hasSize(1);
    connection.close();
    assertThatThrownBy(() -> connection.setClientInfo("a", "b"))
        .isInstanceOfSatisfying(
            SQLClientInfoException.class, e -> assertThat(e.getSQLState()).isEqualTo("08003"));
  }

  /** Frameworks ask before they restore or roll back, and a failure of that hides a result. */
  @Test
  void aLostConnectionIsClosedIfTheDriverSaysSo() throws SQLException {
    PooledConnection connection = lessor.acquire();
    assertThat(connection.isClosed()).isFalse();
    FakeLessor.session(connection).jdbc.close();
    assertThat(connection.isClosed()).isTrue();
    assertThat(connection.isGivenBack()).isFalse();
    connection.close();
    assertThat(connection.isGivenBack()).isTrue();
    assertThat(lessor.released).hasValue(1);
  }

  /** The face is closed, and its session somebody else's: none of his business. */
  @Test
  void aFailureAfterCloseDoomsNobody() throws SQLException {
    PooledConnection connection = lessor.acquire();
    connection.close();
    lessor.acquire();
    connection.failed(lost);
    assertThat(lessor.doomed).isEmpty();
  }
}
