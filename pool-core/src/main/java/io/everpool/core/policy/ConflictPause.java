package io.everpool.core.policy;

/**
 * How long a transaction that lost a race waits before it runs again: it should find the other one
 * done, and not meet all who lost beside it.
 */
public final class ConflictPause {
  private static final long FIRST = 1_000_000L;
  private static final long LONGEST = 25_000_000L;

  private ConflictPause() {}

  /**
   * Anything between nothing and a ceiling of 1 ms that doubles with each conflict, up to 25 ms:
   * short, for what it waits for is a transaction and not a server.
   *
   * @param conflicts of this unit so far; 1 or more
   * @param random from 0 (inclusive) to 1 (exclusive)
   */
  public static long nanos(int conflicts, double random) {
    return Backoff.delay(conflicts, FIRST, LONGEST, random);
  }
}
