package io.everpool.core.work;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lane for one unit at a time, which those take that have lost a race with another transaction
 * and run again. Beside the units that run for the first time there is then one that has failed
 * before, and not a crowd that fails again over the same rows: of a deadlock the server frees one
 * pair a second, and a serialization failure throws a whole run away.
 *
 * <p>It is a courtesy and no guarantee. Whoever has waited for long enough goes on without it, for
 * the one inside may be waiting for just him. A unit within a unit of the same thread is in the
 * lane already. The waiting is in order; it holds no lock of the pool's, but its connection, whose
 * transaction is rolled back.
 */
final class ConflictLane {

  /** Nanoseconds. */
  private static final long LONGEST_WAIT = 5_000_000_000L;

  private final ReentrantLock lane = new ReentrantLock(true);

  /**
   * Takes the lane; returns whether it was had. An interrupt ends the waiting and stays pending.
   *
   * @param atMostNanos the longest wait; 0 or less for none
   */
  boolean enter(long atMostNanos) {
    try {
      return lane.tryLock(Math.min(atMostNanos, LONGEST_WAIT), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** To be called once for each {@link #enter} that was granted, by the same thread. */
  void leave() {
    lane.unlock();
  }
}
