package io.everpool.core.upkeep;

/**
 * For how long connects have failed in a row, and the server was away if they have shown that. Only
 * the time counts in which the pool tried: while nobody needed a connection, nobody could know.
 * Upkeep thread only.
 */
final class FailureDuration {
  private boolean tries;
  private boolean away;

  /** The sum of the earlier stretches, each until the pool stopped trying; nanoseconds. */
  private long before;

  private long since;
  private long last;

  /**
   * A connect has failed.
   *
   * @param asAway whether no server answered; from the first such failure on it counts as away
   */
  void failed(long now, boolean asAway) {
    if (asAway && !away) {
      away = true;
      tries = false;
      before = 0;
    }
    if (!tries) {
      tries = true;
      since = now;
    }
    last = now;
  }

  /** The pool doesn't try any more, for a while: what it knows ends with the last failure. */
  void stops() {
    if (tries) {
      tries = false;
      before += last - since;
    }
  }

  /** Whether the pool goes on trying, so that it sees when a connect succeeds. */
  boolean tries() {
    return tries;
  }

  /** Whether the server was away, at some time of this row. */
  boolean wasAway() {
    return away;
  }

  /** A connect has succeeded. Returns for how long connects were in vain; nanoseconds. */
  long end(long now) {
    last = now;
    stops();
    long lasted = before;
    before = 0;
    away = false;
    return lasted;
  }
}
