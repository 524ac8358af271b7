package io.everpool.core.policy;

/**
 * How long a transaction that lost a race waits before it runs again. When it does, the transaction
 * that won should be done, and the others that lost should not all run again at the same moment.
 */
public final class ConflictPause {
  private static final long FIRST = 1_000_000L;
  private static final long LONGEST = 25_000_000L;

  private ConflictPause() {}

  /**
   * A random time between nothing and a ceiling, which is 1 ms at first and doubles with each
   * conflict, up to 25 ms. It is short because it waits for a transaction and not for a server.
   *
   * @param conflicts how many this unit has had so far; 1 or more
   * @param random from 0 (inclusive) to 1 (exclusive)
   */
  public static long nanos(int conflicts, double random) {
    return Backoff.delay(conflicts, FIRST, LONGEST, random);
  }
}
