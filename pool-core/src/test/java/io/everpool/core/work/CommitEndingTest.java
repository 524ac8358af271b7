package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.CommitStatus;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.observe.UnitWatch;
import java.sql.SQLException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A COMMIT whose answer was lost is in progress, and the session that is at it can't be ended. To
 * end it is a help; that it may not be ended says nothing of the outcome.
 */
class CommitEndingTest extends RunnerFixture {
  private String transfer() throws SQLException {
    try (PooledConnection face = leases.acquire()) {
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
  }

  private void inProgress(int times, Exception refusal) {
    for (int i = 0; i < times; i++) {
      driver.commits.answers.add(CommitStatus.IN_PROGRESS);
      driver.commits.endFailures.add(refusal);
    }
  }

  private static Stream<Exception> refusals() {
    return Stream.of(
        new SQLException("permission denied to terminate process", "42501"),
        new SQLException("function pg_terminate_backend(integer) does not exist", "42883"),
        new SQLException("a pooler that hangs up on it", "28000"),
        new SQLException("the session that asks is lost", "08006"),
        new IllegalStateException("a mistake of the driver's"));
  }

  @ParameterizedTest
  @MethodSource("refusals")
  void itIsAskedAboutUntilItHasEndedByItself(Exception refusal) throws SQLException {
    driver.breakNext("commit");
    inProgress(4, refusal);
    driver.commits.answers.add(CommitStatus.COMMITTED);
    assertThat(transfer()).isEqualTo("done 1");
    assertThat(runs).isEqualTo(1);
    assertThat(driver.commits.ended).hasSize(3);
    assertThat(pauses).as("one after each question").hasSize(4);
  }

  @Test
  void itsOutcomeIsUnknownOnlyAtTheLongestDuration() {
    retry(RetryConfig.DEFAULT.withMaxDuration(Duration.ofSeconds(3)));
    driver.breakNext("commit");
    SQLException denied = new SQLException("permission denied", "42501");
    inProgress(1_000, denied);
    assertThatThrownBy(this::transfer)
        .isInstanceOf(CommitOutcomeUnknownException.class)
        .cause()
        .satisfies(lost -> assertThat(lost.getSuppressed()).containsOnlyOnce(denied));
    assertThat(passed()).isBetween(2_900_000_000L, 3_000_000_000L);
  }
}
