package io.everpool.core.jdbc;

import java.sql.SQLException;

/** What stays of a loss when all others have dropped it: its words, and no stack. */
final class StacklessLoss extends SQLException {
  private static final long serialVersionUID = 1L;

  StacklessLoss(SQLException loss) {
    super(loss.getMessage(), loss.getSQLState(), loss.getErrorCode());
  }

  /** The JVM keeps the classes of a stack that it has noted, and with them their application. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
