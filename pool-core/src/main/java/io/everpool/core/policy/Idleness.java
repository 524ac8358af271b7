package io.everpool.core.policy;

/** Which idle connections go, and when the pool goes to sleep. */
public final class Idleness {

  private Idleness() {}

  /**
   * Whether an idle connection is one too many.
   *
   * @param idleFor nanoseconds
   * @param idleTimeout nanoseconds; 0 for never
   * @param live connections that exist or are being opened
   */
  public static boolean evict(long idleFor, long idleTimeout, int live, int minSize) {
    return idleTimeout > 0 && idleFor >= idleTimeout && live > minSize;
  }

  /**
   * Whether the pool sleeps.
   *
   * @param mayAtAll whether it is configured to
   * @param unusedFor time since work was last seen, nanoseconds
   */
  public static boolean asleep(boolean mayAtAll, long unusedFor, long sleepAfter, int waiting) {
    return mayAtAll && waiting == 0 && unusedFor >= sleepAfter;
  }
}
