package io.everpool.postgresql;

import java.sql.BatchUpdateException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/** A failure that the server has told, as the driver throws it, with advice behind its message. */
final class Hinted extends PSQLException {
  private static final long serialVersionUID = 1L;

  private final String message;

  private Hinted(ServerErrorMessage server, PSQLException failure, String hint) {
    super(server);
    message = failure.getMessage() + hint;
    initCause(failure);
    if (failure.getNextException() != null) {
      setNextException(failure.getNextException());
    }
  }

  /**
   * Whether the server has said this of a statement, or of one in a batch. A message in another
   * language than English isn't recognized.
   */
  static boolean isSaid(SQLException failure, String state, String words) {
    if (!state.equals(failure.getSQLState()) || failure instanceof Hinted) {
      return false;
    }
    ServerErrorMessage message = server(failure);
    return message != null && String.valueOf(message.getMessage()).contains(words);
  }

  private static @Nullable ServerErrorMessage server(SQLException failure) {
    Throwable said = failure instanceof BatchUpdateException ? failure.getCause() : failure;
    return said instanceof PSQLException direct ? direct.getServerErrorMessage() : null;
  }

  /**
   * Returns the same failure with advice.
   *
   * @param failure a failure of which {@link #isSaid} is true
   */
  static SQLException of(SQLException failure, String advice) {
    String hint = "\n  Hint: " + advice;
    ServerErrorMessage message = server(failure);
    return failure instanceof BatchUpdateException batch
        ? batch(batch, hint)
        : failure instanceof PSQLException direct && message != null
            ? new Hinted(message, direct, hint)
            : failure;
  }

  private static SQLException batch(BatchUpdateException batch, String hint) {
    BatchUpdateException told =
        new BatchUpdateException(
            batch.getMessage() + hint,
            batch.getSQLState(),
            batch.getErrorCode(),
            batch.getLargeUpdateCounts(),
            batch);
    if (batch.getNextException() != null) {
      told.setNextException(batch.getNextException());
    }
    return told;
  }

  @Override
  public String getMessage() {
    return message;
  }
}
