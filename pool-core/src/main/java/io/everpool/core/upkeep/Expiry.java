package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.policy.Idleness;

/** Lets connections go that are too old, or have been idle for too long. Upkeep thread only. */
final class Expiry {
  private final PoolConfig config;
  private final Engine engine;
  private final Slot[] slots;
  private final SlotActivity activity;
  private final SleepSwitch sleep;
  private final ConnectPace pace;

  /** Whether there may be connections that have only some time to live. */
  private final boolean limited;

  /** Connections that are too old and wait for their substitutes. */
  private int overdue;

  /** When one is too old, and since when the one has been idle that is so for longest. */
  private final Earliest expires = new Earliest();

  private final Earliest idleSince = new Earliest();

  /**
   * @param credentialsExpire whether connections may be opened with some that do
   */
  Expiry(PoolConfig config, boolean credentialsExpire, SharedState shared) {
    this.config = config;
    this.limited = credentialsExpire || !config.maxLifetime().isZero();
    this.engine = shared.engine;
    this.slots = engine.slots();
    this.activity = shared.activity;
    this.sleep = shared.sleep;
    this.pace = shared.pace;
  }

  /**
   * Retires what is older than max-lifetime, or than its credentials may be; the leased ones go
   * when they come back.
   */
  void retireTheOld(long now) {
    overdue = 0;
    noteTheBusy();
    if (!limited || !expires.hasCome(now)) {
      return;
    }
    expires.forget();
    int present =
        activity.count(State.IDLE) + activity.count(State.LEASED) + activity.count(State.PROBING);
    for (Slot slot : slots) {
      long word = activity.word(slot.index);
      noteAge(slot);
      if (now - slot.expiresAt < 0) {
        continue;
      }
      switch (Slot.state(word)) {
        case IDLE -> {
          if (sleep.asleep()) {
            continue; // replacing an old connection would wake the server for nothing
          }
          if (substituted(slot, present, now)) {
            present -= engine.evict(slot, word, slot.expiryReason) ? 1 : 0;
          } else {
            overdue++;
          }
        }
        case LEASED -> engine.doom(slot, word, slot.expiryReason);
        default -> {}
      }
    }
  }

  /**
   * Whether an old connection may go without the pool falling below its minimum: where there is
   * room its substitute is opened first. It doesn't wait for that for ever, for it may be the old
   * one that the limit is there for.
   */
  private boolean substituted(Slot slot, int present, long now) {
    boolean room = activity.count(State.EMPTY) + activity.count(State.CONNECTING) > 0;
    return present > config.minSize()
        || !room
        || now - slot.expiresAt >= 2 * config.connectTimeout().toNanos();
  }

  /** Evicts what has idled for longer than idle-timeout, as far as the minimum is kept. */
  void evictTheIdle(long now) {
    int live = activity.live();
    long timeout = idleTimeout(now);
    if (timeout <= 0 || live <= config.minSize() || !idleSince.hasCome(now - timeout)) {
      return;
    }
    idleSince.forget();
    // From the far end of the row: leases keep to the near end.
    for (int i = slots.length - 1; i >= 0; i--) {
      if (activity.state(i) == State.IDLE
          && Idleness.evict(activity.idleFor(i, now), timeout, live, config.minSize())
          && engine.evict(slots[i], activity.word(i), CloseReason.IDLE_TIMEOUT)) {
        live--;
      } else {
        noteIdleness(i);
      }
    }
  }

  /** After how long one may be due if nothing happens; Long.MAX_VALUE for never. */
  long dueIn(long now) {
    long due = Long.MAX_VALUE;
    boolean ages = limited && !sleep.asleep();
    long timeout = idleTimeout(now);
    boolean idlesOut = timeout > 0 && activity.live() > config.minSize();
    due = ages ? Math.min(due, expires.dueIn(now)) : due;
    return idlesOut ? Math.min(due, idleSince.dueIn(now - timeout)) : due;
  }

  private long idleTimeout(long now) {
    return Idleness.timeout(config.idleTimeout().toNanos(), pace.crowded(now));
  }

  /** What has come or was used since the last pass is among these. */
  private void noteTheBusy() {
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      noteAge(slot);
      noteIdleness(slot.index);
    }
  }

  private void noteAge(Slot slot) {
    switch (activity.state(slot.index)) {
      case IDLE, LEASED, PROBING -> expires.note(slot.expiresAt);
      default -> {}
    }
  }

  private void noteIdleness(int slot) {
    if (activity.state(slot) == State.IDLE) {
      idleSince.note(activity.usedAt(slot));
    }
  }

  /** How many are too old and wait for their substitutes, since {@link #retireTheOld} last ran. */
  int overdue() {
    return overdue;
  }
}
