package io.everpool.api;

import java.sql.SQLNonTransientException;
import org.jspecify.annotations.Nullable;

/**
 * The connection broke under a statement in autocommit that may have written, before its answer
 * came. SQLState {@code 08007}. It was not repeated: what it wrote may be there. Look for its
 * effect before repeating it. Run it in a transaction, or mark its unit of work read-only or
 * idempotent, and the pool can rerun it.
 *
 * <p>Comes out of units of work, and of the calls of a connection that is in none; a framework may
 * have it as the cause of an exception of its own. The driver's exception is the cause of this one,
 * whatever class that is: a {@link java.sql.BatchUpdateException} with its update counts, say.
 *
 * <p>It is a {@link SQLNonTransientException} and neither a {@link
 * java.sql.SQLTransientConnectionException} nor a {@link java.sql.SQLRecoverableException}, so that
 * code which repeats those doesn't repeat a write that is there. Code that goes by SQLStates has to
 * leave this one out of class {@code 08}.
 */
public final class WriteOutcomeUnknownException extends SQLNonTransientException {
  private static final long serialVersionUID = 1L;

  /**
   * Made by a pool.
   *
   * @param message what was running, and what to do
   * @param cause the loss of the connection; null if it isn't known
   */
  public WriteOutcomeUnknownException(String message, @Nullable Throwable cause) {
    super(message, "08007", cause);
  }
}
