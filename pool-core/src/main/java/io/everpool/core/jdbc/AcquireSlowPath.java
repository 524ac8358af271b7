package io.everpool.core.jdbc;

import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Takes a connection with everything that costs a look at the clock or at the connection: stands in
 * line for one, looks at one that has rested, and tells how long that took. Thread-safe.
 */
final class AcquireSlowPath {
  private final AcquireCheck check;
  private final Parking parking;
  private final int maxWaiters;
  private final Engine engine;
  private final TimeSource time;
  private final PoolEvents events;

  /** Null if nobody measures leases. */
  private final @Nullable LeaseTimes times;

  AcquireSlowPath(
      AcquireCheck check,
      Parking parking,
      int maxWaiters,
      Engine engine,
      TimeSource time,
      PoolEvents events,
      @Nullable LeaseTimes times) {
    this.check = check;
    this.parking = parking;
    this.maxWaiters = maxWaiters;
    this.engine = engine;
    this.time = time;
    this.events = events;
    this.times = times;
  }

  /**
   * Returns a slot whose lease is the caller's.
   *
   * @param found a slot that he has acquired already; null for none
   * @param asking the acquire that this wait belongs to: times in messages and records count from
   *     its beginning, and nothing is recorded before {@link #got}; null if the caller begins now
   *     and keeps what he gets
   * @param own whether it is the pool's own lease, which nobody measures
   */
  Slot acquire(
      long threadId,
      @Nullable Slot found,
      long timeoutNanos,
      WaitKind wait,
      @Nullable Asking asking,
      boolean own)
      throws SQLException {
    long begun = time.nanoTime();
    long asked = asking == null ? begun : asking.begun;
    int line = own ? Integer.MAX_VALUE : maxWaiters;
    boolean waited = false;
    for (Slot slot = found; ; slot = null) {
      if (slot == null) {
        slot = engine.tryAcquire(threadId);
      }
      if (slot == null) {
        slot = parking.await(threadId, asked, timeoutNanos + (begun - asked), line, wait);
        waited = true;
      }
      long lease = slot.lease; // the side field names it here as well: nobody else writes it now
      boolean ready;
      try {
        boolean slept = slot.hadSlept(lease);
        boolean looks = slot.hadRested(lease) || slept;
        long left = looks ? timeoutNanos - (time.nanoTime() - begun) : timeoutNanos;
        if (left > 0 && line > 0 && check.isLeftToExamination(slot, lease, session(slot), left)) {
          line = Integer.MAX_VALUE; // he had a connection, so he isn't turned away
          // He doesn't wait for one sleeper: the pool wakes, and examines all of them.
          if (!slept && !parking.whileExamined(slot, Slot.after(Move.EXAMINE, lease), left)) {
            throw parking.timedOut(asked, wait);
          }
          continue;
        }
        // The word is read again afterwards: who takes too long with the look loses the lease.
        ready =
            slot.word() == lease
                && check.passes(slot, lease, session(slot), waited, left)
                && slot.word() == lease;
        if (!ready) {
          // This closes a doomed connection; if it wasn't doomed, the lease is over already.
          engine.release(slot, lease);
        } else if (own) {
          LeaseTimes.leaveOut(slot);
        } else if (asking == null) {
          begins(slot, lease, begun, waited);
        } else {
          asking.tries(slot, lease, time.nanoTime(), waited);
          if (times != null) { // otherwise the engine's own time stays: the engine goes by it
            LeaseTimes.leaveOut(slot);
          }
        }
      } catch (Throwable e) {
        if (slot.entry instanceof Session session) {
          session.stranded = lease;
        }
        throw e;
      }
      if (ready) {
        return slot;
      }
      if (time.nanoTime() - begun >= Math.max(timeoutNanos, AcquireCheck.LEAST)) {
        throw parking.timedOut(asked, wait); // looking and asking the server took all his time
      }
    }
  }

  private void begins(Slot slot, long lease, long begun, boolean waited) {
    if (waited && events.hearsWaits()) {
      events.waited(time.nanoTime() - begun);
    }
    if (times != null) {
      times.acquired(slot, lease, begun);
    }
  }

  /**
   * Records that the caller keeps the lease. Does nothing if that isn't the one that he was given
   * last to try, or if it is over.
   */
  void got(Slot slot, long lease, Asking asking) {
    if (!asking.lastTried(slot, lease) || !Slot.isOf(slot.word(), lease)) {
      return;
    }
    if (asking.stood && events.hearsWaits()) {
      events.waited(asking.since - asking.begun);
    }
    if (times != null) {
      times.acquired(slot, lease, asking);
    }
  }

  static Session session(Slot slot) {
    Session session = (Session) slot.entry;
    if (session == null) {
      throw new IllegalStateException("leased without a connection: " + slot);
    }
    return session;
  }
}
