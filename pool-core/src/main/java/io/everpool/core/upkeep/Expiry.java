package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.Idleness;
import java.util.List;
import org.slf4j.Logger;

/**
 * Lets connections go that are too old, have been idle for too long, or are more than an operator
 * wants. Upkeep thread only.
 */
final class Expiry {
  private static final Logger log = PoolEvents.log();

  /** If there are too many connections, those in these states go, in this order. */
  private static final List<State> SHRUNK = List.of(State.IDLE, State.LEASED);

  private final PoolConfig config;
  private final Bounds bounds;
  private final Engine engine;
  private final Slot[] slots;
  private final SlotActivity activity;
  private final SleepSwitch sleep;
  private final ConnectPace pace;
  private final FullServer full;
  private final Reachability server;

  /** Whether there may be connections that have only some time to live. */
  private final boolean limited;

  /** Connections that are too old and wait for their substitutes. */
  private int overdue;

  /** How many this pass has taken away that still count as live. */
  private int gone;

  private boolean wantsProof;

  /** When the next connection is too old. */
  private final Earliest expires = new Earliest();

  /** Since when the connection has been idle that has been so for longest. */
  private final Earliest idleSince = new Earliest();

  /**
   * @param credentialsExpire whether the credentials that connections are opened with may expire
   */
  Expiry(PoolConfig config, boolean credentialsExpire, SharedState shared) {
    this.config = config;
    this.limited = credentialsExpire || !config.maxLifetime().isZero() || config.maxQueries() > 0;
    this.bounds = shared.bounds;
    this.engine = shared.engine;
    this.slots = engine.slots();
    this.activity = shared.activity;
    this.sleep = shared.sleep;
    this.pace = shared.pace;
    this.full = shared.full;
    this.server = shared.server;
  }

  /**
   * Retires what is older than max-lifetime, or than its credentials may be; the leased ones go
   * when they come back. An old connection is better than none. So it stays until another could be
   * opened after it grew too old, unless there are more than are wanted.
   */
  void retireTheOld(long now) {
    overdue = 0;
    gone = 0;
    wantsProof = false;
    noteTheBusy();
    if (!limited || !expires.hasCome(now)) {
      return;
    }
    expires.forget();
    int present =
        activity.count(State.IDLE) + activity.count(State.LEASED) + activity.count(State.PROBING);
    boolean room = hasRoom();
    boolean crowded = !room && pace.pause(now) <= 0;
    for (Slot slot : slots) {
      noteAge(slot);
      if (now - slot.expiresAt < 0 || !isAlive(slot) || sleep.asleep()) {
        continue; // asleep, replacing an old connection would wake the server for nothing
      }
      boolean spare = activity.state(slot.index) == State.IDLE && present > bounds.least();
      boolean proven = server.opensSince(slot.expiresAt) || (spare && !server.isFailing());
      if ((proven || crowded) && retire(slot, spare || !room)) {
        present--;
        gone++;
        crowded = false; // no slot was free: one old connection makes room for the proof
      } else {
        overdue += activity.state(slot.index) == State.IDLE ? 1 : 0;
        wantsProof |= !proven;
      }
    }
  }

  private boolean isAlive(Slot slot) {
    State state = activity.state(slot.index);
    return state == State.IDLE || state == State.LEASED;
  }

  /** Whether a slot is free for a substitute, or will be. */
  private boolean hasRoom() {
    return bounds.room(activity)
            + activity.count(State.CONNECTING)
            + activity.count(State.CLOSING)
            + activity.count(State.DOOMED)
        > 0;
  }

  /**
   * Retires an old connection. An idle one goes only if it is dispensable: there are more than the
   * minimum, or there is no room to open its substitute first. Otherwise that is opened first, so
   * that the pool doesn't fall below its minimum.
   */
  private boolean retire(Slot slot, boolean dispensable) {
    long word = activity.word(slot.index);
    return Slot.state(word) == State.LEASED
        ? engine.doom(slot, word, slot.expiryReason)
        : dispensable && engine.evict(slot, word, slot.expiryReason);
  }

  /** As {@link Upkeep#evictIdle()}. */
  void evictAllIdle() {
    int evicted = 0;
    for (Slot slot : slots) {
      evicted += engine.evict(slot, slot.word(), CloseReason.EVICTED) ? 1 : 0;
    }
    log.info("Pool {}: an operator has {} idle connections closed", config.name(), evicted);
  }

  /** As {@link Upkeep#resize}. */
  void resize(int minSize, int maxSize) {
    bounds.set(minSize, maxSize);
    log.info("Pool {}: an operator wants {} to {} connections", config.name(), minSize, maxSize);
  }

  /** Lets go what is above the maximum: idle ones now, leased ones when they come back. */
  void shrink() {
    int surplus = activity.live() - gone - bounds.most();
    for (State state : SHRUNK) {
      for (int i = slots.length - 1; i >= 0 && surplus > 0; i--) {
        if (activity.state(i) == state
            && engine.giveUp(slots[i], activity.word(i), CloseReason.EVICTED)) {
          surplus--;
          gone++;
        }
      }
    }
  }

  /** Evicts what has idled for longer than idle-timeout, as far as the minimum is kept. */
  void evictTheIdle(long now) {
    int live = activity.live() - gone;
    long timeout = idleTimeout(now);
    // A sleeping pool closes none, because a polite close sends something.
    if (sleep.asleep()
        || timeout <= 0
        || live <= bounds.least()
        || !idleSince.hasCome(now - timeout)) {
      return;
    }
    idleSince.forget();
    // Begin at the far end of the row, because leases keep to the near end.
    for (int i = slots.length - 1; i >= 0; i--) {
      if (activity.state(i) == State.IDLE
          && Idleness.evict(activity.idleFor(i, now), timeout, live, bounds.least())
          && engine.evict(slots[i], activity.word(i), CloseReason.IDLE_TIMEOUT)) {
        live--;
      } else {
        noteIdleness(i);
      }
    }
  }

  /** After how long a connection may be due if nothing happens; Long.MAX_VALUE for never. */
  long dueIn(long now) {
    long due = Long.MAX_VALUE;
    boolean ages = limited && !sleep.asleep();
    long timeout = idleTimeout(now);
    boolean idlesOut = timeout > 0 && !sleep.asleep() && activity.live() > bounds.least();
    due = ages ? Math.min(due, expires.dueIn(now)) : due;
    return idlesOut ? Math.min(due, idleSince.dueIn(now - timeout)) : due;
  }

  private long idleTimeout(long now) {
    return Idleness.timeout(config.idleTimeout().toNanos(), full.isCrowded(now));
  }

  /** Notes the slots of this pass; all that came or were used since the last one are among them. */
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

  /** Whether a connection is too old and waits until another could be opened. */
  boolean wantsProof() {
    return wantsProof;
  }

  /** How many are too old and wait for their substitutes, since {@link #retireTheOld} last ran. */
  int overdue() {
    return overdue;
  }
}
