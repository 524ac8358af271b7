package io.everpool.core.replicas;

import io.everpool.core.engine.TimeSource;

/**
 * How long a reader's server may take to answer a question that a caller's thread asks: {@code
 * validation-timeout}, and no more than half of the time that the caller has left, so that time is
 * left for another server if this one froze. Thread-safe.
 */
final class AnswerTime {

  /** The least time for an answer: drivers count whole seconds, and end a session that is late. */
  private static final long LEAST = 1_000_000_000L;

  private final long most;
  private final TimeSource time;

  /**
   * @param most the longest; nanoseconds
   */
  AnswerTime(long most, TimeSource time) {
    this.most = most;
    this.time = time;
  }

  /** How long, in nanoseconds, for a caller whose time is over at {@code end}. */
  long before(long end) {
    return Math.min(most, Math.max(LEAST, (end - time.nanoTime()) / 2));
  }
}
