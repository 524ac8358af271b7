package io.everpool.core.policy;

/** When a connection is too old. */
public final class Lifetime {

  /** The largest part of a lifetime that the jitter takes off. */
  static final double JITTER = 0.1;

  private Lifetime() {}

  /**
   * When a connection opened at {@code openedAt} expires. The jitter is drawn once, at its birth,
   * so that connections opened together don't die together.
   *
   * @param maxLifetime nanoseconds; 0 for no limit
   * @param random from 0 (inclusive) to 1 (exclusive)
   */
  public static long expiresAt(long openedAt, long maxLifetime, double random) {
    // Half the range of a long is longer than any process lives, and a difference can't overflow.
    return maxLifetime == 0
        ? openedAt + Long.MAX_VALUE / 2
        : openedAt + maxLifetime - (long) (maxLifetime * JITTER * random);
  }

  /** The earliest moment that {@link #expiresAt} may return for this lifetime. */
  public static long earliest(long openedAt, long maxLifetime) {
    return openedAt + maxLifetime - (long) (maxLifetime * JITTER);
  }
}
