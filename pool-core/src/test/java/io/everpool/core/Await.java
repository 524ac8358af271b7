package io.everpool.core;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for what another thread will bring about. The core's own, for module test-servers, which
 * has one for servers, would bring a driver along.
 */
public final class Await {
  /** Guards against hanging, and no more: nothing takes nearly as long, however busy it is. */
  private static final Duration LIMIT = Duration.ofMinutes(1);

  private static final long SHORTEST_PAUSE = 20_000L;
  private static final long LONGEST_PAUSE = Duration.ofMillis(1).toNanos();

  private Await() {}

  /** What is to come about; may ask a database. */
  @FunctionalInterface
  public interface Fact<X extends Exception> {
    boolean holds() throws X;
  }

  /**
   * Looks until {@code fact} holds: at once, soon, and then every millisecond.
   *
   * @param what ends the sentence "waited in vain for ..."; asked for its text when it was in vain
   * @throws AssertionError if it doesn't hold within a minute, or the thread is interrupted
   */
  public static <X extends Exception> void until(Fact<X> fact, Object what) throws X {
    long begun = System.nanoTime();
    long pause = SHORTEST_PAUSE;
    while (!fact.holds()) {
      if (System.nanoTime() - begun >= LIMIT.toNanos()) {
        throw new AssertionError("waited " + LIMIT.toSeconds() + " s in vain for " + what);
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new AssertionError("interrupted while waiting for " + what);
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }
}
