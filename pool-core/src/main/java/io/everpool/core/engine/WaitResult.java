package io.everpool.core.engine;

/** What a caller in the queue has to do next. */
public enum WaitResult {
  /** It has a connection: {@link Engine#take}. */
  SERVED,
  /** Wait for a wake-up or the deadline, then {@link Engine#step}. */
  WAIT,
  /**
   * Wait for a wake-up, the deadline or {@link Engine#relookNanos()}, then {@link Engine#relook}.
   */
  RELOOK,
  /** Sent away: the pool is closed, or nothing will come. */
  REJECTED,
  /** Too many wait already. */
  QUEUE_FULL
}
