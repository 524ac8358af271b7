package io.everpool.core.jdbc;

import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.Survivor;

/**
 * Measures leases for a recorder, which costs two readings of the clock a lease; there is none of
 * it without a recorder. What a recorder throws is its own affair. On the holder's thread.
 */
final class LeaseTimes {
  private final String pool;
  private final Engine engine;
  private final TimeSource time;
  private final LeaseRecorder recorder;

  LeaseTimes(String pool, Engine engine, TimeSource time, LeaseRecorder recorder) {
    this.pool = pool;
    this.engine = engine;
    this.time = time;
    this.recorder = recorder;
  }

  /** A lease begins, for which the caller has waited since {@code begun}. */
  void acquired(Slot slot, long lease, long begun) {
    try {
      long now = time.nanoTime();
      engine.time(slot, lease, now);
      recorder.acquired(now - begun);
    } catch (Throwable e) {
      Survivor.tell(pool, "the lease recorder", e);
    }
  }

  /** For how long a timed lease has been held; below 0 for one that wasn't timed, or is over. */
  long held(Slot slot, long lease) {
    return slot.timedLease != lease ? -1 : time.nanoTime() - slot.heldSince;
  }

  /**
   * A lease of which {@link #held} was asked before is over, if {@code ended}: a second release
   * isn't a second use.
   */
  void released(boolean ended, long held) {
    if (ended && held >= 0) {
      try {
        recorder.released(held);
      } catch (Throwable e) {
        Survivor.tell(pool, "the lease recorder", e);
      }
    }
  }
}
