package io.everpool.core.jdbc;

import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.StackRoom;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.upkeep.Sleepers;
import java.sql.SQLException;
import java.util.concurrent.locks.LockSupport;

/**
 * Where callers wait for a connection. Here, and nowhere else, a calling thread parks; what it
 * waits for, and when it is its turn, is settled by the engine. Thread-safe.
 */
final class Parking {
  /**
   * More frames of stack than all that is called while a caller stands in line. A caller who
   * doesn't have the stack to leave the line must not enter it: he would be handed a connection
   * when he is gone.
   */
  private static final int FRAMES = 500;

  /** The pauses between looks at a connection that is examined; nanoseconds. */
  private static final long SHORTEST_GLANCE = 50_000;

  private static final long LONGEST_GLANCE = 2_000_000;

  private final Engine engine;
  private final TimeSource time;
  private final AcquireFailures failures;
  private final NestedAcquires nested;

  /** After this time the log says why a caller waits; nanoseconds. */
  private final long slowAfter;

  Parking(
      Engine engine,
      TimeSource time,
      AcquireFailures failures,
      NestedAcquires nested,
      long slowAfter) {
    this.engine = engine;
    this.time = time;
    this.failures = failures;
    this.nested = nested;
    this.slowAfter = slowAfter;
  }

  /** A parked thread in line. */
  private static final class Parked extends Waiter {
    private final Thread thread = Thread.currentThread();

    Parked(long since) {
      super(since);
    }

    @Override
    public Thread thread() {
      return thread;
    }

    @Override
    protected void wake() {
      LockSupport.unpark(thread);
    }
  }

  /**
   * What to throw for a caller whose time was up before he stood in line.
   *
   * @param begun when he began to ask for a connection, on the pool's clock
   */
  SQLException timedOut(long begun, WaitKind wait) {
    return failures.timedOut(begun, wait);
  }

  /**
   * Waits for a moment until a connection is examined that the caller has left to examination. Most
   * likely he gets that connection. If he took the next idle one instead, he would have to leave it
   * to examination as well, and so one after the other. Nobody wakes him, because he doesn't stand
   * in line: so he looks again and again, after pauses that double.
   *
   * @param examined the word under which it is examined
   * @param left how long he can wait; nanoseconds
   * @return false if that time is over and the connection isn't examined yet
   */
  boolean whileExamined(Slot slot, long examined, long left) {
    long begun = time.nanoTime();
    long pause = SHORTEST_GLANCE;
    long waited = 0;
    while (Sleepers.answersSoon(slot, examined, waited)
        && !Thread.currentThread().isInterrupted()) { // the line deals with interrupts
      LockSupport.parkNanos(this, Math.min(pause, left - waited));
      pause = Math.min(2 * pause, LONGEST_GLANCE);
      waited = time.nanoTime() - begun;
      if (waited >= left) {
        return slot.word() != examined;
      }
    }
    return true;
  }

  /**
   * Waits in line.
   *
   * @param begun when the caller began to ask for a connection, on the pool's clock
   * @param timeout how long from then on he waits; nanoseconds
   * @param wait whose wait it is
   * @return a slot that was acquired for him; the lease is in {@link Slot#lease}
   */
  Slot await(long threadId, long begun, long timeout, int maxWaiters, WaitKind wait)
      throws SQLException {
    StackRoom.demand(FRAMES);
    failures.refuseAtTheDoor(wait);
    long deadline = begun + timeout;
    long slowAt = begun + slowAfter;
    boolean slow = false;
    Parked waiter = new Parked(time.nanoTime());
    boolean interrupted = false;
    boolean stands = true;
    try {
      WaitResult result = engine.begin(waiter, threadId, maxWaiters);
      if (result == WaitResult.WAIT) {
        // This may log, and so use up the permit by which a holder has woken this thread.
        nested.look(threadId);
        result = engine.step(waiter, threadId);
      }
      while (true) {
        switch (result) {
          case SERVED -> {
            return engine.take(waiter, threadId, time.nanoTime());
          }
          case REJECTED -> {
            stands = false;
            throw failures.inVain(begun, wait);
          }
          case QUEUE_FULL -> {
            stands = false;
            throw failures.rejected(wait);
          }
          case WAIT, RELOOK -> {
            long now = time.nanoTime();
            long left = deadline - now;
            interrupted |= Thread.interrupted();
            if (left <= 0 || interrupted) {
              if (engine.leave(waiter)) {
                stands = false;
                throw interrupted ? failures.interrupted() : failures.timedOut(begun, wait);
              }
              result = engine.step(waiter, threadId); // a connection came first: it must be taken
            } else if (result == WaitResult.WAIT) {
              if (!slow && now - slowAt >= 0) {
                slow = true;
                failures.tellOfSlow(
                    now - begun); // this comes before the step: a park may follow that
              } else {
                LockSupport.parkNanos(waiter, slow ? left : Math.min(left, slowAt - now));
              }
              result = engine.step(waiter, threadId);
            } else {
              LockSupport.parkNanos(waiter, Math.min(left, Engine.relookNanos()));
              result = engine.relook(waiter, threadId);
            }
          }
        }
      }
    } catch (Throwable e) {
      if (stands) {
        engine.abandon(waiter, threadId);
      }
      throw e;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
