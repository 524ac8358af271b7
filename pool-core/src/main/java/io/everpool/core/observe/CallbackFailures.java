package io.everpool.core.observe;

import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * Tells of what listeners, recorders and the like throw: they may do so at every lease, and then
 * the first is news, and from time to time how many there were since. Thread-safe.
 */
public final class CallbackFailures {
  private static final Logger log = PoolEvents.log();

  private final Repeats<Failed> repeats = new Repeats<>();
  private final LongSupplier clock;

  /** Not the callback itself, whose equals is anybody's. */
  private record Failed(int callback, String at, Class<?> thrown) {}

  /**
   * @param clock the pool's
   */
  public CallbackFailures(LongSupplier clock) {
    this.clock = clock;
  }

  /**
   * A callback has thrown something.
   *
   * @param at what it was called for, in a word out of a few
   * @return below 0 if that is no news; else how many of the same were not told since the last
   */
  public int news(Object callback, String at, Throwable thrown) {
    Failed failed = new Failed(System.identityHashCode(callback), at, thrown.getClass());
    return repeats.news(failed, clock.getAsLong());
  }

  /**
   * Logs it, where that is no news at DEBUG. Never throws, as {@link GuardedCall#tell}.
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
