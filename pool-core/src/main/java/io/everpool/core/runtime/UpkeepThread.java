package io.everpool.core.runtime;

import io.everpool.core.upkeep.PassScheduler;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs upkeep on a thread of its own. */
final class UpkeepThread implements PassScheduler {
  private static final Logger log = LoggerFactory.getLogger(UpkeepThread.class);

  /** After a pass that failed; nanoseconds. */
  private static final long AFTER_FAILURE = 100_000_000L;

  private final String name;
  private final AtomicBoolean hurried = new AtomicBoolean();
  private volatile @Nullable Thread thread;
  private volatile boolean stopped;

  UpkeepThread(String name) {
    this.name = name;
  }

  @Override
  public void start(Pass pass) {
    Thread started = PoolThreads.unborn(() -> loop(pass), name);
    thread = started;
    started.start();
  }

  private void loop(Pass pass) {
    while (!stopped) {
      // Cleared before the pass looks: what happens during the pass hurries the next one.
      hurried.set(false);
      long delay = run(pass);
      if (!hurried.get() && !stopped) {
        LockSupport.parkNanos(this, delay);
      }
      // Interrupts mean nothing here; left set, one would turn every park into a spin.
      Thread.interrupted();
    }
  }

  /** Survives whatever is thrown: without this thread there is no pool. */
  private static long run(Pass pass) {
    try {
      return pass.run(System.nanoTime());
    } catch (Throwable e) {
      tell(e);
      return AFTER_FAILURE;
    }
  }

  private static void tell(Throwable survived) {
    try {
      log.error("A maintenance pass failed; the next one goes on", survived);
    } catch (Throwable e) {
      // no memory even for that
    }
  }

  @Override
  public void hurry() {
    if (!hurried.get() && hurried.compareAndSet(false, true)) {
      LockSupport.unpark(thread);
    }
  }

  @Override
  public void stop() {
    stopped = true;
    LockSupport.unpark(thread);
  }
}
