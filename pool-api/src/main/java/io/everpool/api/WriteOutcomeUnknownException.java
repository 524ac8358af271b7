package io.everpool.api;

import java.sql.SQLNonTransientException;
import org.jspecify.annotations.Nullable;

/**
 * The connection broke under a unit of work that had sent statements in autocommit which may have
 * written. SQLState {@code 08007}. The work was not rerun: what it wrote may be there. Run it in a
 * transaction, or mark it read-only or idempotent, and the pool can rerun it.
 */
public final class WriteOutcomeUnknownException extends SQLNonTransientException {
  private static final long serialVersionUID = 1L;

  /**
   * Made by a pool.
   *
   * @param message which unit of work it was, and what to do
   * @param cause the loss of the connection; null if it isn't known
   */
  public WriteOutcomeUnknownException(String message, @Nullable Throwable cause) {
    super(message, "08007", cause);
  }
}
