package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A connection that was lost in a COMMIT which went well, and that no other can replace. Frameworks
 * set back now what they had set for the transaction, and a failure of that would make one of what
 * is committed.
 */
class LostInCommitTest extends RunnerFixture {
  private static final WorkOptions LIMITED =
      WorkOptions.DEFAULT.withDeadline(Duration.ofSeconds(2));

  /** The time of work that is {@link #LIMITED} is over now, and upkeep comes by. */
  private void passDeadline() {
    now += 2_000_000_000L;
    leases.pass(now);
  }

  /** Commits on {@code face}, at its level, what no other session can go on after. */
  private void loseInCommit(PooledConnection face) throws SQLException {
    loseIn(face, Connection::commit);
  }

  /** What commits. */
  private interface Committing {
    void by(Connection connection) throws SQLException;
  }

  private void loseIn(PooledConnection face, Committing committing) throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    runner.rerun(
        face,
        WorkOptions.DEFAULT,
        connection -> {
          connection.setAutoCommit(false);
          execute(connection, "SET search_path = x");
          execute(connection, "set transaction_read_only = off"); // or it needn't be looked up
          execute(connection, "insert a");
          committing.by(connection);
          return "";
        });
    assertThat(face.isClosed()).isTrue();
    assertThat(leases.released).as("nothing is held").hasValue(1);
  }

  /** JDBC's other way to commit, which has done what it was asked for. */
  @Test
  void toTurnAutocommitOnFailsAsLittleAsACommit() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      loseIn(face, connection -> connection.setAutoCommit(true));
      assertThat(face.getAutoCommit()).isTrue();
    }
  }

  @Test
  void whatWasSetForTheTransactionCanBeSetBack() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      int before = face.getTransactionIsolation();
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      face.setReadOnly(true);
      loseInCommit(face);

      assertThat(face.getAutoCommit()).isFalse();
      face.setAutoCommit(true);
      assertThat(face.getAutoCommit()).isTrue();
      assertThat(face.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      face.setTransactionIsolation(before);
      assertThat(face.getTransactionIsolation()).isEqualTo(before);
      assertThat(face.isReadOnly()).isTrue();
      face.setReadOnly(false);
      assertThat(face.isReadOnly()).isFalse();
    }
  }

  /** Where nothing was set there is nothing to set back; but frameworks ask. */
  @Test
  void whatWasAskedBeforeCanBeAskedStill() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      int level = face.getTransactionIsolation();
      loseInCommit(face);
      assertThat(face.getTransactionIsolation()).isEqualTo(level);
    }
  }

  /** Nobody must believe that he can go on. */
  @Test
  void allElseSaysThatItIsClosed() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      int before = face.getTransactionIsolation();
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      loseInCommit(face);
      face.setTransactionIsolation(before);

      assertClosed(() -> face.setAutoCommit(false));
      assertClosed(face::createStatement);
      assertClosed(face::commit);
      assertClosed(face::rollback);
      assertClosed(face::getSchema);
      assertClosed(() -> face.unwrap(Connection.class));
      assertThat(face.isValid(1)).isFalse();
      assertThatThrownBy(face::createStatement).hasRootCauseMessage("broken off at commit");
    }
  }

  @Test
  void aFurtherUnitIsNotRunOnAnother() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      loseInCommit(face);
      assertClosed(
          () ->
              runner.rerun(
                  face, WorkOptions.IDEMPOTENT, connection -> connection.createStatement()));
      face.abort(Runnable::run);
      assertThat(face.isClosed()).isTrue();
    }
    assertThat(leases.released).hasValue(1);
  }

  /** The connection of such work is closed, too: the cancel may be on its way still. */
  @Test
  void soItIsWhereADeadlinePassesBehindTheCommit() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      int before = face.getTransactionIsolation();
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      runner.rerun(
          face,
          LIMITED,
          connection -> {
            connection.setAutoCommit(false);
            execute(connection, "insert a");
            connection.commit();
            connection.setAutoCommit(true);
            passDeadline();
            return "";
          });

      assertThat(face.isClosed()).isTrue();
      assertThat(face.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
      face.setTransactionIsolation(before);
      assertClosed(face::createStatement);
    }
    assertThat(leases.closed).as("it is never lent again").hasSize(1);
    assertThat(leases.released).hasValue(0);
  }

  /** To set autocommit means to commit, and where nothing is committed nobody must believe it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void notSoWhereADeadlinePassesBeforeTheCommit(boolean tracked) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      FakeLeaseManager.physical(face).tracksTransactions = tracked;
      face.setAutoCommit(false);
      runner.rerun(
          face,
          LIMITED,
          connection -> {
            execute(connection, "insert a");
            passDeadline();
            return "";
          });
      assertClosed(() -> face.setAutoCommit(true));
      assertClosed(face::commit);
      assertClosed(face::getAutoCommit);
    }
    assertThat(driver.database.rows).isEmpty();
    assertThat(leases.closed).as("it is never lent again").hasSize(1);
  }

  /** A driver that can't even say whether it has a transaction open. */
  @Test
  void norWhereNobodyKnowsWhetherATransactionIsOpen() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      FakeLeaseManager.physical(face).tracksTransactions = false;
      face.setAutoCommit(false);
      runner.rerun(
          face,
          LIMITED,
          connection -> {
            execute(connection, "insert a");
            passDeadline();
            driver.failNext("getAutoCommit", new IllegalStateException("a mistake"));
            return "";
          });
      assertClosed(() -> face.setAutoCommit(true));
    }
    assertThat(driver.database.rows).isEmpty();
    assertThat(leases.closed).hasSize(1);
  }

  /** As if another thread did: what has the session then may be the next lease. */
  @Test
  void norOnceItIsClosedJustAsItsUnitEndsLate() throws SQLException {
    LeaseInterceptor closer =
        new LeaseInterceptor() {
          @Override
          public void returning(Connection connection) throws SQLException {
            connection.close();
          }
        };
    try (PooledConnection face = leases.acquire(closer)) {
      int before = face.getTransactionIsolation();
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      runner.rerun(
          face,
          LIMITED,
          connection -> {
            passDeadline();
            return "";
          });
      assertClosed(face::getAutoCommit);
      assertClosed(face::getTransactionIsolation);
      assertClosed(() -> face.setTransactionIsolation(before));
    }
    assertThat(leases.closed).hasSize(1);
  }

  /** Whoever has closed it himself is told. */
  @Test
  void onceItIsClosedNothingCanBeAsked() throws SQLException {
    PooledConnection face = leases.acquire();
    loseInCommit(face);
    face.close();
    face.close();
    assertClosed(face::getAutoCommit);
    assertClosed(() -> face.setAutoCommit(true));
    assertThat(leases.released).hasValue(1);
  }

  private static void assertClosed(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(SQLException.class)
        .extracting(thrown -> ((SQLException) thrown).getSQLState())
        .isEqualTo("08003");
  }
}
