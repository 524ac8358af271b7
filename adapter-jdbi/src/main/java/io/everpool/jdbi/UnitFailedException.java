package io.everpool.jdbi;

import java.sql.SQLException;
import org.jdbi.v3.core.JdbiException;

/**
 * A unit of work met a connection error and was not rerun, since that might have repeated a write.
 * The message and the cause, an {@link SQLException}, say what is known and what to do.
 */
public final class UnitFailedException extends JdbiException {
  private static final long serialVersionUID = 1L;

  private final SQLException refusal;

  UnitFailedException(SQLException refusal) {
    super(refusal.getMessage(), refusal);
    this.refusal = refusal;
  }

  /** The exception that the pool has thrown. */
  public SQLException refusal() {
    return refusal;
  }
}
