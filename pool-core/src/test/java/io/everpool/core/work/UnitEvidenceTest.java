package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What of a run is remembered against it, and what is forgiven. */
class UnitEvidenceTest extends RunnerFixture {
  private final SQLException conflict = new SQLException("somebody was faster", "40001");
  private final SQLException mistake = new SQLException("no such table", "42P01");

  /** What a work throws in place of the race that it has lost. */
  private final IllegalStateException own = new IllegalStateException("what the work made of it");

  private static FakePhysical physical(Connection connection) {
    return FakeLeaseManager.physical((PooledConnection) connection);
  }

  private void run(WorkOptions options, Work<String, SQLException> work) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.run(face, options, 0, UnitWatch.NONE, work);
    }
  }

  private void inTransaction(Work<String, SQLException> work) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      runner.inTransaction(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, work);
    }
  }

  /** And so the transaction is none that has lost a race, whatever it fails of later. */
  @Test
  void aLostRaceThatTheRunGotOverIsForgotten() {
    assertThatThrownBy(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      execute(connection, "insert a");
                      driver.failNext("execute", conflict);
                      assertThatThrownBy(() -> execute(connection, "insert b")).isSameAs(conflict);
                      execute(connection, "select 1"); // the way back to a savepoint lies between
                      driver.failNext("execute", mistake);
                      try {
                        execute(connection, "insert into nowhere");
                      } finally {
                        physical(connection).transaction(TransactionState.FAILED);
                      }
                      return "";
                    }))
        .isSameAs(mistake);
    assertThat(runs).isEqualTo(1);
  }

  /** Whoever hides the failure and goes on is told only that the transaction takes nothing. */
  @Test
  void aLostRaceIsRememberedWhereTheTransactionHasFailedByIt() throws SQLException {
    inTransaction(
        connection -> {
          if (++runs == 1) {
            execute(connection, "insert a");
            driver.failNext("execute", conflict);
            assertThatThrownBy(() -> execute(connection, "insert b")).isSameAs(conflict);
            physical(connection).transaction(TransactionState.FAILED);
            driver.failNext("execute", new SQLException("transaction is aborted", "25P02"));
            execute(connection, "select 1");
          }
          return "";
        });
    assertThat(runs).isEqualTo(2);
  }

  private void loseHidden(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    execute(connection, "insert a");
    driver.failNext("execute", conflict);
    assertThatThrownBy(() -> execute(connection, "insert b")).isSameAs(conflict);
    physical(connection).transaction(TransactionState.FAILED);
  }

  private PooledConnection proving() throws SQLException {
    PooledConnection face = leases.acquire();
    physical(face).effects = Effects.NONE;
    return face;
  }

  /** As Jdbi and Spring do it: by the time that the failure comes out, the transaction is gone. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void andThoughAFrameworkHasRolledItBackBefore(boolean nested) throws SQLException {
    Work<String, SQLException> work =
        connection -> {
          if (++runs == 1) {
            loseHidden(connection);
            connection.rollback();
            connection.setAutoCommit(true);
            throw own;
          }
          return "";
        };
    try (PooledConnection face = proving()) {
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          c -> nested ? runner.rerun(c, WorkOptions.DEFAULT, work) : work.run(c));
    }
    assertThat(runs).isEqualTo(2);
  }

  /** What it throws after that is of what came after. */
  @Test
  void butNotWhereTheWorkGoesOnBehindTheRollback() throws SQLException {
    try (PooledConnection face = proving()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        runs++;
                        loseHidden(connection);
                        connection.rollback();
                        execute(connection, "insert c");
                        connection.rollback();
                        throw own;
                      }))
          .isSameAs(own);
    }
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void norWhereASavepointHasUndoneIt() throws SQLException {
    try (PooledConnection face = proving()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        runs++;
                        connection.setAutoCommit(false);
                        Savepoint before = connection.setSavepoint();
                        loseHidden(connection);
                        connection.rollback(before);
                        physical(connection).transaction(TransactionState.OPEN);
                        connection.rollback();
                        throw own;
                      }))
          .isSameAs(own);
    }
    assertThat(runs).isEqualTo(1);
  }

  /** There is no framework between: who rolls back there has dealt with it. */
  @Test
  void norWhereTheWorkItselfHasRolledBack() {
    assertThatThrownBy(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      loseHidden(connection);
                      connection.rollback();
                      throw own;
                    }))
        .isSameAs(own);
    assertThat(runs).isEqualTo(1);
  }

  /** Nor by the unit around the one whose next run fails of something else. */
  @Test
  void norWhereARunThatFollowsFailsByItself() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        execute(connection, "insert before"); // and so only the inner one may
                        return runner.rerun(
                            connection,
                            WorkOptions.IDEMPOTENT,
                            again -> {
                              if (++runs == 1) {
                                loseHidden(again);
                                again.rollback();
                              }
                              throw own;
                            });
                      }))
          .isSameAs(own)
          .hasNoSuppressedExceptions();
    }
    assertThat(runs).isEqualTo(2);
  }

  /** Whatever is tried on the connection afterwards. */
  @Test
  void aLossThatOnlyTheDriversOwnObjectHasMetIsTold() throws SQLException {
    SQLException lost = lost();
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        connection.unwrap(FakeDriver.Vendor.class);
                        physical(connection).breakOff();
                        throw lost;
                      }))
          .hasRootCause(lost);
      assertThatThrownBy(() -> execute(face, "select 1")).hasCause(lost);
    }
  }

  /** By a function, say, that sets it: no text shows that. */
  @Test
  void aReadOnlyRunInWhichTheServerTookWritesHasBrokenItsWord() {
    assertThatThrownBy(
            () ->
                run(
                    WorkOptions.READ_ONLY,
                    connection -> {
                      physical(connection).takesWrites = true;
                      physical(connection).effects = Effects.IN_DOUBT;
                      return String.valueOf(readAndBreak(connection));
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  /** A function called in it may write, and a hint keeps it from nothing. */
  @Test
  void aHintProvesNothingOfASelectInAutocommit() {
    assertThatThrownBy(
            () ->
                run(
                    WorkOptions.DEFAULT,
                    connection -> {
                      connection.setReadOnly(true);
                      return String.valueOf(readAndBreak(connection));
                    }))
        .isInstanceOf(WriteOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void norOfOneWhoseCommitGetsNoAnswer() {
    driver.takesReadOnlyAsAHint = true;
    driver.commits.told = false;
    driver.breakNext("commit");
    assertThatThrownBy(
            () ->
                inTransaction(
                    connection -> {
                      runs++;
                      connection.setReadOnly(true);
                      execute(connection, "select 1");
                      return "";
                    }))
        .isInstanceOf(CommitOutcomeUnknownException.class);
    assertThat(runs).isEqualTo(1);
  }
}
