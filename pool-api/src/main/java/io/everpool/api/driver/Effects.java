package io.everpool.api.driver;

/**
 * What of that which was sent on a connection since some moment may be there for good, by whatever
 * way it was sent. The order is that of certainty: of two stretches of time the later constant
 * counts.
 */
public enum Effects {
  /**
   * Nothing: all of it was undone, or is once the connection is gone. That is certain, however the
   * connection ends.
   */
  NONE,
  /** The last request may be there or not: it could commit, and its answer didn't come. */
  IN_DOUBT,
  /** Something that may have written was committed. */
  COMMITTED,
  /** The driver doesn't know what was sent by other ways than the pool's. */
  UNPROVEN;

  /** What is so of two stretches of time together. */
  public Effects and(Effects other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
