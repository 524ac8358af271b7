package io.everpool.core.upkeep;

import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;

/**
 * Whether the pool is at rest: nothing is lent, opened, examined or closed, nobody waits, and every
 * idle connection has been idle for a whole pass. Then the only passes are those for what is due by
 * the clock, until somebody is lent a connection.
 *
 * <p>Why no lease is overlooked. Every connection of a pool at rest has rested, so whoever is lent
 * one looks at it first, and calls {@link #stir} then. There he notes which slot he has moved
 * before he reads whether the pool is at rest; upkeep writes that it is before it reads the notes.
 * So either upkeep sees his move, or he sees that he must wake it.
 */
public final class Rest {
  private final Engine engine;
  private final SlotActivity activity;
  private final StirredSlots stirred;
  private final UnitDeadlines deadlines;
  private final PassScheduler scheduler;
  private volatile boolean resting;

  Rest(
      Engine engine,
      SlotActivity activity,
      StirredSlots stirred,
      UnitDeadlines deadlines,
      PassScheduler scheduler) {
    this.engine = engine;
    this.activity = activity;
    this.stirred = stirred;
    this.deadlines = deadlines;
    this.scheduler = scheduler;
  }

  /** Whether it is at rest from now on, as far as the last pass has seen. Upkeep thread only. */
  boolean begin() {
    if (!isStill() || !activity.atRest()) {
      return false;
    }
    resting = true;
    if (isStill()) {
      return true;
    }
    resting = false;
    return false;
  }

  private boolean isStill() {
    return engine.waiting() == 0 && deadlines.isEmpty() && !activity.hasMoved();
  }

  /** A pass begins. Upkeep thread only. */
  void end() {
    resting = false;
  }

  /** A connection that had rested is lent. This call is cheap, and any thread may make it. */
  public void stir(Slot slot) {
    stirred.add(slot.index);
    if (resting) {
      scheduler.hurry();
    }
  }
}
