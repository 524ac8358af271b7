package io.everpool.core.jdbc;

import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolSnapshot.Holder;
import io.everpool.api.observe.PoolEvent.NestedAcquire;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.SharedState;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Tells of threads that hold a connection and wait for another. That is how a deadlock begins, and
 * it is complete when every holder does so. Each caller asks this when he begins to wait, so it
 * costs nothing while nobody waits. Thread-safe.
 *
 * <p>No caller is sent away because of it. A connection may be given back by another thread than
 * the one that took it, as asynchronous programs do; what looks like a deadlock may be none, and
 * the limit of the wait ends it in any case.
 */
final class NestedAcquires {
  private static final Logger log = PoolEvents.log();

  /** The shortest time between two log lines of one kind; nanoseconds. */
  static final long EVERY = 60_000_000_000L;

  private static final AtomicLongFieldUpdater<NestedAcquires> TOLD_OF_ONE =
      AtomicLongFieldUpdater.newUpdater(NestedAcquires.class, "toldOfOne");
  private static final AtomicLongFieldUpdater<NestedAcquires> TOLD_OF_ALL =
      AtomicLongFieldUpdater.newUpdater(NestedAcquires.class, "toldOfAll");

  private final SharedState shared;
  private final Engine engine;
  private final TimeSource time;
  private final PoolEvents events;
  private final SnapshotSource snapshots;

  /** The last time that all holders were seen to wait; null if they weren't, or if that is over. */
  private volatile @Nullable Entangled entangled;

  @SuppressWarnings("unused") // only its updater reads it
  private volatile long toldOfOne;

  @SuppressWarnings("unused")
  private volatile long toldOfAll;

  NestedAcquires(SharedState shared, TimeSource time, PoolEvents events, SnapshotSource snapshots) {
    this.shared = shared;
    this.engine = shared.engine();
    this.time = time;
    this.events = events;
    this.snapshots = snapshots;
    long before = time.nanoTime() - EVERY;
    this.toldOfOne = before;
    this.toldOfAll = before;
  }

  /**
   * A moment in which all holders waited.
   *
   * @param held what they held then
   * @param at when that was seen, on the pool's clock
   */
  private record Entangled(HeldSnapshot held, long at) {}

  /**
   * The calling thread has begun to wait, and stands in line. Tells of it if the thread holds a
   * connection.
   */
  void look(long threadId) {
    boolean nested = engine.heldBy(threadId) != null;
    Entangled then = entangled;
    if (!nested && (then == null || time.nanoTime() - then.at < AcquireFailures.GOOD_FOR)) {
      return; // thousands may come while all holders wait, and each look walks the line
    }
    HeldSnapshot before =
        HeldSnapshot.of(engine); // what is given back from here on shows as a difference
    Holders holders = holders();
    boolean all = holders.areAllThereMayBe() && holders.waiting == holders.leased;
    // A deadlock that was seen before may be over, though all still hold their connections.
    entangled = all ? new Entangled(before, time.nanoTime()) : null;
    if (!nested || !holders.areAllThereMayBe()) {
      return;
    }
    if (all) {
      if (isTime(TOLD_OF_ALL)) {
        GuardedCall.survives(events.pool(), "telling of a deadlock", this::tellOfAll);
      }
    } else if (isTime(TOLD_OF_ONE)) {
      GuardedCall.survives(events.pool(), "telling of a nested acquire", this::tellOfOne);
    }
  }

  /**
   * Whether all holders were seen to wait, and none of them has given anything back since: then the
   * deadlock is still there, even if some have just left the line because their time was up at the
   * same moment.
   */
  boolean isEntangled() {
    Entangled then = entangled;
    if (then == null) {
      return false;
    }
    boolean still = then.held.isStill();
    if (!still) {
      entangled = null; // a newer one may get lost in a race; the next who waits sees it again
    }
    return still;
  }

  private boolean isTime(AtomicLongFieldUpdater<NestedAcquires> told) {
    long last = told.get(this);
    long now = time.nanoTime();
    return now - last >= EVERY && told.compareAndSet(this, last, now);
  }

  /**
   * Those who hold a connection.
   *
   * @param leased how many connections they have
   * @param waiting how many of these belong to one who waits for another
   * @param coming connections that may be lent without a holder's doing
   * @param maxSize how many connections there may be
   */
  private record Holders(int leased, int waiting, int coming, int maxSize) {

    /**
     * Whether they hold all the connections there may be, or more than that if the pool was made
     * smaller.
     */
    boolean areAllThereMayBe() {
      return leased >= maxSize && coming == 0;
    }
  }

  private Holders holders() {
    Set<Long> inLine = engine.waitingHolders().keySet();
    int leased = 0;
    int waiting = 0;
    int coming = 0;
    for (Slot slot : engine.slots()) {
      long word = slot.word();
      switch (Slot.state(word)) {
        case LEASED, DOOMED -> {
          if (slot.isOnOffer(word)) {
            coming++;
          } else {
            leased++;
            waiting += inLine.contains(slot.holder()) ? 1 : 0;
          }
        }
        case CONNECTING, IDLE, PROBING -> coming++;
        default -> {}
      }
    }
    return new Holders(leased, waiting, coming, shared.bounds().maxSize());
  }

  private void tellOfOne() {
    PoolSnapshot now = snapshots.forCaller(snapshots.withoutDeeds()); // has the caller's own deeds
    if (now == null) {
      return; // another thread has given the connection back meanwhile
    }
    String caller = HolderThreads.describe(Thread.currentThread());
    for (Holder holder : now.holders()) {
      if (holder.thread().equals(caller)) {
        log.warn(
            "Pool {}: nested acquire: {}. When the holders of all {} connections do so at once, none"
                + " of them goes on. {}",
            now.name(),
            holder,
            now.maxSize(),
            Advice.PASS_IT_ON);
        events.post(new NestedAcquire(now.name(), caller, holder.connection(), false));
        return;
      }
    }
  }

  private void tellOfAll() {
    PoolSnapshot all = snapshots.withDeeds();
    PoolSnapshot own = snapshots.forCaller(all);
    PoolSnapshot now = own == null ? all : own;
    log.warn(
        "Pool {}: nested acquire: all {} connections are held by threads that wait for another one"
            + " (a deadlock), and unless another thread gives one back they wait until"
            + " acquire-timeout. {}\n{}",
        now.name(),
        now.holders().size(),
        Advice.PASS_IT_ON,
        now.explain());
    String caller = HolderThreads.describe(Thread.currentThread());
    now.holders().stream()
        .filter(holder -> holder.thread().equals(caller))
        .findFirst()
        .ifPresent(
            holder ->
                events.post(new NestedAcquire(now.name(), caller, holder.connection(), true)));
  }
}
