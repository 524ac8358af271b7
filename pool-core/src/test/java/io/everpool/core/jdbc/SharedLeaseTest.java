package io.everpool.core.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Verdict;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.framework.SharedLease;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What is asked and done where a framework lends a connection on within its lease. */
class SharedLeaseTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeLeaseManager leases = FakeLeaseManager.over(driver);
  private final PooledConnection connection = leases.acquire();
  private final FakePhysical physical = FakeLeaseManager.physical(connection);

  SharedLeaseTest() throws SQLException {}

  private void handOut() throws SQLException {
    assertThat(connection.unwrap(FakeDriver.Vendor.class)).isNotNull();
    driver.calls.clear();
  }

  private static boolean isLocal(String call) {
    return call.equals("isClosed()") || call.equals("getAutoCommit()");
  }

  @Test
  void theFaceIsOneAsLongAsItIsOpen() {
    assertThat(SharedLease.of(connection)).isSameAs(connection);
    connection.close();
    assertThat(SharedLease.of(connection)).isNull();
  }

  @Test
  void aPartThatHasLeftNothingCostsNothing() throws SQLException {
    driver.calls.clear();
    assertThat(connection.endPart()).isTrue();
    assertThat(connection.mayBeginPart()).isTrue();
    assertThat(driver.calls).allMatch(SharedLeaseTest::isLocal);
  }

  @Test
  void whatAPartHasLeftOpenIsEnded() throws SQLException {
    Statement statement = connection.createStatement();
    statement.execute("begin");
    physical.transaction(TransactionState.OPEN);
    driver.calls.clear();

    assertThat(connection.endPart()).isTrue();

    assertThat(statement.isClosed()).isTrue();
    assertThat(driver.calls).contains("execute(ROLLBACK)");
  }

  /** Of a driver that can't tell whether the procedure has. */
  @Test
  void whatAProcedureOfAPartMayHaveBegunIsEnded() throws SQLException {
    physical.transaction(TransactionState.UNKNOWN);
    connection.prepareCall("{call p()}").execute();
    driver.calls.clear();

    assertThat(connection.endPart()).isTrue();

    assertThat(driver.calls).anyMatch(call -> call.toLowerCase(Locale.ROOT).contains("rollback"));
  }

  @Test
  void behindWhatIsUnderWayNothingIsAsked() throws SQLException {
    handOut();
    physical.inStep = false;
    assertThat(connection.endPart()).isFalse();
    assertThat(connection.mayBeginPart()).isFalse();
    assertThat(driver.calls).allMatch(SharedLeaseTest::isLocal);
  }

  /** And a unit of work is run again for that. */
  @Test
  void ifTheConnectionIsLostMeanwhileThatIsSaid() throws SQLException {
    handOut();
    physical.inStep = false;
    physical.look = Look.DEAD;
    assertThatThrownBy(connection::mayBeginPart)
        .isInstanceOfSatisfying(
            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("08006"));
    assertThat(leases.doomed).containsExactly(Verdict.CONNECTION_LOST);
  }

  /** As when the rollback of a transaction has found it so. */
  @Test
  void whatARollbackHasCutIsLentNoMore() throws SQLException {
    connection.setAutoCommit(false);
    handOut();
    physical.inStep = false;
    connection.rollback();
    assertThat(connection.endPart()).isFalse();
    assertThat(connection.mayBeginPart()).isFalse();
  }

  @Test
  void norIsWhatTheDriverHasBroken() throws SQLException {
    driver.failNext("createStatement", new IllegalStateException("no driver should"));
    assertThatThrownBy(connection::createStatement).isInstanceOf(IllegalStateException.class);
    assertThat(connection.endPart()).isFalse();
    assertThat(connection.mayBeginPart()).isFalse();
  }

  /** In autocommit the question would be what a unit has committed. */
  @Test
  void whereTheDriverSeesWhatIsSentItIsAskedInATransaction() throws SQLException {
    physical.effects = Effects.NONE;
    handOut();
    assertThat(connection.mayBeginPart()).isTrue();
    assertThat(driver.calls)
        .filteredOn(call -> !isLocal(call))
        .containsExactly(
            "setAutoCommit(false)", "setSavepoint()", "rollback()", "setAutoCommit(true)");
  }

  @Test
  void anAnswerToAnotherQuestionIsNoProof() throws SQLException {
    physical.effects = Effects.NONE;
    handOut();
    driver.failNext("setSavepoint", new SQLException("expected BEGIN, got COPY", "08P01"));
    assertThat(connection.mayBeginPart()).isFalse();
    assertThat(leases.doomed).isEmpty();
  }
}
