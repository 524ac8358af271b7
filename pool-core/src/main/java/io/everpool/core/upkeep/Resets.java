package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Watches over what the pool itself does on a connection while a caller's thread holds it: the look
 * before it is lent, and the clean-up when it comes back. A driver or a server that hangs would
 * keep that thread for ever, and the slot with it; so the slot is taken from it.
 */
public final class Resets {
  private static final Logger log = PoolEvents.log();

  private record Watched(Slot slot, long lease, long deadline, CloseReason reason) {}

  private final PoolConfig config;
  private final Environment environment;
  private final PoolEvents events;
  private final Engine engine;

  /** Null until there is something to watch. */
  private volatile @Nullable Map<Slot, Watched> watched;

  Resets(PoolConfig config, Environment environment, PoolEvents events, Engine engine) {
    this.config = config;
    this.environment = environment;
    this.events = events;
    this.engine = engine;
  }

  /**
   * The pool begins to do something on a connection, under this lease. If that doesn't end within
   * {@link PoolConfig#resetTimeout()} the connection is cut and the lease is over: nothing that is
   * done under it afterwards has any effect.
   *
   * @param reason why the connection is then closed
   */
  public void started(Slot slot, long lease, CloseReason reason) {
    long deadline = environment.time().nanoTime() + config.resetTimeout().toNanos();
    Map<Slot, Watched> all = watched;
    (all == null ? begin() : all).put(slot, new Watched(slot, lease, deadline, reason));
  }

  private synchronized Map<Slot, Watched> begin() {
    Map<Slot, Watched> all = watched;
    if (all == null) {
      all = new ConcurrentHashMap<>();
      watched = all;
    }
    return all;
  }

  /**
   * What was begun has ended. If it was cut before, the slot may be another lease's by now; then
   * this changes nothing.
   */
  public void ended(Slot slot, long lease) {
    Map<Slot, Watched> all = watched;
    if (all != null) {
      all.computeIfPresent(slot, (same, now) -> now.lease == lease ? null : now);
    }
  }

  void enforce(long now) {
    Map<Slot, Watched> all = watched;
    if (all != null && !all.isEmpty()) {
      enforce(all, now);
    }
  }

  private void enforce(Map<Slot, Watched> all, long now) {
    all.forEach(
        (slot, due) -> {
          if (now - due.deadline >= 0 && all.remove(slot, due)) {
            takeAway(due);
          }
        });
  }

  private void takeAway(Watched due) {
    long number = Closer.entry(due.slot).number();
    // The move comes first: if the lease has just ended, the connection may be another's already.
    if (engine.cut(due.slot, due.lease, due.reason)) {
      log.warn(
          "Pool {}: connection {} did not answer within reset-timeout while it was {} and is cut",
          events.pool(),
          number,
          due.reason == CloseReason.FOUND_DEAD ? "looked at" : "cleaned");
    }
  }
}
