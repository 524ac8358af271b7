package io.everpool.core.observe;

import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Logs what listeners, recorders and the like throw. As they may throw at every lease, only the
 * first failure is logged, and from time to time how many there were since. Thread-safe.
 */
public final class CallbackFailures {
  private static final Logger log = PoolEvents.log();

  private final Repeats<Failed> repeats = new Repeats<>();
  private final LongSupplier clock;

  /** Names the callback by its identity: its own equals may do anything. */
  private record Failed(int callback, String at, Class<?> thrown) {}

  /**
   * @param clock the pool's clock
   */
  public CallbackFailures(LongSupplier clock) {
    this.clock = clock;
  }

  /**
   * A callback has thrown something.
   *
   * @param at what it was called for; there are only a few different ones
   * @return below 0 if this is no news; otherwise how many like it have not been logged since the
   *     last one that was
   */
  public int news(Object callback, String at, Throwable thrown) {
    Failed failed = new Failed(System.identityHashCode(callback), at, thrown.getClass());
    return repeats.news(failed, clock.getAsLong());
  }

  /**
   * Logs the failure, at DEBUG if it is no news. Never throws, as {@link GuardedCall#tell}.
   *
   * @param what has failed, for the log
   */
  public void tell(String pool, String what, Object callback, Throwable thrown) {
    try {
      int untold = news(callback, what, thrown);
      String line = "Pool {}: {} failed; the pool goes on";
      if (untold < 0) {
        log.debug(line, pool, what, thrown);
      } else {
        log.error(line + Repeats.more(untold), pool, what, thrown);
      }
    } catch (Throwable e) {
      // nothing more can be said
    }
  }
}
