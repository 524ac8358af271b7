package io.everpool.core.work;

import io.everpool.api.RetryConfig;
import io.everpool.core.work.RerunRule.Decision;

/**
 * Whether a COMMIT whose answer is lost would be repeated, so that nobody needs to ask what became
 * of it.
 */
final class Repetition {

  private Repetition() {}

  /**
   * Whether nobody needs to ask about a COMMIT of this unit if its answer is lost: this unit, or
   * one around it, promises that it changes nothing, or that it may be repeated, and would be
   * repeated. If a unit around this one could be repeated, this one leaves it to that, even if that
   * has no run left.
   */
  static boolean isComing(Unit unit, UnitRunner runner) {
    if (isOfNothing(unit)) {
      return true;
    }
    UnitFacts repeats = null;
    for (Unit at = unit; at != null; at = at.outer) {
      if (at.isPromised()) {
        UnitFacts lost = lost(at);
        repeats = isRunAgain(lost, runner.unbounded()) ? lost : repeats;
      }
    }
    return repeats != null && isRunAgain(repeats, runner.retry);
  }

  /** Whether the unit, or one around it, promises to change nothing and began in no transaction. */
  static boolean isOfNothing(Unit unit) {
    for (Unit at = unit; at != null; at = at.outer) {
      if (at.isPromised()) {
        UnitFacts lost = lost(at);
        if (lost.promise() == Promise.READ_ONLY && !lost.withinTransaction()) {
          return true;
        }
      }
    }
    return false;
  }

  private static UnitFacts lost(Unit unit) {
    return unit.facts(FailureKind.CONNECTION, false, false, unit.lostRuns + 1, 0).alone();
  }

  private static boolean isRunAgain(UnitFacts lost, RetryConfig limits) {
    return RerunRule.of(lost, limits).decision() == Decision.RERUN;
  }
}
