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
 * Starts what may block, each task on a thread of its own. If the process is at its limit, no
 * thread can be had. What must be done all the same waits for one then, because the upkeep thread,
 * which all pools share, must not block. A task may throw anything.
 */
final class Workers {
  private static final AtomicIntegerFieldUpdater<Workers> STUCK =
      AtomicIntegerFieldUpdater.newUpdater(Workers.class, "stuck");

  private final Executor executor;
  private final Executor together;
  private final String pool;

  /** How many connects were given up whose threads the driver has not yet given back. */
  private volatile int stuck;

  /**
   * A task that has found no thread.
   *
   * @param moot whether it need not be done any more
   */
  private record Postponed(String what, BooleanSupplier moot, GuardedCall.Risk task) {}

  private final PassScheduler scheduler;

  /** Null until a task finds no thread. */
  private volatile @Nullable Queue<Postponed> postponed;

  Workers(Executor executor, Executor together, PassScheduler scheduler, String pool) {
    this.executor = executor;
    this.together = together;
    this.scheduler = scheduler;
    this.pool = pool;
  }

  /**
   * Starts a task as soon as there is a thread for it, unless it is moot by then. It is tried no
   * longer than the pool lives.
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

  /** Tries the tasks again that have found no thread. Upkeep thread only. */
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

  /** Whether tasks still wait for a thread. */
  boolean arePostponed() {
    Queue<Postponed> all = postponed;
    return all != null && !all.isEmpty();
  }

  /** Starts a task; false if there is no thread for it, and then it is never run. */
  boolean start(String what, GuardedCall.Risk task) {
    return start(executor, what, task);
  }

  /**
   * Starts a task on a thread that it shares with what other pools want at the same time. False if
   * it is never run; even after true it may never be. Upkeep thread only.
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
      return false; // the JVM throws this at the limit of threads, too
    }
  }

  /** The pool gives up on a connect, which goes on. Called before its slot shows that. */
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
