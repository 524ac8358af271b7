package io.everpool.core.policy;

/** Which idle connections go, and when the pool goes to sleep. */
public final class Idleness {

  /** How long a connection may be idle above the minimum if the server is full; nanoseconds. */
  static final long CROWDED = 10_000_000_000L;

  private Idleness() {}

  /**
   * How long a connection above the minimum may be idle before it is closed. If the server is full,
   * somebody else waits for the room that it takes there, or this pool will when it has lost a
   * connection.
   *
   * @param idleTimeout as configured, nanoseconds; 0 for never
   * @param crowded whether the server was found full of late
   * @return nanoseconds; 0 for never
   */
  public static long timeout(long idleTimeout, boolean crowded) {
    return crowded ? Math.min(idleTimeout, CROWDED) : idleTimeout;
  }

  /**
   * Whether an idle connection is no longer needed.
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
   * @param mayAtAll whether it is configured to sleep
   * @param unusedFor time since work was last seen, nanoseconds
   */
  public static boolean asleep(boolean mayAtAll, long unusedFor, long sleepAfter, int waiting) {
    return mayAtAll && waiting == 0 && unusedFor >= sleepAfter;
  }
}
