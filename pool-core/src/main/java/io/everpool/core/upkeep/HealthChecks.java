package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import org.jspecify.annotations.Nullable;

/**
 * Has the idle connections examined: one after the other at the health check's interval, and all at
 * once when another connection has failed or the pool has woken up. Upkeep thread only.
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

  /** The round that is under way, if any. */
  private @Nullable CheckRound round;

  /** When a refresh was last ordered: only work since then is a reason for another one. */
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
   * After how long there is something to do if nothing happens; Long.MAX_VALUE for never. While the
   * pool sleeps there is nothing to do: what the server has closed meanwhile is found when it is to
   * be lent.
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
    // One connection is enough for a refresh, and a database that nobody used has nothing to tell.
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

  /** Uses no streams: at rest the pool does nothing else, mostly in code not compiled yet. */
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
