package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.upkeep.OutageLogs;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Units in an outage, as the pool's own record of outages has them told. */
class OutageNewsTest extends RunnerFixture {
  private static final long SECOND = 1_000_000_000L;

  @BeforeEach
  void keepARecord() {
    leases.outages = OutageLogs.at(() -> now);
  }

  private void lookUp() throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.COMMITTED);
    try (PooledConnection face = leases.acquire()) {
      runner.inTransaction(
          face,
          WorkOptions.DEFAULT,
          0,
          UnitWatch.NONE,
          connection -> {
            execute(connection, "insert a");
            return "";
          });
    }
  }

  private void rerun() throws SQLException {
    driver.breakNext("execute");
    try (PooledConnection face = leases.acquire()) {
      runner.run(
          face,
          WorkOptions.IDEMPOTENT,
          0,
          UnitWatch.NONE,
          connection -> {
            execute(connection, "insert a");
            return "";
          });
    }
  }

  /** It writes in autocommit, and nobody knows whether that is there. */
  private void refuse() throws SQLException {
    driver.breakNext("execute");
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.run(
                      face,
                      WorkOptions.DEFAULT,
                      0,
                      UnitWatch.NONE,
                      connection -> {
                        execute(connection, "insert a");
                        return "";
                      }))
          .isInstanceOf(SQLException.class);
    }
  }

  private void loseACommit(String label) throws SQLException {
    driver.breakNext("commit");
    driver.commits.answers.add(CommitStatus.UNKNOWN);
    try (PooledConnection face = leases.acquire()) {
      assertThatThrownBy(
              () ->
                  runner.inTransaction(
                      face,
                      WorkOptions.DEFAULT.withLabel(label),
                      0,
                      UnitWatch.NONE,
                      connection -> {
                        execute(connection, "insert a");
                        return "";
                      }))
          .isInstanceOf(CommitOutcomeUnknownException.class);
    }
  }

  private void loseACommitOutsideOfUnits() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
      face.setAutoCommit(false);
      execute(face, "insert a");
      driver.breakNext("commit");
      assertThatThrownBy(face::commit).isInstanceOf(CommitOutcomeUnknownException.class);
    }
  }

  private void refuseForItHeldAStatement() throws SQLException {
    try (PooledConnection face = leases.acquire();
        AutoCloseable open = face.createStatement()) {
      assertThat(open).isNotNull();
      driver.breakNext("execute");
      assertThatThrownBy(
              () ->
                  runner.rerun(
                      face,
                      WorkOptions.IDEMPOTENT,
                      connection -> {
                        execute(connection, "insert a");
                        return "";
                      }))
          .isInstanceOf(SQLException.class);
    } catch (SQLException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private List<String> told(String words) {
    return logged.messages(Level.INFO).stream().filter(line -> line.contains(words)).toList();
  }

  @Test
  void a_lookup_and_a_rerun_are_two_things_to_tell() throws SQLException {
    lookUp();
    rerun();
    lookUp();
    rerun();
    assertThat(told("is looked up")).hasSize(1);
    assertThat(told("is run again")).hasSize(1);
    assertThat(logged.messages(Level.WARN)).containsExactly(RECONNECTING, RECONNECTING);
  }

  @Test
  void what_was_not_told_is_counted_in_the_next_that_is() throws SQLException {
    for (int i = 0; i <= 10; i++) {
      lookUp();
      rerun();
      refuse();
      now += SECOND;
    }
    assertThat(told("is looked up")).hasSize(2);
    assertThat(told("is looked up").get(1)).endsWith("(and 9 more since the last such line)");
    assertThat(told("is run again")).hasSize(2);
    assertThat(told("is run again").get(1)).endsWith("(and 9 more since the last such line)");
    assertThat(told("is not run again")).hasSize(2);
    assertThat(told("is not run again").get(1)).endsWith("(and 9 more since the last such line)");
  }

  /** Each is a write that somebody has to look for, be there as many as there are. */
  @Test
  void every_commit_of_which_nobody_knows_is_told() throws SQLException {
    loseACommit("transfer");
    loseACommit("transfer");
    loseACommitOutsideOfUnits();
    loseACommitOutsideOfUnits();
    String end = "; look for its effect before it is repeated: broken off at commit";
    String before = "Pool everpool: nobody knows whether a COMMIT";
    String unknown = ", its transaction's id is not known";
    assertThat(logged.messages(Level.WARN))
        .filteredOn(line -> !line.equals(RECONNECTING))
        .containsExactly(
            before + " of transfer was done, on connection 1, transaction 42" + end,
            before + " of transfer was done, on connection 2, transaction 42" + end,
            before + " was done, on connection 3" + unknown + end,
            before + " was done, on connection 4" + unknown + end);
    assertThat(events(PoolEvent.RetryRefused.class))
        .as("units that were not run again")
        .extracting(PoolEvent.RetryRefused::label)
        .containsExactly("transfer", "transfer");
  }

  private void fail(String label, String state, int times) throws SQLException {
    int[] left = {times};
    try (PooledConnection face = leases.acquire()) {
      runner.inTransaction(
          face,
          WorkOptions.DEFAULT.withLabel(label),
          0,
          UnitWatch.NONE,
          connection -> {
            if (left[0]-- > 0) {
              driver.failNext("execute", new SQLException("not this time", state));
            }
            execute(connection, "insert a");
            return "";
          });
    }
  }

  /** A row that all want is no news a thousand times in a second. */
  @ParameterizedTest
  @CsvSource({"40001, lost a race with another transaction", "0A000, a table has changed under"})
  void what_a_unit_does_over_and_over_is_told_now_and_then(String state, String words)
      throws SQLException {
    retry(RetryConfig.DEFAULT.withMaxAttempts(2000).withMaxDuration(Duration.ofDays(1)));
    runner = new UnitRunner(leases, () -> now, () -> 0.5, nanos -> {});
    fail("transfer", state, 1000);
    assertThat(told(words)).singleElement().asString().endsWith("not this time");
    assertThat(logged.messages(Level.DEBUG)).filteredOn(it -> it.contains(words)).hasSize(999);
    fail("report", state, 1);
    assertThat(told(words)).as("another unit's is news").hasSize(2);
    now += 10 * SECOND;
    fail("transfer", state, 1);
    assertThat(told(words)).hasSize(3);
    assertThat(told(words).get(2)).endsWith("(and 999 more since the last such line)");
  }

  @Test
  void a_refusal_for_another_reason_is_told() throws SQLException {
    refuse();
    refuseForItHeldAStatement();
    refuse();
    refuseForItHeldAStatement();
    assertThat(told("is not run again"))
        .satisfiesExactly(
            first -> assertThat(first).contains("its last request could commit by itself"),
            second -> assertThat(second).contains("a statement that was opened before it"));
  }
}
