package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Ends the leases of programs that keep only the driver's own object, as those that listen for
 * notifications do: such a program loses its connection in a call that the pool doesn't see, or
 * closes the driver's object, and forgets the face. So upkeep asks the driver at the health check's
 * interval whether such a connection is over; and more often while somebody waits for a connection,
 * or while the pool waits for its leases to end.
 *
 * <p>This needs no timer: while anything is lent, there is a pass every tenth of a second. {@link
 * #run} is for the upkeep thread. The driver is asked on a worker, because it may hang. A
 * connection whose driver hangs is not asked again, so that it costs one thread and no more.
 */
final class KeptObjects {
  private static final Logger log = PoolEvents.log();

  /** How often the driver is asked while somebody waits; nanoseconds. */
  static final long BESIDE_WAITERS = 1_000_000_000L;

  private static final String WHAT = "asking whether a lent connection is over";

  private final long interval;
  private final PoolEvents events;
  private final Engine engine;
  private final SlotActivity activity;
  private final FailureReports reports;
  private final OutageLog outages;
  private final Workers workers;

  /**
   * The connections about which a worker is asking now; null until there is one to ask about, which
   * most pools never have. The upkeep thread alone writes the field, and workers get the set.
   */
  private @Nullable Set<PooledEntry> asking;

  private long askedAt;

  /** A lease in which the driver's own object was handed out; its connection may be doomed. */
  private record Kept(Slot slot, long lease, PooledEntry entry) {}

  KeptObjects(PoolConfig config, PoolEvents events, SharedState shared, long now) {
    this.interval = config.healthCheckInterval().toNanos();
    this.events = events;
    this.engine = shared.engine;
    this.activity = shared.activity;
    this.reports = shared.reports;
    this.outages = shared.outages;
    this.workers = shared.workers;
    this.askedAt = now;
  }

  /** Has a worker ask, if that is due. Before the health checks, which forget a sweep. */
  void run(long now) {
    boolean wanted = engine.waiting() > 0 || engine.isClosed();
    long pause = wanted ? Math.min(interval, BESIDE_WAITERS) : interval;
    if (now - askedAt < pause && !reports.wantSweep()) {
      return;
    }
    askedAt = now;
    List<Kept> kept = kept();
    if (!kept.isEmpty()) {
      Set<PooledEntry> asked = asking == null ? ConcurrentHashMap.newKeySet() : asking;
      asking = asked;
      // Without a thread it is tried the next time.
      workers.start(WHAT, () -> kept.forEach(each -> ask(each, asked)));
    }
  }

  private List<Kept> kept() {
    List<Kept> found = List.of();
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      long word = activity.word(slot.index);
      State state = Slot.state(word);
      PooledEntry entry = slot.entry;
      if ((state != State.LEASED && state != State.DOOMED) || entry == null) {
        continue;
      }
      // The entry may have come since the word was seen. But then it names another lease.
      long lease = entry.handedOut();
      if (Slot.isOf(word, lease) && (asking == null || !asking.contains(entry))) {
        found = found.isEmpty() ? new ArrayList<>() : found;
        found.add(new Kept(slot, lease, entry));
      }
    }
    return found;
  }

  private void ask(Kept kept, Set<PooledEntry> asked) {
    if (!asked.add(kept.entry)) {
      return;
    }
    GuardedCall.survives(
        events.pool(),
        WHAT,
        () -> {
          if (isOver(kept.entry)) {
            end(kept);
          }
        });
    asked.remove(kept.entry);
  }

  /** A driver that can't say, or fails, keeps its connection lent. */
  private static boolean isOver(PooledEntry entry) {
    try {
      return entry.physical().isOver();
    } catch (Throwable e) {
      return false;
    }
  }

  /**
   * Ends the lease of a connection that is over. Whatever its holder does meanwhile, nobody loses a
   * connection that works, and the lease ends once:
   *
   * <ul>
   *   <li>The holder gives it back, or somebody aborts it: all of them, and this thread, move the
   *       slot by a compare-and-set from this very lease, so that the first one ends it and the
   *       others do nothing. A clean-up claims the lease first, which is such a move, so it is
   *       never disturbed. The slot may have been lent again since: that is another lease, and this
   *       thread's move fails.
   *   <li>The holder is in a call: the connection was over before the driver said so, and the call
   *       gets no more than what the driver has read by then. The cut takes none of that away.
   *   <li>A unit of work runs in the lease: it takes back the name of the lease before it sends
   *       anything, and here the name is read again after the driver has answered. So if the name
   *       is there still, the connection was over before the unit has sent anything on it, and
   *       nothing of the unit can be in doubt. It finds the connection dead, as it would have
   *       without this, and lets it go for another; that its lease is over by then is no matter,
   *       because the unit's own move of the slot fails and does nothing.
   *   <li>The driver is wrong: the program's next call fails. The pool can't lend the connection to
   *       anybody else, because this move leads to its closing.
   * </ul>
   */
  private void end(Kept kept) {
    // If the move succeeds this is that lease's thread, for the slot had not moved by then.
    String thread = HolderThreads.describe(kept.slot.holder());
    if (kept.entry.handedOut() != kept.lease
        || !engine.cut(kept.slot, kept.lease, CloseReason.FAILED)) {
      return;
    }
    reports.suspect(); // what has ended this connection may have ended others
    Repeats.warn(
        log,
        outages.news(OutageLog.Kind.LOSS, "kept", kept.entry.number()),
        "Pool {}: connection {} is over, and {} has not closed it: its lease is ended. Whoever keeps"
            + " the driver's own object has to close the pool's connection, too",
        events.pool(),
        kept.entry.number(),
        thread);
  }
}
