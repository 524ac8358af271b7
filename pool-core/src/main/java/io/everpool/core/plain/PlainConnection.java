package io.everpool.core.plain;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;

/** A connection of which only java.sql is known. */
final class PlainConnection implements PhysicalConnection {
  private static final long SECOND = 1_000_000_000L;

  /**
   * Whether a driver's class has a beginRequest of its own, or inherits the one that does nothing.
   */
  private static final ClassValue<Boolean> DECLARES_REQUESTS =
      new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
          try {
            return type.getMethod("beginRequest").getDeclaringClass() != Connection.class;
          } catch (NoSuchMethodException e) {
            return false;
          }
        }
      };

  private final Connection connection;
  private final LifeSigns lifeSigns;
  private final HiddenPostgres hidden;
  private final boolean commitsAtOnce;

  PlainConnection(
      Connection connection, LifeSigns lifeSigns, HiddenPostgres hidden, boolean commitsAtOnce) {
    this.connection = connection;
    this.lifeSigns = lifeSigns;
    this.hidden = hidden;
    this.commitsAtOnce = commitsAtOnce;
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
    if (!lifeSigns.has(connection, seconds)) {
      throw new SQLException("The driver says that the connection is not valid", "08006");
    }
  }

  /** Nobody knows. */
  @Override
  public boolean warnsUnasked() {
    return true;
  }

  @Override
  public boolean wantsRequests() {
    return DECLARES_REQUESTS.get(connection.getClass());
  }

  /** To JDBC it is a hint whether a connection is read-only, and many drivers take it as one. */
  @Override
  public boolean refusesWritesInTransactions() {
    return true;
  }

  @Override
  public TransactionState transactionState() {
    return TransactionState.UNKNOWN;
  }

  @Override
  public boolean commitsAtOnce() {
    return commitsAtOnce;
  }

  /** PostgreSQL's driver waits for the end of a copy, and says nothing of one. */
  @Override
  public boolean mayHangUnseen() {
    return hidden.isFound();
  }

  /** Nothing is known of this database's session state; JDBC's own is restored by the pool. */
  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) {}

  /**
   * Rolls back first: JDBC leaves it to the driver what a close does to an open transaction, and
   * some commit it. One that can't be rolled back is closed all the same. PostgreSQL rolls back by
   * itself, and its driver would wait for the end of a copy that was left under way.
   */
  @Override
  public void close() throws SQLException {
    Throwable failure = null;
    try {
      if (!hidden.isFound() && !connection.getAutoCommit()) {
        connection.rollback();
      }
    } catch (Throwable e) {
      failure = e;
    }
    if (failure == null) {
      connection.close();
    } else {
      abort();
    }
  }

  /**
   * Some drivers can't cut a connection that is broken, and can still close it. Others have an
   * abort that does nothing (SQLite's), though JDBC wants the connection to be closed after it.
   */
  @Override
  public void abort() {
    boolean cut = false;
    try {
      connection.abort(Runnable::run);
      cut = connection.isClosed();
    } catch (Throwable e) {
      // then it may still be closed
    }
    if (!cut) {
      closeAtLeast();
    }
  }

  private void closeAtLeast() {
    try {
      connection.close();
    } catch (Throwable e) {
      // It was to be cut and is useless now either way.
    }
  }
}
