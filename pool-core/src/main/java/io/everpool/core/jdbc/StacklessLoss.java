package io.everpool.core.jdbc;

import java.sql.SQLException;

/** What is kept of a loss when nobody else keeps it any more: its words, without the stack. */
final class StacklessLoss extends SQLException {
  private static final long serialVersionUID = 1L;

  StacklessLoss(SQLException loss) {
    super(loss.getMessage(), loss.getSQLState(), loss.getErrorCode());
  }

  /** Notes no stack: the JVM would keep the classes on it, and with them their application. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
