package io.everpool.core.upkeep;

import io.everpool.core.observe.GuardedCall;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Starts what may block, each task on a thread of its own. No thread may be had: the process is at
 * its limit; what must be done all the same then waits, for the upkeep thread, which all pools
 * share, is no place for what may block. And a task may throw anything.
 */
final class Workers {
  private static final AtomicIntegerFieldUpdater<Workers> STUCK =
      AtomicIntegerFieldUpdater.newUpdater(Workers.class, "stuck");

  private final Executor executor;
  private final Executor together;
  private final String pool;

  /** Connects that were given up and whose threads the driver has not yet given back. */
  private volatile int stuck;

  /**
   * One that has found no thread.
   *
   * @param moot whether it need not be done any more
   */
  private record Postponed(String what, BooleanSupplier moot, GuardedCall.Risk task) {}

  private final PassScheduler scheduler;

  /** Null before the first. */
  private volatile @Nullable Queue<Postponed> postponed;

  Workers(Executor executor, Executor together, PassScheduler scheduler, String pool) {
    this.executor = executor;
    this.together = together;
    this.scheduler = scheduler;
    this.pool = pool;
  }

  /**
   * Starts a task as soon as there is a thread for it, unless it is moot by then. Its time ends
   * with the pool's.
   */
  void startInTime(String what, BooleanSupplier moot, GuardedCall.Risk task) {
    if (!start(what, task)) {
      Queue<Postponed> all = postponed;
      (all == null ? begin() : all).add(new Postponed(what, moot, task));
      scheduler.hurry();
    }
  }

  private synchronized Queue<Postponed> begin() {
    Queue<Postponed> all = postponed;
    if (all == null) {
      all = new ConcurrentLinkedQueue<>();
      postponed = all;
    }
    return all;
  }

  /** Tries those again that have found no thread. Upkeep thread only. */
  void resume() {
    Queue<Postponed> all = postponed;
    if (all == null) {
      return;
    }
    for (int i = all.size(); i > 0; i--) {
      Postponed next = all.poll();
      if (next != null && !next.moot.getAsBoolean() && !start(next.what, next.task)) {
        all.add(next);
      }
    }
  }

  /** Whether some still wait for a thread. */
  boolean arePostponed() {
    Queue<Postponed> all = postponed;
    return all != null && !all.isEmpty();
  }

  /** Starts a task; false if there is no thread for it, and then it is never run. */
  boolean start(String what, GuardedCall.Risk task) {
    return start(executor, what, task);
  }

  /**
   * Starts a task on a thread that it shares, behind what other pools want at the same time; false
   * if it is never run. It may never be run all the same. Upkeep thread only.
   */
  boolean startTogether(String what, GuardedCall.Risk task) {
    return start(together, what, task);
  }

  private boolean start(Executor executor, String what, GuardedCall.Risk task) {
    try {
      executor.execute(() -> GuardedCall.survives(pool, what, task));
      return true;
    } catch (RejectedExecutionException e) {
      return false; // the pool is closed
    } catch (OutOfMemoryError e) {
      return false; // which is also what the JVM throws at the limit of threads
    }
  }

  /** The pool has lost patience with a connect, which goes on. Said before it shows. */
  void givenUp() {
    STUCK.incrementAndGet(this);
  }

  /** A connect that was given up has come back, and what it has brought is closed. */
  void cameBack() {
    STUCK.decrementAndGet(this);
  }

  /** How many connects were given up and have not come back, each on a thread of its own. */
  int stuck() {
    return stuck;
  }
}
