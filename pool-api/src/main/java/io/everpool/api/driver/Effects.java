package io.everpool.api.driver;

/**
 * How much of what was sent on a connection since some moment may be there for good, in whatever
 * way it was sent. If two stretches of time are taken together, the later constant counts.
 */
public enum Effects {
  /**
   * Nothing: all of it was undone, or will be once the connection is gone. That is certain, however
   * the connection ends.
   */
  NONE,
  /**
   * The effect of the last request may be there or not: it could commit, and its answer didn't
   * come.
   */
  IN_DOUBT,
  /** Something that may have written was committed. */
  COMMITTED,
  /** The driver doesn't know what was sent by other ways than the pool's. */
  UNPROVEN;

  /** What holds for two stretches of time together. */
  public Effects and(Effects other) {
    return compareTo(other) >= 0 ? this : other;
  }
}
