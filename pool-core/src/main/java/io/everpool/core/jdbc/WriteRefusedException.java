package io.everpool.core.jdbc;

import io.everpool.api.driver.Connector;
import java.sql.BatchUpdateException;
import java.sql.SQLException;
import java.sql.SQLTransientException;

/**
 * A write was refused by a server that takes none any more. The message has the driver's words, and
 * says what they mean.
 */
final class WriteRefusedException extends SQLTransientException {
  private static final long serialVersionUID = 1L;

  private WriteRefusedException(String message, SQLException refused) {
    super(message, refused.getSQLState(), refused.getErrorCode(), refused);
  }

  /** What to throw for a refused write; for a batch it tells which of its statements were done. */
  static SQLException of(SQLException refused, Connector connector) {
    String message =
        refused.getMessage()
            + ". "
            + connector.product()
            + " at "
            + connector.target()
            + " takes no writes on this connection any more: it has become a standby, or was told"
            + " to write no more. The pool goes on to a server that writes as"
            + " soon as a new connection finds one; until then reads go on here. If there is none:"
            + " promote one, or name the new primary's host in url";
    if (!(refused instanceof BatchUpdateException batch)) {
      return new WriteRefusedException(message, refused);
    }
    BatchUpdateException told =
        new BatchUpdateException(
            message,
            batch.getSQLState(),
            batch.getErrorCode(),
            batch.getLargeUpdateCounts(),
            batch);
    if (batch.getNextException() != null) {
      told.setNextException(batch.getNextException());
    }
    return told;
  }
}
