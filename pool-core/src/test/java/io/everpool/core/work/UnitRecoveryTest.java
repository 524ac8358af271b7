package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Effects;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What the next run of a unit finds: nothing of the failed one, and all that was before the unit.
 * The driver sees the protocol, and nothing was committed.
 */
class UnitRecoveryTest extends RunnerFixture {
  private static final String PREPARE = "PREPARE plan AS SELECT 1";

  private final SQLException conflict = new SQLException("somebody was faster", "40001");
  private final SQLException stale = new SQLException("cached plan", FakeConnector.STALE_PLAN);

  /** The sessions of the runs. */
  private final List<Long> sessions = new ArrayList<>();

  private PooledConnection acquire(LeaseInterceptor... interceptors) throws SQLException {
    PooledConnection face =
        interceptors.length == 0 ? leases.acquire() : leases.acquire(interceptors);
    FakeLeaseManager.physical(face).effects = Effects.NONE;
    return face;
  }

  /** A unit whose first run executes these, and then fails so. */
  private void unit(PooledConnection face, SQLException failure, String... texts)
      throws SQLException {
    runner.rerun(
        face,
        WorkOptions.DEFAULT,
        connection -> {
          sessions.add(number(connection));
          if (++runs == 1) {
            for (String text : texts) {
              execute(connection, text);
            }
            driver.failNext("execute", failure);
            execute(connection, "select 1");
          }
          return "";
        });
  }

  private static List<String> resets(PooledConnection face) {
    return FakeLeaseManager.physical(face).resets;
  }

  @Test
  void whatTheFailedRunHasSetIsCleared() throws SQLException {
    try (PooledConnection face = acquire()) {
      unit(face, conflict, "SET x");
      assertThat(resets(face)).containsExactly("SMART [SET]");
    }
    assertThat(sessions).containsExactly(1L, 1L);
    assertThat(driver.plansForgotten).isZero();
  }

  @Test
  void whereItHasLeftNothingNothingIsCleared() throws SQLException {
    try (PooledConnection face = acquire()) {
      unit(face, conflict);
      assertThat(resets(face)).isEmpty();
    }
    assertThat(sessions).containsExactly(1L, 1L);
  }

  /** And so what the run has added to it does. */
  @Test
  void whatWasSetBeforeTheUnitStays() throws SQLException {
    try (PooledConnection face = acquire()) {
      execute(face, "SET y");
      unit(face, conflict, "SET x");
      assertThat(resets(face)).isEmpty();
    }
    assertThat(sessions).containsExactly(1L, 1L);
    assertThat(driver.plansForgotten).as("they are good").isZero();
  }

  @Test
  void besideAStatementThatWasOpenedBeforeNothingIsCleared() throws SQLException {
    try (PooledConnection face = acquire();
        Statement held = face.createStatement()) {
      unit(face, conflict, "SET x");
      assertThat(resets(face)).isEmpty();
      assertThat(held.isClosed()).isFalse();
    }
    assertThat(sessions).containsExactly(1L, 1L);
  }

  /** By then the run has closed it. */
  @Test
  void aStatementThatIsClosedStandsInNobodysWay() throws SQLException {
    try (PooledConnection face = acquire()) {
      Statement held = face.createStatement();
      runner.rerun(
          face,
          WorkOptions.DEFAULT,
          connection -> {
            if (++runs == 1) {
              held.close();
              execute(connection, "SET x");
              throw conflict;
            }
            return "";
          });
      assertThat(resets(face)).containsExactly("SMART [SET]");
    }
  }

  /** It is let go of, and its failure told with the one that it came of. */
  @Test
  void aSessionThatCanNotBeClearedIsReplaced() throws SQLException {
    SQLException failure = new SQLException("no", "42501");
    try (PooledConnection face = acquire()) {
      FakePhysical first = FakeLeaseManager.physical(face);
      first.resetFailure = failure;
      unit(face, conflict, "SET x");
      assertThat(first.closed()).isTrue();
    }
    assertThat(sessions).containsExactly(1L, 2L);
    assertThat(conflict.getSuppressed()).containsExactly(failure);
  }

  /** By a framework, which leaves that to whoever catches the failure: then it can be cleared. */
  @Test
  void theTransactionOfTheFailedRunIsRolledBackBefore() throws SQLException {
    try (PooledConnection face = acquire()) {
      face.setAutoCommit(false);
      unit(face, conflict, "SET x", "insert a");
      assertThat(resets(face)).containsExactly("SMART [SET]");
      face.commit();
    }
    assertThat(sessions).containsExactly(1L, 1L);
    assertThat(driver.database.rows).isEmpty();
  }

  // ---- stale plans

  @Test
  void stalePlansAreForgottenThoughNothingCanBeCleared() throws SQLException {
    try (PooledConnection face = acquire()) {
      execute(face, "SET y");
      unit(face, stale);
      assertThat(resets(face)).isEmpty();
      assertThat(driver.plansForgotten).isEqualTo(1);
    }
    assertThat(sessions).containsExactly(1L, 1L);
  }

  @Test
  void andBesideAStatementThatWasOpenedBefore() throws SQLException {
    try (PooledConnection face = acquire();
        Statement held = face.createStatement()) {
      unit(face, stale);
      assertThat(driver.plansForgotten).isEqualTo(1);
      assertThat(held.isClosed()).isFalse();
    }
    assertThat(sessions).containsExactly(1L, 1L);
  }

  @Test
  void outsideOfTheTransactionOfTheFailedRun() throws SQLException {
    try (PooledConnection face = acquire()) {
      execute(face, "SET y");
      face.setAutoCommit(false);
      unit(face, stale, "insert a");
      assertThat(driver.plansForgotten).isEqualTo(1);
    }
    assertThat(sessions).containsExactly(1L, 1L);
  }

  /** It would be missing in the next run. */
  @Test
  void whatSqlHadPreparedBeforeTheUnitEndsItWithTheStalePlan() throws SQLException {
    try (PooledConnection face = acquire()) {
      execute(face, PREPARE);
      assertThatThrownBy(() -> unit(face, stale)).isSameAs(stale);
    }
    assertThat(runs).isEqualTo(1);
    assertThat(stale.getSuppressed()[0]).hasMessageContaining("what SQL had prepared before it");
  }

  @Test
  void whatTheFailedRunHasPreparedItPreparesAgain() throws SQLException {
    try (PooledConnection face = acquire()) {
      unit(face, stale, PREPARE);
      assertThat(resets(face)).containsExactly("SMART [PREPARE]");
    }
    assertThat(sessions).containsExactly(1L, 1L);
  }

  @Test
  void whatAnInterceptorHasPreparedItPreparesAgain() throws SQLException {
    List<String> prepared = new ArrayList<>();
    try (PooledConnection face = acquire(preparing(prepared))) {
      unit(face, stale);
    }
    assertThat(sessions).containsExactly(1L, 1L);
    assertThat(prepared).hasSize(2);
  }

  /** For it is asked only where all else goes as well. */
  @Test
  void unlessSomethingElseHasToStay() throws SQLException {
    try (PooledConnection face = acquire(preparing(new ArrayList<>()))) {
      execute(face, "SET y");
      assertThatThrownBy(() -> unit(face, stale)).isSameAs(stale);
    }
    assertThat(runs).isEqualTo(1);
  }

  @Test
  void orSomeStatementHas() throws SQLException {
    try (PooledConnection face = acquire(preparing(new ArrayList<>()));
        Statement held = face.createStatement()) {
      assertThatThrownBy(() -> unit(face, stale)).isSameAs(stale);
      assertThat(held.isClosed()).isFalse();
    }
    assertThat(runs).isEqualTo(1);
  }

  private static LeaseInterceptor preparing(List<String> prepared) {
    return new LeaseInterceptor() {
      @Override
      public void acquired(Connection connection) throws SQLException {
        execute(connection, PREPARE);
        prepared.add(PREPARE);
      }
    };
  }

  // ---- where there is nothing to roll back

  private void transaction(Throwable failure) throws SQLException {
    try (PooledConnection face = acquire()) {
      runner.inTransaction(
          face,
          WorkOptions.DEFAULT,
          0,
          UnitWatch.NONE,
          connection -> {
            execute(connection, "insert a");
            driver.failNext("execute", failure);
            execute(connection, "insert b");
            return "";
          });
    }
  }

  @Test
  void aLostSessionIsNotAskedToRollBack() {
    retry(RetryConfig.OFF);
    SQLException lost = lost();
    assertThatThrownBy(() -> transaction(lost)).isSameAs(lost);
    assertThat(driver.calls).doesNotContain("rollback()");
  }

  @Test
  void norIsOneWhoseDriverIsAtFault() {
    IllegalStateException mistake = new IllegalStateException("a mistake of the driver's");
    assertThatThrownBy(() -> transaction(mistake)).isSameAs(mistake);
    assertThat(driver.calls).doesNotContain("rollback()");
  }
}
