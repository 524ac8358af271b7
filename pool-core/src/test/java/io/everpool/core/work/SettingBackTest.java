package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.RetryConfig;
import io.everpool.api.Work;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.core.jdbc.PooledConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A unit has failed and left its connection without a session. Frameworks set back now what they
 * had set before it, in a finally block: a failure of that would hide what the unit has failed of.
 */
class SettingBackTest extends RunnerFixture {

  /** As Jdbi's SqlObject: read-only and the level are set around the unit. */
  private void decorated(
      PooledConnection face, WorkOptions options, Work<String, SQLException> work)
      throws SQLException {
    int level = face.getTransactionIsolation();
    face.setReadOnly(true);
    face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
    try {
      runner.rerun(face, options, work);
    } finally {
      assertThat(face.isReadOnly()).isTrue();
      face.setTransactionIsolation(level);
      face.setReadOnly(false);
    }
  }

  /** Nobody must believe that he can go on, nor that he has committed. */
  private static void assertAllElseIsClosed(PooledConnection face, String loss) {
    assertClosed(() -> face.setAutoCommit(true));
    assertClosed(() -> face.setAutoCommit(false));
    assertClosed(face::getAutoCommit);
    assertClosed(face::commit);
    assertClosed(face::rollback);
    assertClosed(face::getSchema);
    assertThatThrownBy(face::createStatement).hasRootCauseMessage(loss);
  }

  private static void assertClosed(ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOf(SQLException.class)
        .extracting(thrown -> ((SQLException) thrown).getSQLState())
        .isEqualTo("08003");
  }

  /** The renewal took longer than acquire-timeout, say. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void doesNotHideThatThereWasNoOtherConnection(boolean nested) throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      SQLException lost = driver.breakNext("execute");
      leases.openFailure = new SQLException("no server", "08001");
      Work<String, SQLException> work =
          connection -> {
            connection.setAutoCommit(false);
            execute(connection, "select 1");
            return "";
          };
      assertThatThrownBy(
              () ->
                  decorated(
                      face,
                      WorkOptions.DEFAULT,
                      connection ->
                          nested
                              ? runner.rerun(connection, WorkOptions.DEFAULT, work)
                              : work.run(connection)))
          .isSameAs(lost);
      assertAllElseIsClosed(face, "broken off at execute");
    }
    assertThat(leases.closed).hasSize(1);
  }

  /** The one that was found then has nothing set that could be set back. */
  @Test
  void doesNotHideThatTheNextOneWasLostAsItWasSetUp() throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2));
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  decorated(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        driver.breakNext("setReadOnly");
                        connection.setAutoCommit(false);
                        return "" + readAndBreak(connection);
                      }))
          .hasMessage("broken off at setReadOnly");
      assertAllElseIsClosed(face, "broken off at execute");
    }
    assertThat(leases.closed).hasSize(2);
  }

  /** The transaction is lost with its connection: to turn autocommit on would be to commit it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void doesNotHideTheDeadline(boolean nested) throws SQLException {
    WorkOptions soon = WorkOptions.DEFAULT.withDeadline(Duration.ofSeconds(2));
    Work<String, SQLException> work =
        connection -> {
          connection.setAutoCommit(false);
          execute(connection, "select 1");
          now += 2_000_000_000L;
          leases.pass(now);
          driver.breakNext("execute");
          execute(connection, "select 2");
          return "";
        };
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  decorated(
                      face,
                      soon,
                      connection ->
                          nested ? runner.rerun(connection, soon, work) : work.run(connection)))
          .isInstanceOf(WorkDeadlineException.class);
      assertAllElseIsClosed(face, "broken off at execute");
    }
    assertThat(leases.closed).hasSize(1);
  }

  /** As on a Jdbi that only reads: SqlObject's transactions turn read-only off, and on again. */
  @Test
  void isNoFailureEvenIfItWasSetOtherwiseFromTheBeginning() throws SQLException {
    WorkOptions soon = WorkOptions.DEFAULT.withDeadline(Duration.ofSeconds(2));
    try (PooledConnection face = leases.acquire()) {
      face.setReadOnly(true);
      face.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      assertThatThrownBy(
              () -> {
                face.setReadOnly(false);
                face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
                try {
                  runner.rerun(
                      face,
                      soon,
                      connection -> {
                        connection.setAutoCommit(false);
                        execute(connection, "select 1");
                        now += 2_000_000_000L;
                        leases.pass(now);
                        return readAndBreak(connection);
                      });
                } finally {
                  face.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
                  face.setReadOnly(true);
                }
              })
          .isInstanceOf(WorkDeadlineException.class);
      assertThat(face.getTransactionIsolation()).isEqualTo(Connection.TRANSACTION_REPEATABLE_READ);
      assertThat(face.isReadOnly()).isTrue();
      assertAllElseIsClosed(face, "broken off at execute");
    }
  }

  /** Its successor lacks what SQL had set, and isn't gone on with. */
  @Test
  void doesNotHideACommitThatWasAborted() throws SQLException {
    retry(RetryConfig.OFF.withCommitOutcome(true));
    driver.commits.answers.add(CommitStatus.ABORTED);
    SQLException lost = driver.breakNext("commit");
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  decorated(
                      face,
                      WorkOptions.DEFAULT,
                      connection -> {
                        connection.setAutoCommit(false);
                        execute(connection, "SET search_path = x");
                        execute(connection, "set transaction_read_only = off");
                        execute(connection, "insert a");
                        connection.commit();
                        return "";
                      }))
          .isSameAs(lost);
      assertAllElseIsClosed(face, "broken off at commit");
    }
    assertThat(leases.released).as("the successor").hasValue(1);
  }
}
