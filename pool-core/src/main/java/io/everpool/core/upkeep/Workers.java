package io.everpool.core.upkeep;

import io.everpool.core.observe.Survivor;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Starts what may block, each task on a thread of its own. No thread may be had: the process is at
 * its limit. And a task may throw anything.
 */
final class Workers {
  private final Executor executor;
  private final String pool;

  /** Threads that a driver has kept past the pool's deadline and not yet given back. */
  private final AtomicInteger stuck = new AtomicInteger();

  Workers(Executor executor, String pool) {
    this.executor = executor;
    this.pool = pool;
  }

  /** Starts a task; false if there is no thread for it, and then it is never run. */
  boolean start(String what, Survivor.Risk task) {
    try {
      executor.execute(() -> Survivor.survives(pool, what, task));
      return true;
    } catch (RejectedExecutionException e) {
      return false; // the pool is closed
    } catch (OutOfMemoryError e) {
      return false; // which is also what the JVM throws at the limit of threads
    }
  }

  /** The pool has lost patience with a task, which goes on. */
  void givenUp() {
    stuck.incrementAndGet();
  }

  /** A task that was given up has come back. */
  void cameBack() {
    stuck.decrementAndGet();
  }

  /** How many threads a driver has kept past the pool's deadlines. */
  int stuck() {
    return stuck.get();
  }
}
