package io.everpool.api;

import java.util.Locale;

/** Why a physical connection was closed. */
public enum CloseReason {
  /** It had run {@link PoolConfig#maxQueries()} statements. */
  MAX_QUERIES,
  /** It had reached {@link PoolConfig#maxLifetime()}. */
  MAX_LIFETIME,
  /** The credentials that it was opened with were about to expire. */
  CREDENTIALS_EXPIRED,
  /** It had been idle for {@link PoolConfig#idleTimeout()} and was above the minimum. */
  IDLE_TIMEOUT,
  /** An operator has had the idle connections closed, or has made the pool smaller. */
  EVICTED,
  /** It was found dead while idle. */
  FOUND_DEAD,
  /** It failed while in use. */
  FAILED,
  /** Its whole generation was given up after an outage or a failover, or by an operator. */
  FENCED,
  /** It could not be brought back to the state of a new connection. */
  RESET_FAILED,
  /**
   * Its holder has dropped it without closing it, and the garbage collector has found it. That is
   * noticed only if leaks are looked for, by {@link PoolConfig#leakThreshold()} or {@link
   * LeakStackTraces#ALWAYS}.
   */
  ABANDONED,
  /** Its holder aborted it, or let it past a deadline. */
  ABORTED,
  /**
   * It was found dead after a sleep: the database was asleep and had closed it, or the pool was.
   */
  ASLEEP,
  /** The pool was closed. */
  POOL_CLOSED;

  /** The reason as metrics and logs spell it, such as {@code max-queries}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
