package io.everpool.core.upkeep;

import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import org.slf4j.Logger;

/**
 * Notices that a server no longer answers those who wait for it, long before their time is over. A
 * long statement looks the same, but only until somebody else is answered. So if there are other
 * hosts and nobody was answered for a while, an idle connection is asked; if that is silent, too,
 * or none is idle, a {@link Scout} sees where a new connection leads. A connection that waits for a
 * server that was superseded waits in vain, and is cut. Upkeep thread only.
 */
final class Silence {
  private static final Logger log = PoolEvents.log();

  /** How long an answer may take before it counts as missed; nanoseconds. */
  static final long MISSED = 2_000_000_000L;

  /** How long an idle connection may take to answer before a scout is sent; nanoseconds. */
  private static final long PATIENCE = 1_000_000_000L;

  /** The longest time between two scouts while a statement takes long; nanoseconds. */
  private static final long LONGEST = 60_000_000_000L;

  private static final long[] NOBODY = {};

  private final PoolEvents events;
  private final Engine engine;
  private final SlotActivity activity;
  private final Fence fence;
  private final Probes probes;

  /** The waits of each slot's connection, and since when; empty if there are no other hosts. */
  private final long[] waits;

  private final long[] since;

  /** When somebody was last answered. */
  private long heard;

  private long next;
  private long pause = MISSED;
  private boolean asked;
  private boolean wantsScout;

  /**
   * Watches a pool that has just begun.
   *
   * @param otherHosts whether there is anywhere else to go
   */
  Silence(boolean otherHosts, PoolEvents events, SharedState shared, Probes probes, long now) {
    this.events = events;
    this.engine = shared.engine;
    this.activity = shared.activity;
    this.fence = shared.fence;
    this.probes = probes;
    this.waits = otherHosts ? new long[engine.slots().length] : NOBODY;
    this.since = otherHosts ? new long[waits.length] : NOBODY;
    this.heard = now;
    this.next = now;
  }

  /** Looks whether those who wait are answered. */
  void run(long now) {
    if (waits.length == 0) {
      return;
    }
    boolean missed = false;
    for (int i = 0; i < activity.busyCount(); i++) {
      missed |= misses(activity.busy(i), now);
    }
    if (!missed) {
      pause = MISSED;
      next = now;
    }
    if (!missed || now - heard < MISSED) {
      asked = false;
      wantsScout = false;
    } else if (now - next >= 0) {
      wantsScout = asked || !ask(now);
    }
  }

  /** Whether the connection in a slot misses an answer. */
  private boolean misses(Slot slot, long now) {
    int at = slot.index;
    long before = waits[at];
    long seen = waits(slot);
    if (seen != before) {
      heard = seen / 2 == before / 2 ? heard : now;
      waits[at] = seen;
      since[at] = now;
    }
    if (seen % 2 == 0 || now - since[at] < MISSED) {
      return false;
    }
    if (fence.isSuperseded(slot)) {
      cut(slot);
    }
    return true;
  }

  /** Sessions that began read-only are not watched: another host wouldn't help them. */
  private long waits(Slot slot) {
    PooledEntry entry = slot.entry;
    boolean connected =
        switch (activity.state(slot.index)) {
          case IDLE, LEASED, DOOMED, PROBING -> true;
          default -> false;
        };
    return connected && entry != null && !entry.physical().beganReadOnly()
        ? entry.physical().waits()
        : waits[slot.index] / 2 * 2;
  }

  /** Has an idle connection asked for a sign of life; false if there is none. */
  private boolean ask(long now) {
    for (Slot slot : engine.slots()) {
      long idle = activity.word(slot.index);
      if (Slot.state(idle) == State.IDLE) {
        long examined = probes.begin(slot, idle, Probes.Extent.ASK);
        if (examined != idle) {
          activity.examining(slot.index, examined, now);
          asked = true;
          next = now + PATIENCE;
          return true;
        }
      }
    }
    return false;
  }

  private void cut(Slot slot) {
    long word = slot.word();
    PooledEntry entry = slot.entry;
    if (Slot.state(word) == State.DOOMED && engine.abort(slot, word) && entry != null) {
      log.warn(
          "Pool {}: connection {} is cut: it waited for an answer of a server that was superseded",
          events.pool(),
          entry.number());
    }
  }

  /** Whether it is time to see where a new connection leads. */
  boolean wantsScout() {
    return wantsScout;
  }

  /** A scout is on its way. */
  void scouted(long now) {
    wantsScout = false;
    next = now + pause;
  }

  /**
   * The scout was let in by a server that writes and doesn't supersede the present one: so some
   * statement just takes long.
   */
  void answered() {
    pause = Math.min(LONGEST, 2 * pause);
    next += pause;
  }
}
