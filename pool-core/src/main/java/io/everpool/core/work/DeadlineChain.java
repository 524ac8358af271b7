package io.everpool.core.work;

import org.jspecify.annotations.Nullable;

/**
 * The deadlines that a unit is under: its own and those of the units around it. Used on the unit's
 * thread.
 *
 * @param own the unit's own; null for none
 * @param outer those of the unit around it; null if there is none
 */
record DeadlineChain(@Nullable UnitDeadline own, @Nullable DeadlineChain outer) {

  /** How long there is until the first of them; nanoseconds. */
  long left(long now) {
    long left = Long.MAX_VALUE;
    for (DeadlineChain at = this; at != null; at = at.outer) {
      left = at.own == null ? left : Math.min(left, at.own.left(now));
    }
    return left;
  }

  /** Whether one has passed, and what ran was cancelled. */
  boolean hasPassed() {
    for (DeadlineChain at = this; at != null; at = at.outer) {
      if (at.own != null && at.own.hasPassed()) {
        return true;
      }
    }
    return false;
  }

  /** Suspends them, for what is done now must not be cancelled; false if one has passed already. */
  boolean suspend() {
    boolean inTime = true;
    for (DeadlineChain at = this; at != null; at = at.outer) {
      inTime &= at.own == null || at.own.suspend();
    }
    return inTime;
  }

  /** From now on upkeep looks after them. */
  void watch() {
    for (DeadlineChain at = this; at != null; at = at.outer) {
      if (at.own != null) {
        at.own.watch();
      }
    }
  }
}
