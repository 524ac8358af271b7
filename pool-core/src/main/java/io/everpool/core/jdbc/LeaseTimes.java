package io.everpool.core.jdbc;

import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.advice.LeaseTrace;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.CallbackFailures;
import org.jspecify.annotations.Nullable;

/**
 * Measures leases for a recorder, a trace or both, which costs two readings of the clock a lease;
 * without either no leases are measured. What a recorder throws is told and otherwise ignored.
 * Called on the holder's thread, so a lease that the pool ends in his stead isn't measured.
 */
final class LeaseTimes {

  /** Stands in place of a reading of the clock if the lease isn't timed. */
  private static final long UNTIMED = Long.MIN_VALUE;

  private final String pool;
  private final Engine engine;
  private final TimeSource time;
  private final @Nullable LeaseRecorder recorder;
  private final @Nullable LeaseTrace trace;
  private final CallbackFailures failures;

  private LeaseTimes(
      String pool,
      Engine engine,
      TimeSource time,
      @Nullable LeaseRecorder recorder,
      @Nullable LeaseTrace trace) {
    this.pool = pool;
    this.engine = engine;
    this.time = time;
    this.recorder = recorder;
    this.trace = trace;
    this.failures = new CallbackFailures(time::nanoTime);
  }

  /** The measurements for a recorder, a trace or both; null if there is neither. */
  static @Nullable LeaseTimes of(
      String pool,
      Engine engine,
      TimeSource time,
      @Nullable LeaseRecorder recorder,
      @Nullable LeaseTrace trace) {
    return recorder == null && trace == null
        ? null
        : new LeaseTimes(pool, engine, time, recorder, trace);
  }

  /** A lease begins, for which the caller has waited since {@code begun}. */
  void acquired(Slot slot, long lease, long begun) {
    acquired(slot, lease, begun, begun, time.nanoTime());
  }

  /** As {@link #acquired(Slot, long, long)}, of the lease that the caller was given last to try. */
  void acquired(Slot slot, long lease, Asking asking) {
    acquired(slot, lease, asking.begun, asking.turned, asking.since);
  }

  /**
   * @param begun when the caller began to ask
   * @param turned when he began to ask this pool; he may have asked others before
   * @param since when the lease began
   */
  private void acquired(Slot slot, long lease, long begun, long turned, long since) {
    try {
      engine.time(slot, lease, since);
      slot.askedAt = turned;
      if (recorder != null) {
        recorder.acquired(since - begun);
      }
    } catch (Throwable e) {
      failures.tell(pool, "the lease recorder", this, e);
    }
  }

  /**
   * A lease begins that nobody measures though the engine may have timed it: a lease of the pool's
   * own, or one of which it isn't known yet whether the caller keeps it.
   */
  static void leaveOut(Slot slot) {
    slot.timedLease = 0; // no lease has this name
  }

  /**
   * The time now, for a timed lease that is about to end; {@link #UNTIMED} for a lease that wasn't
   * timed, or is over.
   */
  long ending(Slot slot, long lease) {
    return slot.timedLease != lease ? UNTIMED : time.nanoTime();
  }

  /**
   * Records the end of a lease.
   *
   * @param ended whether this call has ended it; nothing is recorded otherwise, for a second
   *     release isn't a second use
   * @param asked when it was asked for, read before it ended
   * @param since when it began, read before it ended
   * @param ending what {@link #ending} said before it ended
   */
  void released(boolean ended, long asked, long since, long ending) {
    if (!ended || ending == UNTIMED) {
      return;
    }
    try {
      if (trace != null) {
        trace.add(asked, since, ending); // it comes first, for it doesn't fail
      }
      if (recorder != null) {
        recorder.released(ending - since);
      }
    } catch (Throwable e) {
      failures.tell(pool, "the lease recorder", this, e);
    }
  }
}
