package io.everpool.api;

import java.sql.SQLTransientConnectionException;

/** {@link PoolConfig#maxWaiters()} callers wait already. SQLState {@code 08001}. */
public final class TooManyWaitersException extends SQLTransientConnectionException {
  private static final long serialVersionUID = 1L;

  private final PoolSnapshot snapshot;

  /**
   * Made by a pool.
   *
   * @param message how many wait, and what to do
   * @param snapshot the pool when the caller was turned away
   */
  public TooManyWaitersException(String message, PoolSnapshot snapshot) {
    super(message, "08001");
    this.snapshot = snapshot;
  }

  /** The pool when the caller was turned away; as {@link AcquireTimeoutException#snapshot()}. */
  public PoolSnapshot snapshot() {
    return snapshot;
  }
}
