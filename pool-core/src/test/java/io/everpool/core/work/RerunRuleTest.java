package io.everpool.core.work;

import static io.everpool.api.driver.Effects.COMMITTED;
import static io.everpool.api.driver.Effects.IN_DOUBT;
import static io.everpool.api.driver.Effects.NONE;
import static io.everpool.api.driver.Effects.UNPROVEN;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.RetryConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Effects;
import io.everpool.core.work.RerunRule.Decision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table that decides whether a unit is run again: row by row, and over all facts there are. */
class RerunRuleTest {
  private static final RetryConfig LIMITS =
      RetryConfig.DEFAULT.withMaxAttempts(3).withMaxDuration(Duration.ofSeconds(1));
  private static final Path PAGE = Path.of("..", "docs", "failures.md");
  private static final String BEGIN = "<!-- the reruns; generated -->\n";
  private static final String END = "<!-- the reruns end here -->";

  /** A unit that lost its connection and may be run again; each row changes what it is about. */
  private static final class Facts {
    FailureKind failed = FailureKind.CONNECTION;
    Effects effects = NONE;
    boolean committedElsewhere;
    Promise promise = Promise.NONE;
    boolean outerReruns;
    boolean withinTransaction;
    boolean commitTraceable;
    boolean sessionChanged;
    boolean prepared;
    boolean holdsStatement;
    boolean usedUp;
    boolean refused;
    int connectionRuns = 1;
    long spentNanos = 1;
    boolean cancelled;
    long nanosLeft = 1;
    boolean interrupted;

    UnitFacts facts() {
      return new UnitFacts(
          failed,
          effects,
          committedElsewhere,
          promise,
          outerReruns,
          withinTransaction,
          commitTraceable,
          sessionChanged,
          prepared,
          holdsStatement,
          usedUp,
          refused,
          connectionRuns,
          spentNanos,
          cancelled,
          nanosLeft,
          interrupted);
    }
  }

  private interface Change {
    void of(Facts facts);
  }

  private static Arguments row(String what, RerunRule expected, Change change) {
    return Arguments.of(what, expected, change);
  }

  static Stream<Arguments> rows() {
    return Stream.of(
        row("a mistake in SQL", RerunRule.OWN_FAILURE, f -> f.failed = FailureKind.STATEMENT),
        row(
            "a mistake in a unit that promises everything",
            RerunRule.OWN_FAILURE,
            f -> {
              f.failed = FailureKind.STATEMENT;
              f.promise = Promise.IDEMPOTENT;
            }),
        row("a deadline that has passed", RerunRule.CANCELLED, f -> f.cancelled = true),
        row(
            "a cancelled statement, though idempotent",
            RerunRule.CANCELLED,
            f -> {
              f.cancelled = true;
              f.failed = FailureKind.STATEMENT;
              f.promise = Promise.IDEMPOTENT;
            }),
        row(
            "a COMMIT that was cut off by the deadline",
            RerunRule.COMMIT_TRACEABLE,
            f -> {
              f.cancelled = true;
              f.failed = FailureKind.COMMIT;
              f.commitTraceable = true;
            }),
        row("no time before the deadline", RerunRule.NO_TIME_LEFT, f -> f.nanosLeft = 0),
        row("its deadline", RerunRule.OWN_DEADLINE, f -> f.failed = FailureKind.DEADLINE),
        row(
            "its deadline, though read-only",
            RerunRule.OWN_DEADLINE,
            f -> {
              f.failed = FailureKind.DEADLINE;
              f.promise = Promise.READ_ONLY;
            }),
        row("a wrong password", RerunRule.SERVER_REFUSES, f -> f.failed = FailureKind.REFUSED),
        row("an outer unit reruns", RerunRule.LEFT_TO_OUTER, f -> f.outerReruns = true),
        row(
            "a COMMIT with a ticket",
            RerunRule.COMMIT_TRACEABLE,
            f -> {
              f.failed = FailureKind.COMMIT;
              f.commitTraceable = true;
            }),
        row("a COMMIT without", RerunRule.COMMIT_LOST, f -> f.failed = FailureKind.COMMIT),
        row("a part of a transaction", RerunRule.PART_OF_ONE, f -> f.withinTransaction = true),
        row(
            "a promising part of a transaction",
            RerunRule.PART_OF_ONE,
            f -> {
              f.withinTransaction = true;
              f.promise = Promise.IDEMPOTENT;
            }),
        row("a commit", RerunRule.COMMITTED_ALREADY, f -> f.effects = COMMITTED),
        row(
            "a conflict after a commit",
            RerunRule.COMMITTED_ALREADY,
            f -> {
              f.failed = FailureKind.CONFLICT;
              f.effects = COMMITTED;
            }),
        row("a write without an answer", RerunRule.IN_FLIGHT, f -> f.effects = IN_DOUBT),
        row("the driver's own object, unseen", RerunRule.NO_PROOF, f -> f.effects = UNPROVEN),
        row("a changed session", RerunRule.SESSION_CHANGED, f -> f.sessionChanged = true),
        row(
            "a changed session, though idempotent: it would do something else",
            RerunRule.SESSION_CHANGED,
            f -> {
              f.sessionChanged = true;
              f.promise = Promise.IDEMPOTENT;
            }),
        row(
            "a conflict on a changed session, which stays",
            RerunRule.PROVEN,
            f -> {
              f.failed = FailureKind.CONFLICT;
              f.sessionChanged = true;
              f.holdsStatement = true;
            }),
        row(
            "a stale plan on a session where something was prepared",
            RerunRule.PREPARED_BEFORE,
            f -> {
              f.failed = FailureKind.STALE_PLAN;
              f.sessionChanged = true;
              f.prepared = true;
            }),
        row(
            "a stale plan on a session where something was set",
            RerunRule.PROVEN,
            f -> {
              f.failed = FailureKind.STALE_PLAN;
              f.sessionChanged = true;
            }),
        row(
            "a unit within it, on another connection, has committed",
            RerunRule.COMMITTED_ELSEWHERE,
            f -> f.committedElsewhere = true),
        row(
            "the same within a read-only one",
            RerunRule.COMMITTED_ELSEWHERE,
            f -> {
              f.committedElsewhere = true;
              f.promise = Promise.READ_ONLY;
            }),
        row(
            "the same within an idempotent one",
            RerunRule.PROVEN,
            f -> {
              f.committedElsewhere = true;
              f.promise = Promise.IDEMPOTENT;
            }),
        row("a held statement", RerunRule.STATEMENT_HELD, f -> f.holdsStatement = true),
        row("a batch of before it, executed", RerunRule.USED_UP, f -> f.usedUp = true),
        row(
            "the same within an idempotent one that has lost a race: it would do something else",
            RerunRule.USED_UP,
            f -> {
              f.usedUp = true;
              f.failed = FailureKind.CONFLICT;
              f.promise = Promise.IDEMPOTENT;
            }),
        row("a framework's that can't be repeated", RerunRule.REFUSED_ABOVE, f -> f.refused = true),
        row("three runs", RerunRule.OFTEN_ENOUGH, f -> f.connectionRuns = 3),
        row("two runs", RerunRule.PROVEN, f -> f.connectionRuns = 2),
        row(
            "a hundred conflicts",
            RerunRule.PROVEN,
            f -> {
              f.failed = FailureKind.CONFLICT;
              f.connectionRuns = 3;
            }),
        row(
            "a plan stale three times",
            RerunRule.OFTEN_ENOUGH,
            f -> {
              f.failed = FailureKind.STALE_PLAN;
              f.connectionRuns = 3;
            }),
        row("a second", RerunRule.PROVEN, f -> f.spentNanos = 1_000_000_000L),
        row("more than that", RerunRule.LONG_ENOUGH, f -> f.spentNanos = 1_000_000_001L),
        row("an interrupt", RerunRule.INTERRUPTED, f -> f.interrupted = true),
        row("a lost connection, nothing committed", RerunRule.PROVEN, f -> {}),
        row(
            "a read-only unit, whatever it sent",
            RerunRule.PROVEN,
            f -> {
              f.promise = Promise.READ_ONLY;
              f.effects = COMMITTED;
            }),
        row(
            "an idempotent unit, whatever it sent",
            RerunRule.PROVEN,
            f -> {
              f.promise = Promise.IDEMPOTENT;
              f.effects = IN_DOUBT;
            }));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("rows")
  void theFirstRowThatAppliesCounts(String what, RerunRule expected, Change change) {
    Facts facts = new Facts();
    change.of(facts);
    assertThat(RerunRule.of(facts.facts(), LIMITS)).as(what).isEqualTo(expected);
  }

  @Test
  void everyRowIsTried() {
    Set<RerunRule> tried = EnumSet.of(RerunRule.RETRY_OFF); // it needs other limits: below
    rows().forEach(row -> tried.add((RerunRule) row.get()[1]));
    assertThat(tried).containsExactly(RerunRule.values());
  }

  @Test
  void withRetriesOffNothingRunsAgain() {
    assertThat(RerunRule.of(new Facts().facts(), RetryConfig.OFF)).isEqualTo(RerunRule.RETRY_OFF);
  }

  /** Over every combination of the facts: the one thing that must never be. */
  @Test
  void nothingWithoutAPromiseRunsAgainUnlessItsEffectsAreNone() {
    int reruns = 0;
    for (UnitFacts facts : all()) {
      RerunRule rule = RerunRule.of(facts, LIMITS);
      if (rule.decision() == Decision.RERUN) {
        reruns++;
        assertThat(facts.effects() == NONE || facts.promised()).as("%s", facts).isTrue();
        assertThat(facts.committedElsewhere() && facts.promise() != Promise.IDEMPOTENT)
            .as("%s", facts)
            .isFalse();
        assertThat(facts.withinTransaction()).as("%s", facts).isFalse();
        assertThat(facts.outerReruns()).as("%s", facts).isFalse();
        assertThat(facts.usedUp() || facts.refused()).as("%s", facts).isFalse();
        assertThat(facts.cancelled() || facts.nanosLeft() <= 0).as("%s", facts).isFalse();
        assertThat(facts.failed())
            .as("%s", facts)
            .isIn(FailureKind.CONFLICT, FailureKind.STALE_PLAN, FailureKind.CONNECTION);
      }
      if (facts.failed() == FailureKind.COMMIT) {
        assertThat(rule.decision()).as("%s", facts).isNotEqualTo(Decision.RERUN);
      }
    }
    assertThat(reruns).as("and some do").isGreaterThan(50);
  }

  /** The other way round: what is proven clean runs again. */
  @Test
  void whateverIsProvenCleanRunsAgain() {
    for (FailureKind kind :
        List.of(FailureKind.CONFLICT, FailureKind.STALE_PLAN, FailureKind.CONNECTION)) {
      Facts facts = new Facts();
      facts.failed = kind;
      assertThat(RerunRule.of(facts.facts(), LIMITS)).as("%s", kind).isEqualTo(RerunRule.PROVEN);
    }
  }

  @Test
  void everyVerdictHasAKind() {
    for (Verdict verdict : Verdict.values()) {
      FailureKind kind = FailureKind.of(verdict);
      assertThat(
              kind == FailureKind.CONNECTION
                  || kind == FailureKind.REFUSED
                  || kind == FailureKind.DEADLINE)
          .as("%s ends its connection", verdict)
          .isEqualTo(verdict.fatal());
    }
  }

  /** If this fails, the table to put there is in {@code target/rerun-rules.md}. */
  @Test
  void theTableOfTheDocumentationIsThisOne() throws IOException {
    String table =
        Arrays.stream(RerunRule.values())
            .map(RerunRuleTest::line)
            .collect(
                Collectors.joining("\n", "| if | then | because |\n| --- | --- | --- |\n", ""));
    Files.writeString(Path.of("target", "rerun-rules.md"), table + "\n");
    String page = Files.readString(PAGE);
    assertThat(page).contains(BEGIN, END);
    assertThat(page.substring(page.indexOf(BEGIN) + BEGIN.length(), page.indexOf(END)).strip())
        .as("docs/failures.md: put there what is in pool-core/target/rerun-rules.md")
        .isEqualTo(table);
  }

  private static String line(RerunRule rule) {
    String then =
        switch (rule.decision()) {
          case RERUN -> "**run again**";
          case LEAVE_TO_OUTER -> "left to that";
          case LOOK_UP -> "the commit is looked up";
          case GIVE_UP -> "given up";
        };
    return "| " + rule.when() + " | " + then + " | " + rule.because() + " |";
  }

  private static List<UnitFacts> all() {
    List<UnitFacts> all = new ArrayList<>();
    boolean[] both = {false, true};
    for (FailureKind failed : FailureKind.values()) {
      for (Effects effects : Effects.values()) {
        for (Promise promise : Promise.values()) {
          for (int bits = 0; bits < 2048; bits++) {
            for (int runs : new int[] {1, 3}) {
              for (boolean interrupted : both) {
                all.add(
                    new UnitFacts(
                        failed,
                        effects,
                        (bits & 256) != 0,
                        promise,
                        (bits & 1) != 0,
                        (bits & 2) != 0,
                        (bits & 4) != 0,
                        (bits & 8) != 0,
                        (bits & 16) != 0,
                        (bits & 128) != 0,
                        (bits & 512) != 0,
                        (bits & 1024) != 0,
                        runs,
                        runs == 3 ? 2_000_000_000L : 1,
                        (bits & 32) != 0,
                        (bits & 64) != 0 ? 0 : 1,
                        interrupted));
              }
            }
          }
        }
      }
    }
    return all;
  }
}
