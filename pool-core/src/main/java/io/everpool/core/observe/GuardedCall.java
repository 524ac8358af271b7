package io.everpool.core.observe;

import org.slf4j.Logger;

/** Runs what must not end the thread that runs it, whatever it throws, and tells what it threw. */
public final class GuardedCall {
  private static final Logger log = PoolEvents.log();

  /** What may throw anything. */
  @FunctionalInterface
  public interface Risk {
    void take() throws Exception;
  }

  private GuardedCall() {}

  /**
   * Takes a risk.
   *
   * @param pool the pool's name
   * @param what it is, for the log
   * @return whether it went well
   */
  public static boolean survives(String pool, String what, Risk risk) {
    try {
      risk.take();
      return true;
    } catch (Throwable e) {
      tell(pool, what, e);
      return false;
    }
  }

  /** Logs what was survived. Without memory even that may fail, and that is survived, too. */
  public static void tell(String pool, String what, Throwable survived) {
    try {
      log.error("Pool {}: {} failed; the pool goes on", pool, what, survived);
    } catch (Throwable e) {
      // nothing more can be said
    }
  }
}
