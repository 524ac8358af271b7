package io.everpool.api;

import java.sql.SQLNonTransientConnectionException;

/** The pool was closed before or during the call. SQLState {@code 08003}. */
public final class PoolClosedException extends SQLNonTransientConnectionException {
  private static final long serialVersionUID = 1L;

  /**
   * Made by a pool.
   *
   * @param poolName the name of the pool that is closed
   */
  public PoolClosedException(String poolName) {
    super(
        "The connection pool "
            + poolName
            + " is closed, and lends nothing any more. Close it only after what uses it has ended,"
            + " or open another",
        "08003");
  }
}
