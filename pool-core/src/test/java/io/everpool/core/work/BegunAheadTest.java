package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Effects;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.jdbc.FakeLeaseManager;
import io.everpool.core.jdbc.FakePhysical;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Units on a connection whose program has the driver's own object, behind a pooler of transactions:
 * the next one is begun ahead, in case that begins it. Nothing is in it, so no unit is within it.
 */
class BegunAheadTest extends RunnerFixture {
  private static final WorkOptions STRICT =
      WorkOptions.READ_ONLY.withIsolation(Connection.TRANSACTION_SERIALIZABLE);

  private final SQLException conflict = new SQLException("somebody was faster", "40001");

  /** What was begun last by the time that each run began. */
  private final List<String> begun = new ArrayList<>();

  private interface Use {
    void of(PooledConnection face, FakePhysical physical) throws SQLException;
  }

  /** With autocommit off; the driver sees what is sent, and that nothing was committed. */
  private void exposed(Use use) throws SQLException {
    driver.shared = true;
    try (PooledConnection face = leases.acquire()) {
      FakePhysical physical = FakeLeaseManager.physical(face);
      physical.jdbc().setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
      physical.seeCommit(Effects.NONE);
      face.setAutoCommit(false);
      face.unwrap(FakeDriver.Vendor.class);
      use.of(face, physical);
    }
  }

  /** Loses a race in its first run. */
  private Work<String, SQLException> losing(FakePhysical physical) {
    return connection -> {
      begun.add(driver.begun.get(driver.begun.size() - 1));
      driver.begun.clear();
      physical.seeCommit(Effects.NONE); // by the driver's own object
      if (++runs == 1) {
        throw conflict;
      }
      connection.rollback();
      return "";
    };
  }

  @Test
  void eachRunBeginsItWithTheOptions() throws SQLException {
    exposed(
        (face, physical) -> {
          face.setSchema("s");
          assertThat(driver.begun).containsExactly("0 in s");
          runner.rerun(face, STRICT, losing(physical));
          assertThat(begun).containsExactly("8 read only in s", "8 read only in s");
          assertThat(face.isReadOnly()).isFalse();
          assertThat(driver.begun).as("what follows").last().isEqualTo("2 in s");
        });
  }

  @Test
  void aUnitIsRunAgainThoughItsConnectionWasReadOnlyBefore() throws SQLException {
    exposed(
        (face, physical) -> {
          face.setReadOnly(true);
          assertThat(driver.begun).containsExactly("0 read only");
          runner.rerun(face, WorkOptions.DEFAULT, losing(physical));
        });
    assertThat(begun).containsExactly("0 read only", "0 read only");
  }

  /** Or whatever is written after it would be refused. */
  @Test
  void whatAUnitThatSentNothingHasSetIsTakenBack() throws SQLException {
    exposed(
        (face, physical) -> {
          runner.rerun(face, STRICT, connection -> "");
          assertThat(face.isReadOnly()).isFalse();
          assertThat(face.getTransactionIsolation())
              .isEqualTo(Connection.TRANSACTION_READ_COMMITTED);
          assertThat(driver.begun).last().isEqualTo("2");
        });
  }

  /** By the driver's own object it could go on otherwise than the unit wants it. */
  @Test
  void whereTheWorkEndsItAndGoesOnTheNextIsAsTheUnitWantsIt() throws SQLException {
    exposed(
        (face, physical) -> {
          face.setSchema("s");
          driver.begun.clear();
          runner.rerun(
              face,
              STRICT,
              connection -> {
                for (int i = 0; i < 2; i++) {
                  driver.begun.clear();
                  physical.seeCommit(Effects.NONE); // by the driver's own object
                  connection.rollback();
                  assertThat(driver.begun).as("rolled back").containsExactly("8 read only in s");
                  physical.seeCommit(Effects.NONE);
                  connection.commit();
                  assertThat(driver.begun).as("committed").hasSize(2);
                }
                return "";
              });
          assertThat(driver.begun).as("what follows").last().isEqualTo("2 in s");
        });
  }

  /** Nothing follows in it. */
  @Test
  void theEndOfAUnitBeginsNone() throws SQLException {
    exposed(
        (face, physical) -> {
          face.setSchema("s");
          driver.begun.clear();
          runner.inTransaction(
              face,
              WorkOptions.DEFAULT,
              0,
              UnitWatch.NONE,
              connection -> {
                physical.seeCommit(Effects.NONE);
                driver.begun.clear();
                return "";
              });
          assertThat(driver.begun).isEmpty();
          assertThat(FakeLeaseManager.session(face).inTransaction()).isFalse();
        });
  }

  /** As it was before: something was sent in it. */
  @Test
  void whatWasUsedIsATransactionThatTheUnitIsWithin() throws SQLException {
    exposed(
        (face, physical) -> {
          face.setSchema("s");
          physical.seeCommit(Effects.NONE);
          runner.rerun(face, STRICT, connection -> "");
          assertThat(driver.begun).containsExactly("0 in s");
          assertThat(FakeLeaseManager.session(face).inTransaction()).isTrue();
          face.rollback();
        });
  }
}
