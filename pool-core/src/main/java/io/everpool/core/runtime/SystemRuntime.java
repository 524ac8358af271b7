package io.everpool.core.runtime;

import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import java.time.InstantSource;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One pool's share of the machine. It has no thread of its own: its passes run on the upkeep thread
 * of all pools, and what may block runs on the workers of all pools. All these threads are daemons.
 */
public final class SystemRuntime implements AutoCloseable {
  private final ProcessThreads threads = ProcessThreads.enter();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final PassScheduler scheduler;
  private final PoolWorkers workers;

  public SystemRuntime(String pool) {
    this.scheduler = threads.upkeep.scheduler(pool);
    this.workers = new PoolWorkers(threads.workers, threads.upkeep::together, pool);
  }

  public Environment environment() {
    return new Environment(
        SystemRuntime::nanoTime,
        InstantSource.system(),
        scheduler,
        workers,
        workers::together,
        () -> ThreadLocalRandom.current().nextDouble(),
        SystemRuntime::pause);
  }

  /** The clock of all pools. */
  public static long nanoTime() {
    return System.nanoTime();
  }

  /** Sleeps on the calling thread. */
  public static void pause(long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(nanos);
  }

  /**
   * Runs a task on a new thread when the pool's threads have ended already. If the task takes too
   * long, its thread is interrupted and left to end by itself, as {@link #close} does with the
   * workers.
   *
   * @throws TimeoutException if the task has not ended after that time
   */
  public static void apart(String pool, Runnable task, long nanos)
      throws InterruptedException, TimeoutException {
    Thread thread = PoolThreads.unborn(task, "everpool-" + pool + "-end");
    thread.start();
    boolean ended = false;
    try {
      TimeUnit.NANOSECONDS.timedJoin(thread, nanos);
      ended = !thread.isAlive();
    } finally {
      if (!ended) {
        thread.interrupt();
      }
    }
    if (!ended) {
      throw new TimeoutException("It is not over after " + nanos / 1_000_000 + " ms");
    }
  }

  /**
   * No pass and no task of this pool begins any more; a worker whose driver hangs is interrupted
   * and left to end by itself. The threads go with the last pool.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      try {
        scheduler.stop();
      } finally {
        try {
          workers.close();
        } finally {
          threads.leave();
        }
      }
    }
  }
}
