package io.everpool.core.jdbc;

/**
 * Whose wait for a connection it is. This decides whether an event tells that none came, and which
 * limit the message names.
 */
public enum WaitKind {
  /** A caller's wait, up to {@code acquire-timeout}. */
  CALLER(true, "acquire-timeout"),
  /** A caller's wait, up to a limit of his own. */
  LIMITED(true, "the limit of this call"),
  /** The wait for the first connection of a pool, where callers may wait for longer than that. */
  OPENING(
      true,
      "the opening of a pool waits no longer, whatever acquire-timeout is; with fail-fast = false it"
          + " doesn't wait"),
  /**
   * A wait of which no event tells, up to {@code acquire-timeout}: the pool's own wait, or one step
   * of a caller's wait, of which the code that runs the steps tells itself.
   */
  UNTOLD(false, "acquire-timeout"),
  /** The same, up to a limit of the caller's own. */
  UNTOLD_LIMITED(false, "the limit of this call");

  final boolean counts;
  final String limit;

  WaitKind(boolean counts, String limit) {
    this.counts = counts;
    this.limit = limit;
  }

  /** The kind with the same limit of which no event tells. */
  public WaitKind untold() {
    return this == LIMITED || this == UNTOLD_LIMITED ? UNTOLD_LIMITED : UNTOLD;
  }
}
