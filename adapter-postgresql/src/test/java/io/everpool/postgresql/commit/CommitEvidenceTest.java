package io.everpool.postgresql.commit;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.CommitStatus;
import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a server says is believed only where it can't be about something else. */
class CommitEvidenceTest {
  private static final ServerRun CLEAN = run("1", "started 1", "since 1", null);
  private static final ServerRun RECOVERED = run("1", "started 1", "since 1", 500);
  private static final int LSN = 1_000;

  private static ServerRun run(
      String timeline, String started, String statistics, @Nullable Integer recoveredTo) {
    return new ServerRun(
        "system",
        timeline,
        started,
        statistics,
        recoveredTo == null ? null : BigInteger.valueOf(recoveredTo));
  }

  private static ServerRun on(ServerRun run, String timeline) {
    return new ServerRun(
        run.system(), timeline, run.started(), run.statistics(), run.recoveredTo());
  }

  private static ServerRun of(String system, ServerRun run) {
    return new ServerRun(
        system, run.timeline(), run.started(), run.statistics(), run.recoveredTo());
  }

  private static CommitStatus believed(
      ServerRun then, @Nullable String said, ServerRun now, int checkpoint) {
    return new CommitEvidence(said, now, BigInteger.valueOf(checkpoint))
        .about(new LogPosition(then, BigInteger.valueOf(LSN)));
  }

  private static CommitStatus believed(ServerRun then, ServerRun now) {
    return believed(then, "committed", now, LSN + 1);
  }

  @Test
  void withinARunItsWordCounts() {
    for (ServerRun run : new ServerRun[] {CLEAN, RECOVERED}) {
      assertThat(believed(run, "committed", run, 0)).isEqualTo(CommitStatus.COMMITTED);
      assertThat(believed(run, "aborted", run, 0)).isEqualTo(CommitStatus.ABORTED);
      assertThat(believed(run, "in progress", run, 0)).isEqualTo(CommitStatus.IN_PROGRESS);
      assertThat(believed(run, null, run, 0)).isEqualTo(CommitStatus.UNKNOWN);
    }
  }

  @Test
  void overOrderlyRestartsItsWordCounts() {
    ServerRun later = run("1", "started 2", "since 1", null);
    assertThat(believed(CLEAN, later)).isEqualTo(CommitStatus.COMMITTED);
    assertThat(believed(RECOVERED, later)).isEqualTo(CommitStatus.COMMITTED);
    assertThat(believed(CLEAN, "aborted", later, LSN)).isEqualTo(CommitStatus.ABORTED);
  }

  /** Its statistics are those of after the crash. */
  @Test
  void anOrderlyRestartDoesNotHideACrashBefore() {
    assertThat(believed(CLEAN, run("1", "started 3", "since 2", null)))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void withoutStatisticsNothingIsSure() {
    ServerRun silent = run("1", "started 1", "", null);
    assertThat(believed(silent, run("1", "started 2", "", null))).isEqualTo(CommitStatus.UNKNOWN);
  }

  /** Its last shutdown was before the transaction. */
  @Test
  void filesThatWerePutBackAreNotTheServerThatWas() {
    assertThat(believed(CLEAN, "committed", run("1", "started 2", "since 1", null), LSN - 1))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void aCrashThatMayHaveKeptTheCommitLeavesItUnknown() {
    assertThat(believed(CLEAN, run("1", "started 2", "since 2", LSN + 1)))
        .isEqualTo(CommitStatus.UNKNOWN);
    assertThat(believed(CLEAN, run("2", "started 2", "since 2", LSN + 1)))
        .as("a failover")
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  @Test
  void aRecoveryThatEndedBeforeTheCommitHasNotSeenIt() {
    assertThat(believed(CLEAN, run("1", "started 2", "since 2", LSN)))
        .isEqualTo(CommitStatus.ABORTED);
    assertThat(believed(RECOVERED, run("2", "started 2", "since 2", LSN - 1)))
        .as("a failover")
        .isEqualTo(CommitStatus.ABORTED);
  }

  /** Somebody has reset the statistics; a crash would have left a recovery behind. */
  @Test
  void withinARunTheStatisticsDontMatter() {
    assertThat(believed(CLEAN, run("1", "started 1", "since 2", null)))
        .isEqualTo(CommitStatus.COMMITTED);
    assertThat(believed(RECOVERED, run("1", "started 1", "since 2", 500)))
        .isEqualTo(CommitStatus.COMMITTED);
    assertThat(believed(CLEAN, run("1", "started 1", "", null))).isEqualTo(CommitStatus.COMMITTED);
  }

  /** The postmaster survives the crash of a child, and what was there before needn't. */
  @Test
  void whateverElseChangesIsAnotherRun() {
    assertThat(believed(CLEAN, run("1", "started 1", "since 1", LSN + 1)))
        .isEqualTo(CommitStatus.UNKNOWN);
    assertThat(believed(RECOVERED, run("1", "started 1", "since 1", LSN + 1)))
        .isEqualTo(CommitStatus.UNKNOWN);
    assertThat(believed(CLEAN, run("2", "started 1", "since 1", null)))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  /** The recovery is the one before the transaction. */
  @Test
  void theRecoveryBeforeTheTransactionProvesNothing() {
    assertThat(believed(RECOVERED, run("1", "started 2", "since 2", 500)))
        .isEqualTo(CommitStatus.UNKNOWN);
  }

  /** Whatever else fits: its start, its statistics, what it has recovered, what it says. */
  @ParameterizedTest
  @CsvSource({
    "system, 00000001, 0000000A, as the primary before a failover",
    "system, 00000009, 0000000A, as the primary before the last of several",
    "system, 0000000A, 00000010, with more digits",
    "system, '',       0000000A, as a standby of whomever",
    "other,  0000000A, 0000000A, as another system",
    "other,  0000000B, 0000000A, as another system that has failed over"
  })
  void whoeverMayLackWhatWasWrittenThereIsNoEvidence(
      String system, String timeline, String timelineThen, String why) {
    for (ServerRun then : List.of(CLEAN, RECOVERED)) {
      for (Integer recoveredTo : new Integer[] {null, 500, LSN - 1, LSN, LSN + 1}) {
        for (String since : List.of("since 1", "since 2", "")) {
          for (String started : List.of("started 1", "started 2")) {
            for (String said : new String[] {"committed", "aborted", "in progress", null}) {
              ServerRun now = of(system, run(timeline, started, since, recoveredTo));
              assertThat(believed(on(then, timelineThen), said, now, LSN + 1))
                  .as("%s: %s", why, now)
                  .isEqualTo(CommitStatus.UNKNOWN);
            }
          }
        }
      }
    }
  }

  /** A failover that came after the transaction, or more of them. */
  @ParameterizedTest
  @ValueSource(strings = {"0000000B", "00000010", "10000000"})
  void aLaterTimelineThatWasCutOffBeforeTheCommitHasNotSeenIt(String timeline) {
    assertThat(believed(on(CLEAN, "0000000A"), run(timeline, "started 2", "since 2", LSN)))
        .isEqualTo(CommitStatus.ABORTED);
  }
}
