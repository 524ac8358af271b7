package io.everpool.core.work;

import static io.everpool.api.driver.Effects.COMMITTED;
import static io.everpool.api.driver.Effects.IN_DOUBT;
import static io.everpool.api.driver.Effects.UNPROVEN;

import io.everpool.api.RetryConfig;
import java.util.function.BiPredicate;

/**
 * Whether a unit of work that failed is run again: the first row that applies counts. A pure
 * function of {@link UnitFacts}; nothing else in the pool decides this.
 *
 * <p>That nothing is doubled can be read off the table. A unit is run again only by the last row.
 * To come there without a promise it must have passed {@link #COMMITTED_ALREADY}, {@link
 * #IN_FLIGHT} and {@link #NO_PROOF}: so its effects are {@link
 * io.everpool.api.driver.Effects#NONE}, which means that all it sent is undone. It must have passed
 * {@link #COMMITTED_ELSEWHERE}, too. The rows {@link #PART_OF_ONE}, {@link #SESSION_CHANGED},
 * {@link #PREPARED_BEFORE}, {@link #STATEMENT_HELD}, {@link #USED_UP} and {@link #REFUSED_ABOVE}
 * make sure that the next run does what this one would have done.
 */
enum RerunRule {
  CANCELLED(
      "its deadline has passed (`WorkOptions.withDeadline`), or that of a unit around it, and it was"
          + " cancelled; what has become of a COMMIT is looked up all the same",
      (unit, limits) -> unit.cancelled() && unit.failed() != FailureKind.COMMIT,
      Decision.GIVE_UP,
      "its deadline has passed"),
  OWN_FAILURE(
      "its own SQL, data or code failed",
      (unit, limits) -> unit.failed() == FailureKind.STATEMENT,
      Decision.GIVE_UP,
      "the failure is its own"),
  OWN_DEADLINE(
      "a limit that it is under (`transaction_timeout`), or what it has set, ended its session",
      (unit, limits) -> unit.failed() == FailureKind.DEADLINE,
      Decision.GIVE_UP,
      "what ended its session is its own"),
  SERVER_REFUSES(
      "the server refuses connections for good",
      (unit, limits) -> unit.failed() == FailureKind.REFUSED,
      Decision.GIVE_UP,
      "the server refuses connections"),
  LEFT_TO_OUTER(
      "a unit around it can be run again",
      (unit, limits) -> unit.outerReruns(),
      Decision.LEAVE_TO_OUTER,
      "the unit around it is run again"),
  COMMIT_TRACEABLE(
      "a COMMIT has no answer, and its transaction's id is known",
      (unit, limits) -> unit.failed() == FailureKind.COMMIT && unit.commitTraceable(),
      Decision.LOOK_UP,
      "the server is asked what became of its COMMIT"),
  COMMIT_LOST(
      "a COMMIT has no answer",
      (unit, limits) -> unit.failed() == FailureKind.COMMIT,
      Decision.GIVE_UP,
      "nobody can tell what became of its COMMIT"),
  PART_OF_ONE(
      "it is a part of a transaction that was begun before it",
      (unit, limits) -> unit.withinTransaction(),
      Decision.GIVE_UP,
      "it is a part of a transaction that was begun before it"),
  COMMITTED_ALREADY(
      "no promise, and something it sent was committed",
      (unit, limits) -> !unit.promised() && unit.effects() == COMMITTED,
      Decision.GIVE_UP,
      "a part of it was committed already"),
  IN_FLIGHT(
      "no promise, and its last request could commit and has no answer",
      (unit, limits) -> !unit.promised() && unit.effects() == IN_DOUBT,
      Decision.GIVE_UP,
      "its last request could commit by itself, and has no answer"),
  NO_PROOF(
      "no promise, and nobody knows what was sent by the driver's own object",
      (unit, limits) -> !unit.promised() && unit.effects() == UNPROVEN,
      Decision.GIVE_UP,
      "the driver's own object was handed out, and there is no proof on this connection that"
          + " nothing was committed by that"),
  COMMITTED_ELSEWHERE(
      "not idempotent, and a unit within it, on the same thread, has committed something on another"
          + " connection, or may have",
      (unit, limits) -> unit.promise() != Promise.IDEMPOTENT && unit.committedElsewhere(),
      Decision.GIVE_UP,
      "a unit within it has committed on another connection, and would do that twice"),
  SESSION_CHANGED(
      "its session is lost, and had state that SQL, a function or the driver's object may have set"
          + " before it",
      (unit, limits) -> unit.needsAnotherSession() && unit.sessionChanged(),
      Decision.GIVE_UP,
      "its session had state set before it, by SQL, a function or the driver's own object, that"
          + " another doesn't have"),
  PREPARED_BEFORE(
      "a plan of its session is stale, and what SQL may have prepared there before it would not be"
          + " prepared again",
      (unit, limits) -> unit.losesPrepared(),
      Decision.GIVE_UP,
      "what SQL had prepared before it would be forgotten with the stale plan"),
  STATEMENT_HELD(
      "its session is lost, and a statement that was opened before it is still open",
      (unit, limits) -> unit.needsAnotherSession() && unit.holdsStatement(),
      Decision.GIVE_UP,
      "a statement that was opened before it is still open"),
  USED_UP(
      "before it began a statement was given rows of a batch, or a stream, that it has used, or a"
          + " result set was open that it has read on; or its run before the present one was given"
          + " the same stream or iterator, or has copied what the present one has copied the rest of",
      (unit, limits) -> unit.usedUp(),
      Decision.GIVE_UP,
      OneShots.USED),
  REFUSED_ABOVE(
      "the framework above it says that it can't run its work again",
      (unit, limits) -> unit.refused(),
      Decision.GIVE_UP,
      "the framework above it can't run its work again"),
  RETRY_OFF(
      "`retry.max-attempts` is 1",
      (unit, limits) -> limits.maxAttempts() <= 1,
      Decision.GIVE_UP,
      "retry.max-attempts is 1"),
  OFTEN_ENOUGH(
      "it has lost its connection `retry.max-attempts` times; conflicts don't count, for each proves"
          + " that somebody else got through",
      (unit, limits) ->
          unit.failed() != FailureKind.CONFLICT && unit.connectionRuns() >= limits.maxAttempts(),
      Decision.GIVE_UP,
      "it has run as often as retry.max-attempts allows"),
  LONG_ENOUGH(
      "`retry.max-duration` is over, or would be after the pause",
      (unit, limits) -> unit.spentNanos() > limits.maxDuration().toNanos(),
      Decision.GIVE_UP,
      "retry.max-duration is over"),
  NO_TIME_LEFT(
      "its deadline would be over after the pause",
      (unit, limits) -> unit.nanosLeft() <= 0,
      Decision.GIVE_UP,
      "there is no time left before its deadline"),
  INTERRUPTED(
      "its thread was interrupted",
      (unit, limits) -> unit.interrupted(),
      Decision.GIVE_UP,
      "its thread was interrupted"),
  PROVEN(
      "otherwise: it is promised, or nothing that it sent is there",
      (unit, limits) -> true,
      Decision.RERUN,
      "nothing that it sent is there");

  /** What is done after the failure. */
  enum Decision {
    RERUN,
    LEAVE_TO_OUTER,
    LOOK_UP,
    GIVE_UP
  }

  private final String when;

  @SuppressWarnings("ImmutableEnumChecker") // the lambdas have no state
  private final BiPredicate<UnitFacts, RetryConfig> applies;

  private final Decision decision;
  private final String because;

  RerunRule(
      String when, BiPredicate<UnitFacts, RetryConfig> applies, Decision decision, String because) {
    this.when = when;
    this.applies = applies;
    this.decision = decision;
    this.because = because;
  }

  /** The row for a failed unit. */
  static RerunRule of(UnitFacts unit, RetryConfig limits) {
    for (RerunRule rule : values()) {
      if (rule.applies.test(unit, limits)) {
        return rule;
      }
    }
    throw new AssertionError("the last row always applies");
  }

  /** The condition in words, for the documentation. */
  String when() {
    return when;
  }

  Decision decision() {
    return decision;
  }

  /** The reason, as logs and exceptions write it after "is not run again: ". */
  String because() {
    return because;
  }
}
