package io.everpool.core.jdbc;

/** Whose wait for a connection it is: what is told of it if none comes. */
public enum WaitKind {
  /** A caller's, for {@code acquire-timeout}. */
  CALLER(true, "acquire-timeout"),
  /** A caller's who says for how long. */
  LIMITED(true, "the limit of this call"),
  /**
   * Nobody's, so that no event tells of it: the pool's own, or of a caller who goes on elsewhere,
   * or is told of by whom he has asked.
   */
  UNTOLD(false, "acquire-timeout"),
  /** The same, of a caller who says for how long. */
  UNTOLD_LIMITED(false, "the limit of this call");

  final boolean counts;
  final String limit;

  WaitKind(boolean counts, String limit) {
    this.counts = counts;
    this.limit = limit;
  }

  /** The same, of which no event tells. */
  public WaitKind untold() {
    return this == LIMITED || this == UNTOLD_LIMITED ? UNTOLD_LIMITED : UNTOLD;
  }
}
