package io.everpool.core.plain;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;

/** A connection of which only java.sql is known. */
final class PlainConnection implements PhysicalConnection {
  private static final long SECOND = 1_000_000_000L;

  private final Connection connection;

  PlainConnection(Connection connection) {
    this.connection = connection;
  }

  @Override
  public Connection jdbc() {
    return connection;
  }

  @Override
  public Look look() {
    return Look.BLIND;
  }

  @Override
  public void validate(long timeoutNanos) throws SQLException {
    int seconds = (int) Math.max(1, (timeoutNanos + SECOND - 1) / SECOND);
    if (!connection.isValid(seconds)) {
      throw new SQLException("The driver says that the connection is not valid", "08006");
    }
  }

  @Override
  public TransactionState transactionState() {
    return TransactionState.UNKNOWN;
  }

  /** Nothing is known of this database's session state; JDBC's own is restored by the pool. */
  @Override
  public void reset(ResetMode mode, int traces) {}

  /**
   * Rolls back first: JDBC leaves it to the driver what a close does to an open transaction, and
   * some commit it. One that can't be rolled back is cut.
   */
  @Override
  public void close() throws SQLException {
    try {
      if (!connection.getAutoCommit()) {
        connection.rollback();
      }
    } catch (SQLException e) {
      abort();
      return;
    }
    connection.close();
  }

  @Override
  @SuppressWarnings("CatchingUnchecked") // a driver's abort may throw anything, and must not
  public void abort() {
    try {
      connection.abort(Runnable::run);
    } catch (Exception e) {
      // It was to be cut and is useless now either way.
    }
  }
}
