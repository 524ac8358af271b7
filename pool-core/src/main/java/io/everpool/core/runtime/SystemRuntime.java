package io.everpool.core.runtime;

import io.everpool.core.upkeep.Environment;
import java.time.InstantSource;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One pool's share of the machine: one upkeep thread, and workers that come as needed and go after
 * ten seconds without work. All are daemons, and named after the pool.
 */
public final class SystemRuntime implements AutoCloseable {
  private static final long WORKER_KEEP_ALIVE_SECONDS = 10;

  private final UpkeepThread scheduler;
  private final ExecutorService workers;

  public SystemRuntime(String pool) {
    this.scheduler = new UpkeepThread("everpool-" + pool + "-upkeep");
    // No queue: a task never waits behind one that hangs. The number of slots bounds the tasks.
    this.workers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            WORKER_KEEP_ALIVE_SECONDS,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            named("everpool-" + pool + "-worker-"));
  }

  public Environment environment() {
    return new Environment(
        System::nanoTime,
        InstantSource.system(),
        scheduler,
        workers,
        () -> ThreadLocalRandom.current().nextDouble());
  }

  /** Sleeps on the calling thread. */
  public static void pause(long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(nanos);
  }

  /** Ends the threads; a worker whose driver hangs is interrupted and left to end by itself. */
  @Override
  public void close() {
    scheduler.stop();
    workers.shutdownNow();
  }

  private static ThreadFactory named(String prefix) {
    AtomicInteger number = new AtomicInteger();
    return task -> PoolThreads.unborn(task, prefix + number.incrementAndGet());
  }
}
