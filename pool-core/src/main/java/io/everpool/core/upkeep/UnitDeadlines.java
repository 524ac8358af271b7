package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * The units of work that must have ended by a time of their own. A unit's thread begins and ends
 * the watch, and upkeep tells the unit when its time is over.
 */
public final class UnitDeadlines {
  private static final Logger log = PoolEvents.log();

  /** How long the server may take to end a statement that it was asked to cancel; nanoseconds. */
  public static final long GRACE = 1_000_000_000L;

  /** It is compared by identity, because two units may have the same deadline. */
  private static final class Watched {
    long at; // only upkeep uses it once this is in the set
    final LongSupplier overrun;

    Watched(long at, LongSupplier overrun) {
      this.at = at;
      this.overrun = overrun;
    }
  }

  private final PoolEvents events;
  private final Workers workers;
  private final Engine engine;

  /** Null until there is something to watch. */
  private volatile @Nullable Set<Watched> watched;

  UnitDeadlines(PoolEvents events, Workers workers, Engine engine) {
    this.events = events;
    this.workers = workers;
    this.engine = engine;
  }

  /**
   * Has {@code overrun} called on the upkeep thread in the first pass after {@code at}, unless the
   * watch is ended before. It returns after how many nanoseconds it wants to be called again, or 0
   * for never. From any thread. While somebody ends the watch, it may be called once more.
   *
   * @param at when that is, by the pool's clock
   * @return ends the watch
   */
  public Runnable watch(long at, LongSupplier overrun) {
    Watched watch = new Watched(at, overrun);
    Set<Watched> some = watched;
    Set<Watched> all = some == null ? begin() : some;
    all.add(watch);
    return () -> all.remove(watch);
  }

  private synchronized Set<Watched> begin() {
    Set<Watched> all = watched;
    if (all == null) {
      all = ConcurrentHashMap.newKeySet();
      watched = all;
    }
    return all;
  }

  /** Whether no unit is watched. From any thread. */
  boolean isEmpty() {
    Set<Watched> all = watched;
    return all == null || all.isEmpty();
  }

  void enforce(long now) {
    Set<Watched> all = watched;
    if (all != null && !all.isEmpty()) {
      all.removeIf(watch -> now - watch.at >= 0 && isDone(watch, now));
    }
  }

  private static boolean isDone(Watched watch, long now) {
    long again = watch.overrun.getAsLong();
    watch.at = now + again;
    return again <= 0;
  }

  /**
   * Has what runs under a lease cancelled on the server, so that its holder hears of it in the
   * ordinary way; if nothing runs, or it can't be cancelled, the connection is cut under him. In
   * any case the connection is never lent again, so the request to cancel can hit nobody else. Does
   * nothing if the lease is over. Never blocks.
   */
  public void cancel(Slot slot, long lease) {
    // The move comes first: once it is doomed, nobody but its holder can reach this connection.
    boolean doomed = engine.doom(slot, lease, CloseReason.ABORTED);
    if (!doomed && !Slot.isDoomed(slot.word(), lease)) {
      return;
    }
    PhysicalConnection physical = Closer.entry(slot).physical();
    if (!workers.start("cancelling a statement", () -> cancel(slot, lease, physical))) {
      cut(slot, lease);
    }
  }

  private void cancel(Slot slot, long lease, PhysicalConnection physical) {
    boolean cancelled = false;
    try {
      cancelled = physical.cancelStatement(GRACE);
    } catch (Throwable e) {
      log.debug("Pool {}: a statement could not be cancelled", events.pool(), e);
    } finally {
      if (!cancelled) {
        cut(slot, lease);
      }
    }
  }

  /** Cuts the connection under its holder; does nothing if the lease is over. */
  public void cut(Slot slot, long lease) {
    engine.cut(slot, lease, CloseReason.ABORTED);
  }
}
