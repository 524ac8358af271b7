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

  /** Nobody knows, so the answer is yes. */
  @Override
  public boolean warnsUnasked() {
    return true;
  }

  @Override
  public boolean wantsRequests() {
    return DECLARES_REQUESTS.get(connection.getClass());
  }

  /** JDBC calls read-only a hint, and many drivers treat it as no more than that. */
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

  /** PostgreSQL's driver waits for the end of a copy, and doesn't say that one is under way. */
  @Override
  public boolean mayHangUnseen() {
    return hidden.isFound();
  }

  /** Nothing is known of this database's session state; JDBC's own is restored by the pool. */
  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) {}

  /**
   * Rolls back first: JDBC leaves it to the driver what a close does to an open transaction, and
   * some commit it. A connection that can't be rolled back is cut. PostgreSQL rolls back by itself,
   * and its driver would wait for the end of a copy that was left under way.
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
   * Cuts the connection, or at least closes it. Some drivers can't cut a connection that is broken,
   * but can still close it. Others have an abort that does nothing (SQLite's), though JDBC wants
   * the connection to be closed after it.
   */
  @Override
  public void abort() {
    boolean cut = false;
    try {
      connection.abort(Runnable::run);
      cut = connection.isClosed();
    } catch (Throwable e) {
      // it can still be closed below
    }
    if (!cut) {
      closeAtLeast();
    }
  }

  private void closeAtLeast() {
    try {
      connection.close();
    } catch (Throwable e) {
      // It was to be cut, and is useless in either case.
    }
  }
}
