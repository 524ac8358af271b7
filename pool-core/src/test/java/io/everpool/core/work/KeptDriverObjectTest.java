package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The driver's own object, or what came of it (a CopyManager, say), is used for longer than for
 * what it was taken, on a driver that doesn't say what was sent by that.
 */
class KeptDriverObjectTest extends RunnerFixture {
  private final FakeLeaseManager plain = FakeLeaseManager.plain(driver);
  private final SQLException conflict = new SQLException("somebody was faster", "40001");

  private static Connection own(Connection face) throws SQLException {
    return (Connection) face.unwrap(FakeDriver.Vendor.class);
  }

  /** Writes past the face, and loses a race in its first run. */
  private String writeAndLose(Connection own) throws SQLException {
    runs++;
    execute(own, "insert late");
    if (runs == 1) {
      throw conflict;
    }
    return "";
  }

  @AfterEach
  void nothingIsDoubled() {
    assertThat(driver.database.blindlyRetried).isEmpty();
  }

  @Test
  void aUnitIsNotRunAgainOnWhoseConnectionItWasTakenBefore() throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      Connection own = own(face);
      assertThatThrownBy(
              () -> runner(plain).rerun(face, WorkOptions.DEFAULT, c -> writeAndLose(own)))
          .isSameAs(conflict);
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("late");
  }

  @Test
  void norIsOneWithinTheUnitThatHasTakenIt() throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      assertThatThrownBy(
              () ->
                  runner(plain)
                      .rerun(
                          face,
                          WorkOptions.DEFAULT,
                          outer -> {
                            Connection own = own(outer);
                            return runner(plain)
                                .rerun(outer, WorkOptions.DEFAULT, c -> writeAndLose(own));
                          }))
          .isSameAs(conflict);
    }
    assertThat(runs).isEqualTo(1);
  }

  /** What was handed out goes back with the lease, and says nothing of the next. */
  @Test
  void theNextLeaseIsFreeOfIt() throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      own(face);
    }
    try (PooledConnection face = plain.acquire()) {
      assertThat(FakeLeaseManager.session(face).isExposedInWork()).isFalse();
      runner(plain)
          .rerun(
              face,
              WorkOptions.DEFAULT,
              c -> {
                if (++runs == 1) {
                  throw conflict;
                }
                return "";
              });
    }
    assertThat(runs).isEqualTo(2);
  }

  /** The COMMIT is answered, and what comes after it isn't. */
  @Test
  void whatIsWrittenByItAfterTheProgramsCommitIsInDoubt() throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      assertThatThrownBy(
              () ->
                  runner(plain)
                      .rerun(
                          face,
                          WorkOptions.DEFAULT,
                          c -> {
                            runs++;
                            Connection own = own(c);
                            c.setAutoCommit(false);
                            execute(c, "insert a");
                            c.setAutoCommit(true);
                            execute(own, "insert late");
                            FakeLeaseManager.physical(face).breakOff();
                            throw lost();
                          }))
          .isInstanceOf(WriteOutcomeUnknownException.class);
    }
    assertThat(runs).isEqualTo(1);
    assertThat(driver.database.rows).containsExactly("a", "late");
  }

  /** To set a level of isolation commits, with some drivers, and can wait. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whatMayBeOpenIsNotCommittedByWhatTheUnitSetsBack(boolean autoCommit) throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      face.setAutoCommit(autoCommit);
      Connection own = own(face);
      if (!autoCommit) {
        face.commit();
      }
      runner(plain)
          .rerun(
              face,
              WorkOptions.DEFAULT.withIsolation(Connection.TRANSACTION_SERIALIZABLE),
              c -> {
                execute(own, "insert late");
                return "";
              });
      assertThat(driver.calls)
          .filteredOn(call -> call.startsWith("setTransactionIsolation"))
          .hasSize(autoCommit ? 2 : 1);
    }
  }

  /** And no setting of the next run commits it. */
  @Test
  void whatAFailedRunHasWrittenByItAfterACommitIsRolledBack() throws SQLException {
    try (PooledConnection face = plain.acquire()) {
      runner(plain)
          .run(
              face,
              WorkOptions.IDEMPOTENT,
              0,
              UnitWatch.NONE,
              c -> {
                if (++runs > 1) {
                  return "";
                }
                Connection own = own(c);
                c.setAutoCommit(false);
                execute(c, "insert a");
                c.commit();
                execute(own, "insert late");
                throw conflict;
              });
      assertThat(face.getAutoCommit()).isTrue();
    }
    assertThat(runs).isEqualTo(2);
    assertThat(driver.database.rows).containsExactly("a");
  }
}
