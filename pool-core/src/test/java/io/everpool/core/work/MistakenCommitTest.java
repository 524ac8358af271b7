package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A pooler that mixes up its clients' prepared statements runs another one in place of a COMMIT.
 * The driver finds nothing wrong; the transaction is still open.
 */
class MistakenCommitTest extends RunnerFixture {
  private String insert(PooledConnection face) throws SQLException {
    return runner.inTransaction(
        face,
        WorkOptions.DEFAULT,
        0,
        UnitWatch.NONE,
        connection -> {
          runs++;
          execute(connection, "insert a");
          return "done " + runs;
        });
  }

  /** And it is looked up, as that of a connection that was lost. */
  @Test
  void aUnitIsRunAgain() throws SQLException {
    driver.commits.mistaken = true;
    driver.commits.answers.add(CommitStatus.ABORTED);
    try (PooledConnection face = leases.acquire()) {
      assertThat(insert(face)).isEqualTo("done 2");
    }
    assertThat(driver.commits.asked).hasSize(1);
    assertThat(driver.database.rows).containsExactly("a");
  }

  private static void commit(Connection connection, boolean byAutoCommit) throws SQLException {
    if (byAutoCommit) {
      connection.setAutoCommit(true);
    } else {
      connection.commit();
    }
  }

  /** The outcome is known, whether or not the driver's messages are seen: it isn't committed. */
  @ParameterizedTest
  @CsvSource({"false, UNPROVEN", "true, UNPROVEN", "false, NONE", "true, NONE"})
  void aProgramIsTold(boolean byAutoCommit, Effects seen) throws SQLException {
    long first;
    try (PooledConnection face = leases.acquire()) {
      first = number(face);
      FakeLeaseManager.physical(face).effects = seen;
      face.setAutoCommit(false);
      execute(face, "insert a");
      driver.commits.mistaken = true;
      assertThatThrownBy(() -> commit(face, byAutoCommit))
          .isInstanceOf(SQLException.class)
          .isNotInstanceOf(CommitOutcomeUnknownException.class)
          .hasMessageContaining("something else was run in its place, and nothing is committed")
          .extracting(thrown -> ((SQLException) thrown).getSQLState())
          .isEqualTo("08006");
    }
    assertThat(events(PoolEvent.CommitResolved.class)).isEmpty();
    assertThat(driver.database.rows).isEmpty();
    try (PooledConnection face = leases.acquire()) {
      assertThat(number(face)).isNotEqualTo(first);
      face.setAutoCommit(false);
      execute(face, "insert b");
      commit(face, byAutoCommit);
    }
    assertThat(driver.database.rows).containsExactly("b");
  }

  /** What it has committed is there, and the caller mustn't repeat it for that. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aDriverThatFailsToTellTheStateHasCommitted(boolean byAutoCommit) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      execute(face, "insert a");
      FakeLeaseManager.physical(face).failsToTell = true;
      assertThatCode(() -> commit(face, byAutoCommit)).doesNotThrowAnyException();
    }
    assertThat(driver.database.rows).containsExactly("a");
  }

  /** Turning on what is on commits nothing. */
  @Test
  void aTransactionThatSqlHasBegunIsLeftOpen() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      FakeLeaseManager.physical(face).transaction(TransactionState.OPEN);
      driver.commits.mistaken = true; // or the fake would commit
      assertThatCode(() -> face.setAutoCommit(true)).doesNotThrowAnyException();
    }
  }
}
