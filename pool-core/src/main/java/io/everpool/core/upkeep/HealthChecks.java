package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;

/**
 * Has the idle connections examined: at the health check's interval, when another has failed, and
 * when the pool has woken up. Upkeep thread only.
 */
final class HealthChecks {
  private final long interval;
  private final Slot[] slots;
  private final SlotActivity activity;
  private final SleepSwitch sleep;
  private final FailureReports reports;
  private final Probes probes;
  private long next;

  /** When the driver was last given the chance to learn of the database. */
  private long refreshedAt;

  HealthChecks(PoolConfig config, SharedState shared, Probes probes, long now) {
    this.interval = config.healthCheckInterval().toNanos();
    this.slots = shared.engine.slots();
    this.activity = shared.activity;
    this.sleep = shared.sleep;
    this.reports = shared.reports;
    this.probes = probes;
    this.next = now + interval;
    this.refreshedAt = now;
  }

  /**
   * After how long the next is due if nothing happens; Long.MAX_VALUE for never: while the pool
   * sleeps, for what the server has closed meanwhile is found when it is to be lent.
   */
  long dueIn(long now) {
    return sleep.asleep() ? Long.MAX_VALUE : next - now;
  }

  /** Begins what is due. */
  void run(long now) {
    boolean due = now - next >= 0;
    boolean roused = sleep.roused();
    if (!due && !roused && !reports.wantSweep()) {
      return;
    }
    Probes.Extent extent =
        roused ? Probes.Extent.ASK : due ? Probes.Extent.AS_CONFIGURED : Probes.Extent.LOOK;
    // One connection is enough, and a database that nobody has used has nothing to tell.
    boolean refresh = due && activity.lastWork() - refreshedAt > 0;
    for (Slot slot : slots) {
      long idle = activity.word(slot.index);
      if (Slot.state(idle) == State.IDLE) {
        long examined = probes.begin(slot, idle, extent, refresh);
        if (examined != idle) {
          if (refresh) {
            refresh = false;
            refreshedAt = now;
          }
          activity.examining(slot.index, examined, now);
        }
      }
    }
    reports.swept();
    sleep.connectionsAsked();
    if (due) {
      next = now + interval;
    }
  }
}
