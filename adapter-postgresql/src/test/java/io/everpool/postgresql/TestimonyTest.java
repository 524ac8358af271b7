package io.everpool.postgresql;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.CommitStatus;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a server says is believed only where it can't be about something else. */
class TestimonyTest {
  private static final Incarnation CLEAN = run("1", "started 1", "since 1", null);
  private static final Incarnation RECOVERED = run("1", "started 1", "since 1", 500);
  private static final int POSITION = 1_000;

  private static Incarnation run(
      String timeline, String started, String statistics, @Nullable Integer recoveredTo) {
    return new Incarnation(
        "system",
        timeline,
        started,
        statistics,
        recoveredTo == null ? null : BigInteger.valueOf(recoveredTo));
  }

  private static CommitStatus believed(
      Incarnation then, @Nullable String said, Incarnation now, int checkpoint) {
    return new Testimony(said, now, BigInteger.valueOf(checkpoint))
        .about(new Place(then, BigInteger.valueOf(POSITION)));
  }

  private static CommitStatus believed(Incarnation then, Incarnation now) {
    return believed(then, "committed", now, POSITION + 1);
  }

  @Test
  void withinARunItsWordCounts() {
    for (Incarnation run : new Incarnation[] {CLEAN, RECOVERED}) {
      assertThat(believed(run, "committed", run, 0)).isEqualTo(CommitStatus.COMMITTED);
      assertThat(believed(run, "aborted", run, 0)).isEqualTo(CommitStatus.ABORTED);
      assertThat(believed(run, "in progress", run, 0)).isEqualTo(CommitStatus.IN_PROGRESS);
      assertThat(believed(run, null, run, 0)).isEqualTo(CommitStatus.UNKNOWN);
    }
  }

  @Test
  void overOrderlyRestartsItsWordCounts() {
    Incarnation later = run("1", "started 2", "since 1", null);
    assertThat(believed(CLEAN, later)).isEqualTo(CommitStatus.COMMITTED);
    assertThat(believed(RECOVERED, later)).isEqualTo(CommitStatus.COMMITTED);
    assertThat(believed(CLEAN, "aborted", later, POSITION)).isEqualTo(CommitStatus.ABORTED);
  }

  /** Its statistics are those of after the crash. */
  @Test
  void anOrderlyRestartDoesNotHideACrashBefore() {
    assertThat(believed(CLEAN, run("1", "started 3", "since 2", null)))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void withoutStatisticsNothingIsSure() {
    Incarnation silent = run("1", "started 1", "", null);
    assertThat(believed(silent, run("1", "started 2", "", null))).isEqualTo(CommitStatus.UNKNOWN);
  }

  /** Its last shutdown was before the transaction. */
  @Test
  void filesThatWerePutBackAreNotTheServerThatWas() {
    assertThat(believed(CLEAN, "committed", run("1", "started 2", "since 1", null), POSITION - 1))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void aCrashThatMayHaveKeptTheCommitLeavesItUnknown() {
    assertThat(believed(CLEAN, run("1", "started 2", "since 2", POSITION + 1)))
        .isEqualTo(CommitStatus.UNKNOWN);
    assertThat(believed(CLEAN, run("2", "started 2", "since 2", POSITION + 1)))
        .as("a failover")
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void aRecoveryThatEndedBeforeTheCommitHasNotSeenIt() {
    assertThat(believed(CLEAN, run("1", "started 2", "since 2", POSITION)))
        .isEqualTo(CommitStatus.ABORTED);
    assertThat(believed(RECOVERED, run("2", "started 2", "since 2", POSITION - 1)))
        .as("a failover")
        .isEqualTo(CommitStatus.ABORTED);
  }

  /** Somebody has reset the statistics; the recovery is the one before the transaction. */
  @Test
  void theRecoveryBeforeTheTransactionProvesNothing() {
    assertThat(believed(RECOVERED, run("1", "started 1", "since 2", 500)))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void anotherSystemAndAStandbyKnowNothing() {
    Incarnation other = new Incarnation("other", "1", "started 1", "since 1", null);
    assertThat(believed(CLEAN, other)).isEqualTo(CommitStatus.UNKNOWN);
    Incarnation standby = run("", "started 2", "since 2", 900);
    assertThat(believed(CLEAN, standby)).isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void aTicketKeepsThePlace() {
    for (Incarnation run : new Incarnation[] {CLEAN, RECOVERED}) {
      Place place = new Place(run, BigInteger.TWO.pow(63));
      assertThat(Place.parse(place.text())).isEqualTo(place);
    }
    for (String other : new String[] {"", "1/1/1", "a/b/c/d/e@1", "a/b/c/d/1@x", "a/b/c/d@1"}) {
      assertThat(Place.parse(other)).as(other).isNull();
    }
  }
}
