package io.everpool.core.work;

import io.everpool.api.driver.Effects;

/**
 * All that the decision about a failed unit depends on.
 *
 * @param failed what failed
 * @param effects what of that which its present run has sent may be there for good
 * @param committedElsewhere whether a unit within it, on another connection, may have left
 *     something there for good
 * @param promise what the caller has said of it
 * @param outerReruns whether a unit around it is run again instead
 * @param withinTransaction whether a transaction was open already when it began
 * @param commitTraceable whether the server can be asked what became of the COMMIT
 * @param sessionChanged whether SQL, a function or the driver's own object may have set something
 *     in its session before it began, which another session doesn't have
 * @param prepared whether SQL may have prepared a statement in its session before it began, which
 *     isn't prepared again where the plans are forgotten
 * @param holdsStatement whether a statement that was opened before it is still open
 * @param usedUp whether it has used what it was given before it began and can be used but once
 * @param refused whether the framework above it says that it can't run its work again
 * @param connectionRuns how often it has run, less the runs that ended in a conflict
 * @param spentNanos how long ago its first run began, with the pause before the next; nanoseconds
 * @param cancelled whether its deadline has passed, or that of a unit around it, and what it ran
 *     was cancelled
 * @param nanosLeft how long there is until the first of these deadlines, less the pause before the
 *     next run
 * @param interrupted whether its thread was interrupted, even if only what the work throws tells so
 */
record UnitFacts(
    FailureKind failed,
    Effects effects,
    boolean committedElsewhere,
    Promise promise,
    boolean outerReruns,
    boolean withinTransaction,
    boolean commitTraceable,
    boolean sessionChanged,
    boolean prepared,
    boolean holdsStatement,
    boolean usedUp,
    boolean refused,
    int connectionRuns,
    long spentNanos,
    boolean cancelled,
    long nanosLeft,
    boolean interrupted) {

  /** The facts as they would be without any unit around it. */
  UnitFacts alone() {
    return new UnitFacts(
        failed,
        effects,
        committedElsewhere,
        promise,
        false,
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

  boolean promised() {
    return promise != Promise.NONE;
  }

  /** Whether the next run would miss what SQL had prepared. */
  boolean losesPrepared() {
    return failed == FailureKind.STALE_PLAN && prepared;
  }

  /** Whether the next run is on another session. */
  boolean needsAnotherSession() {
    return failed == FailureKind.CONNECTION;
  }
}
