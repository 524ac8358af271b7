package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import org.jspecify.annotations.Nullable;

/**
 * Has the idle connections examined: at the health check's interval one after the other, when
 * another has failed, and when the pool has woken up, all at once. Upkeep thread only.
 */
final class HealthChecks {
  private final long interval;
  private final Slot[] slots;
  private final SlotActivity activity;
  private final SleepSwitch sleep;
  private final FailureReports reports;
  private final Probes probes;
  private final Workers workers;
  private long next;

  /** What is under way. */
  private @Nullable CheckRound round;

  /** Up to when what callers did has had the driver learn of the database. */
  private long refreshedAt;

  HealthChecks(PoolConfig config, SharedState shared, Probes probes, long now) {
    this.interval = config.healthCheckInterval().toNanos();
    this.slots = shared.engine.slots();
    this.activity = shared.activity;
    this.sleep = shared.sleep;
    this.reports = shared.reports;
    this.probes = probes;
    this.workers = shared.workers;
    this.next = now + interval;
    this.refreshedAt = now;
  }

  /**
   * After how long there is something to do if nothing happens; Long.MAX_VALUE for never: while the
   * pool sleeps, for what the server has closed meanwhile is found when it is to be lent.
   */
  long dueIn(long now) {
    if (round != null) {
      return Upkeep.PASS;
    }
    return sleep.asleep() ? Long.MAX_VALUE : next - now;
  }

  /** Begins what is due. */
  void run(long now) {
    if (round != null && round.advance(now)) {
      round = null;
    }
    boolean due = now - next >= 0;
    if (due) {
      next = now + interval;
    }
    // One connection is enough, and a database that nobody has used has nothing to tell.
    if (due && activity.count(State.IDLE) > 0 && activity.lastWork() - refreshedAt > 0) {
      refreshedAt = now;
      probes.wantRefresh();
    }
    boolean roused = sleep.roused();
    if (roused || reports.wantSweep()) {
      Probes.Extent extent =
          roused ? Probes.Extent.ASK : due ? Probes.Extent.AS_CONFIGURED : Probes.Extent.LOOK;
      examineAll(extent, now);
    } else if (due) {
      examineInTurn();
    }
  }

  private void examineAll(Probes.Extent extent, long now) {
    for (Slot slot : slots) {
      long idle = activity.word(slot.index);
      if (Slot.state(idle) == State.IDLE) {
        long examined = probes.begin(slot, idle, extent);
        if (examined != idle) {
          activity.examining(slot.index, examined, now);
        }
      }
    }
    reports.swept();
    sleep.connectionsAsked();
  }

  /** Without streams: at rest this is all that the pool does, mostly in code not compiled yet. */
  private void examineInTurn() {
    int count = activity.count(State.IDLE);
    Slot[] idle = new Slot[count];
    long[] words = new long[count];
    int found = 0;
    for (int i = 0; i < slots.length && found < count; i++) {
      if (activity.state(i) == State.IDLE) {
        idle[found] = slots[i];
        words[found++] = activity.word(i);
      }
    }
    CheckRound begun = new CheckRound(probes, workers, idle, words);
    if (count > 0 && begun.start()) {
      round = begun;
    }
  }
}
