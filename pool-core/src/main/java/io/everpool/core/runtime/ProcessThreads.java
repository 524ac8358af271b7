package io.everpool.core.runtime;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The threads that all pools of this process share, or to be exact all pools of this class loader:
 * one for upkeep, and workers that are started as needed and end after ten seconds without work.
 * The threads begin with the first pool and end with the last.
 */
final class ProcessThreads {
  private static final long WORKER_KEEP_ALIVE_SECONDS = 10;

  private static @Nullable ProcessThreads shared;

  final UpkeepThread upkeep;
  final ExecutorService workers;
  private int pools;

  private ProcessThreads() {
    AtomicInteger number = new AtomicInteger();
    // No queue: a task never waits behind one that hangs. The number of slots bounds the tasks.
    this.workers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            WORKER_KEEP_ALIVE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> PoolThreads.unborn(task, "everpool-worker-" + number.incrementAndGet()));
    this.upkeep = new UpkeepThread(workers);
  }

  /** A pool begins. */
  static synchronized ProcessThreads enter() {
    if (shared == null) {
      shared = new ProcessThreads();
    }
    shared.pools++;
    return shared;
  }

  /**
   * A pool has ended. It has interrupted its workers that hang; they end when their calls return.
   */
  void leave() {
    synchronized (ProcessThreads.class) {
      if (--pools == 0) {
        shared = null;
        workers.shutdown();
      }
    }
  }
}
