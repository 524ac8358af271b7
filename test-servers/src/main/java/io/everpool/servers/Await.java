package io.everpool.servers;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for what a real server or another thread will bring about. */
public final class Await {
  private static final long PAUSE = Duration.ofMillis(5).toNanos();

  private Await() {}

  /**
   * Looks every few milliseconds until {@code condition} holds.
   *
   * @param what ends the sentence "waited in vain for ..."
   * @throws AssertionError if it doesn't hold within {@code limit}, or the thread is interrupted
   */
  public static void until(Duration limit, BooleanSupplier condition, String what) {
    until(limit, condition, () -> what);
  }

  /** The same; {@code what} is asked for when it was in vain, and so tells what there is then. */
  public static void until(Duration limit, BooleanSupplier condition, Supplier<String> what) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline >= 0) {
        throw new AssertionError("waited " + limit.toMillis() + " ms in vain for " + what.get());
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new AssertionError("interrupted while waiting for " + what.get());
      }
      LockSupport.parkNanos(PAUSE);
    }
  }
}
