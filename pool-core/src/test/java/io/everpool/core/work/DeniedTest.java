package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Something is denied in the words of a refused login, as by MySQL, to somebody who has his session
 * and keeps it: a privilege, or what a trigger says at the COMMIT.
 */
class DeniedTest extends RunnerFixture {
  private final SQLException denied = new SQLException("Access denied", "28000", 1045);
  private final FakeLeaseManager plain = FakeLeaseManager.plain(driver);

  @BeforeEach
  void nobodyCanBeAsked() {
    driver.commits.told = false;
  }

  private <T> T inTransaction(PooledConnection face, Work<T, SQLException> work)
      throws SQLException {
    return runner(plain).inTransaction(face, WorkOptions.DEFAULT, 0, UnitWatch.NONE, work);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void itCostsTheUnitNoConnection(boolean doesWithout) throws SQLException {
    Throwable thrown;
    try (PooledConnection face = plain.acquire()) {
      thrown =
          catchThrowable(
              () ->
                  inTransaction(
                      face,
                      connection -> {
                        runs++;
                        driver.failNext("execute", denied);
                        try {
                          execute(connection, "select 1 into outfile 'x'");
                        } catch (SQLException e) {
                          if (!doesWithout) {
                            throw e;
                          }
                        }
                        execute(connection, "insert a");
                        return "";
                      }));
      assertThat(face.isClosed()).isFalse();
    }
    assertThat(thrown).isSameAs(doesWithout ? null : denied);
    assertThat(runs).isEqualTo(1);
    assertThat(plain.doomed).isEmpty();
    assertThat(plain.released).hasValue(1);
  }

  /** The ways to commit. */
  enum Commits {
    UNIT {
      @Override
      void of(DeniedTest test, PooledConnection face) throws SQLException {
        test.inTransaction(
            face,
            connection -> {
              test.runs++;
              execute(connection, "insert a");
              return "";
            });
      }
    },
    CALL_WITHIN_A_UNIT {
      @Override
      void of(DeniedTest test, PooledConnection face) throws SQLException {
        test.runner(test.plain)
            .rerun(
                face,
                WorkOptions.DEFAULT,
                connection -> {
                  test.runs++;
                  connection.setAutoCommit(false);
                  execute(connection, "insert a");
                  connection.setAutoCommit(true);
                  return "";
                });
      }
    },
    CALL {
      @Override
      void of(DeniedTest test, PooledConnection face) throws SQLException {
        test.runs++;
        face.setAutoCommit(false);
        execute(face, "insert a");
        face.commit();
      }
    };

    abstract void of(DeniedTest test, PooledConnection face) throws SQLException;
  }

  /** The answer has come, and it is no. */
  @ParameterizedTest
  @EnumSource
  void aCommitThatIsDeniedHasItsAnswer(Commits way) throws SQLException {
    driver.failNext("commit", denied);
    try (PooledConnection face = plain.acquire()) {
      assertThatThrownBy(() -> way.of(this, face)).isSameAs(denied);
      assertThat(face.isClosed()).isFalse();
    }
    assertThat(runs).isEqualTo(1);
    assertThat(plain.events).noneMatch(PoolEvent.CommitResolved.class::isInstance);
    assertThat(plain.doomed).isEmpty();
    assertThat(plain.released).hasValue(1);
    assertThat(driver.database.rows).isEmpty();
  }

  /** There the words are no proof of an answer. */
  @ParameterizedTest
  @EnumSource
  void unlessItsSessionIsOver(Commits way) throws SQLException {
    driver.failNext("commit", denied);
    try (PooledConnection face = plain.acquire()) {
      driver.during("commit", FakeLeaseManager.physical(face)::breakOff);
      assertThatThrownBy(() -> way.of(this, face))
          .isInstanceOf(CommitOutcomeUnknownException.class)
          .hasCause(denied);
    }
    assertThat(runs).isEqualTo(1);
    assertThat(plain.released).hasValue(0);
  }

  /** It is set all the same; what there was before isn't known, and the session not lent again. */
  @Test
  void whoMayNotReadASettingMaySetIt() throws SQLException {
    driver.failNext("getTransactionIsolation", denied);
    try (PooledConnection face = plain.acquire()) {
      face.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
      assertThat(driver.calls).contains("setTransactionIsolation(8)");
    }
    assertThat(plain.doomed).isEmpty();
  }

  /** Only on a connection that is lost there is nothing left to undo. */
  @Test
  void whoMayNotUndoASettingIsToldSo() throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      face.setReadOnly(true);
      driver.failNext("setReadOnly", denied);
      assertThatThrownBy(() -> face.setReadOnly(false)).isSameAs(denied);
      assertThat(face.isReadOnly()).isTrue();
    }
  }
}
