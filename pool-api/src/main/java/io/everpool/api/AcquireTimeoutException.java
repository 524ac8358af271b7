package io.everpool.api;

import java.sql.SQLTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * No connection came within {@link PoolConfig#acquireTimeout()}, or the time that {@link
 * Pool#getConnection(java.time.Duration)} was given; or it became known before that that none will
 * come. SQLState {@code 08001}. Its message says who holds the connections and what the last
 * connect error was, which is also its cause. Of many holders it names those who have had theirs
 * for longest, as {@link PoolSnapshot#explain()} does.
 */
public final class AcquireTimeoutException extends SQLTransientConnectionException {
  private static final long serialVersionUID = 1L;

  private final PoolSnapshot snapshot;

  /**
   * Made by a pool.
   *
   * @param message who holds the connections, and what to do
   * @param snapshot the pool when the caller gave up
   * @param cause the last connect error; null if there was none
   */
  public AcquireTimeoutException(String message, PoolSnapshot snapshot, @Nullable Throwable cause) {
    super(message, "08001", cause);
    this.snapshot = snapshot;
  }

  /**
   * The pool when the caller gave up, or up to a tenth of a second before: then another caller was
   * told the same, and only what this caller holds himself is newer. It says what the holders do
   * for those whom the message names; if another caller was just finding that out, it says so for
   * none.
   */
  public PoolSnapshot snapshot() {
    return snapshot;
  }
}
