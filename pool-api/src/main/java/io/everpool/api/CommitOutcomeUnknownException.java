package io.everpool.api;

import java.sql.SQLNonTransientException;
import org.jspecify.annotations.Nullable;

/**
 * A COMMIT was sent, its answer was lost, and the server can't say what became of it, or can't be
 * asked. SQLState {@code 08007}. The work was not rerun: it may be there. Look for its effect
 * before repeating it.
 */
public final class CommitOutcomeUnknownException extends SQLNonTransientException {
  private static final long serialVersionUID = 1L;

  private final @Nullable String transactionId;

  /**
   * Made by a pool.
   *
   * @param message whose COMMIT it was, and what to do
   * @param transactionId the transaction's id on the server, or null if it wasn't captured
   * @param cause what the COMMIT has met; null if it isn't known
   */
  public CommitOutcomeUnknownException(
      String message, @Nullable String transactionId, @Nullable Throwable cause) {
    super(message, "08007", cause);
    this.transactionId = transactionId;
  }

  /** The transaction's id on the server (PostgreSQL: its xid8), or null if it wasn't captured. */
  public @Nullable String transactionId() {
    return transactionId;
  }
}
