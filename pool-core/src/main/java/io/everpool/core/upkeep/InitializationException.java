package io.everpool.core.upkeep;

import java.sql.SQLException;

/**
 * What the user wants done to each new connection has failed on one. This has the SQLState of its
 * cause and means the same; but if the SQL is wrong, it is wrong for every connection, and waiting
 * doesn't help.
 */
public final class InitializationException extends SQLException {
  private static final long serialVersionUID = 1L;

  /**
   * @param what what has failed, as the subject of a sentence
   */
  public InitializationException(String what, SQLException cause) {
    super(
        what + " failed: " + cause.getMessage(), cause.getSQLState(), cause.getErrorCode(), cause);
  }
}
