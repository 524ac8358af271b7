package io.everpool.core.replicas;

import io.everpool.core.engine.TimeSource;

/**
 * How long the answer of a reader's server may take to a question that is asked on a caller's
 * thread: {@code validation-timeout}, and no more than half of the time that its caller has left,
 * so that one that froze leaves some for another. Thread-safe.
 */
final class AnswerTime {

  /** So long in any case: drivers count it in whole seconds, and who is late loses his session. */
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

  /** Nanoseconds, for a caller whose time is over at {@code end}. */
  long before(long end) {
    return Math.min(most, Math.max(LEAST, (end - time.nanoTime()) / 2));
  }
}
