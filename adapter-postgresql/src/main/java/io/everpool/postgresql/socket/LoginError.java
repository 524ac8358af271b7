package io.everpool.postgresql.socket;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

/** Makes of what has ended a login what pgjdbc makes of it where the host is the last. */
final class LoginError {
  /**
   * The fields of an ErrorResponse that are kept (PostgreSQL's manual: "Error and Notice Message
   * Fields"): the severity, the SQLState, the message and the routine. The others are what pgjdbc
   * leaves out where {@code logServerErrorDetail} is false.
   */
  private static final String KEPT = "SVCMR";

  private LoginError() {}

  /**
   * Of an ErrorResponse.
   *
   * @param body its beginning; a field that is cut off is left out, for half of a secret isn't
   *     known as one
   */
  static SQLException of(byte[] body) {
    StringBuilder fields = new StringBuilder();
    boolean hasMessage = false;
    for (int at = 0, end; at < body.length && body[at] != 0; at = end + 1) {
      end = at;
      while (end < body.length && body[end] != 0) {
        end++;
      }
      if (end < body.length && KEPT.indexOf(body[at]) >= 0) {
        fields.append(new String(body, at, end - at, StandardCharsets.UTF_8)).append('\0');
        hasMessage |= body[at] == 'M';
      }
    }
    if (!hasMessage) {
      fields.append("Mwhat it says is too long to be repeated").append('\0');
    }
    return new PSQLException(new ServerErrorMessage(fields.toString()));
  }

  /** Of a failure of the connection. */
  static SQLException of(IOException failure) {
    return new PSQLException(
        "The connection attempt failed.", PSQLState.CONNECTION_UNABLE_TO_CONNECT, failure);
  }
}
