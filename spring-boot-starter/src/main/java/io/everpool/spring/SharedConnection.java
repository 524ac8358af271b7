package io.everpool.spring;

import io.everpool.api.framework.SharedLease;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a unit, which is lent to those who ask the pool for one within the unit, to one
 * at a time. When a borrower closes it, it goes back to the unit: with nothing open, and with the
 * autocommit, the read-only mode and the level with which it was lent. If that is not possible, for
 * example because a copy is still under way on it, it is not lent any more, and the next one who
 * asks gets another connection of the pool, as without a unit. A borrower who keeps it beyond the
 * unit's end has it alone, and his closing it closes the connection. The unit belongs to one
 * thread; another thread may close a loan.
 */
final class SharedConnection {

  private enum State {
    FREE,
    LENT,
    /** The unit has ended, and a borrower still has the connection. */
    LEFT,
    GIVEN_BACK
  }

  private final Connection connection;

  /** Null if the connection isn't an Everpool's. */
  private final @Nullable SharedLease lease;

  private final AtomicReference<State> state = new AtomicReference<>(State.FREE);
  private volatile boolean everLent;

  /** Whether something was done on another connection. */
  private volatile boolean passedOver;

  /** Whether a loan has left something on the connection that could not be ended, or set back. */
  private volatile boolean spoilt;

  SharedConnection(Connection connection) {
    this.connection = connection;
    this.lease = SharedLease.of(connection);
  }

  Connection connection() {
    return connection;
  }

  /** Is called when the unit runs, or runs once more. */
  void runs() {
    everLent = false;
    spoilt = false; // the pool has cleaned the session, or taken another one
  }

  /** Lends the connection; null if it is lent already, or can't be lent any more. */
  @Nullable Connection lend() throws SQLException {
    if (!state.compareAndSet(State.FREE, State.LENT)) {
      passedOver = true;
      return null;
    }
    State next = State.FREE;
    try {
      if (isGood()) {
        Loan loan = new Loan(connection.getAutoCommit(), connection.isReadOnly());
        everLent = true;
        next = State.LENT;
        return (Connection)
            Proxy.newProxyInstance(
                SharedConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, loan);
      }
      passedOver = true;
      next = State.GIVEN_BACK;
      // this comes first: the next connection may need this one's slot in the pool
      connection.close();
      return null;
    } finally {
      state.set(next);
    }
  }

  /**
   * Whether the connection may be lent. Throws if it was lost: then no other is taken, because the
   * unit is run again.
   */
  private boolean isGood() throws SQLException {
    boolean good = !spoilt;
    spoilt = true; // this holds if the next line throws
    good &= lease == null || lease.mayBeginPart();
    spoilt = !good;
    return good;
  }

  /** Is called when something is about to be done on another connection. */
  void passOver() {
    passedOver = true;
  }

  /**
   * Whether everything in this run was done on this connection, as far as the pool was asked:
   * neither on a second connection, nor on one that somebody had before.
   */
  boolean hasServedAll() {
    return everLent && !passedOver;
  }

  /** Gives the connection back; if a borrower still has it, leaves that to him. */
  void unitEnds() throws SQLException {
    // The unit and a loan that is still out may end at the same time; the second of the two closes
    // the connection. Each tries to change the state from LENT: to LEFT here, and to FREE in
    // Loan.end(). Only one of the two succeeds, and that one was the first.
    if (!state.compareAndSet(State.LENT, State.LEFT)) {
      state.set(State.GIVEN_BACK);
      connection.close();
    }
  }

  /** One loan: from its lending to its closing. */
  private final class Loan implements InvocationHandler {
    private static final String CLOSED = "This connection is closed";

    private final AtomicBoolean over = new AtomicBoolean();
    private final boolean autoCommit;
    private final boolean readOnly;

    /** The level that the session had before the loan set another; 0 if the loan has set none. */
    private volatile int isolation;

    Loan(boolean autoCommit, boolean readOnly) {
      this.autoCommit = autoCommit;
      this.readOnly = readOnly;
    }

    @Override
    public @Nullable Object invoke(
        Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
      switch (method.getName()) {
        case "close" -> {
          end();
          return null;
        }
        case "isClosed" -> {
          return over.get() || connection.isClosed();
        }
        case "isValid" -> {
          return !over.get() && (boolean) call(method, arguments);
        }
        case "abort" -> {
          return over.get() ? null : call(method, arguments);
        }
        case "equals" -> {
          return arguments != null && proxy == arguments[0];
        }
        case "hashCode" -> {
          return System.identityHashCode(proxy);
        }
        case "toString" -> {
          return connection.toString();
        }
        default -> {
          if (over.get()) {
            throw closed(method);
          }
          if (method.getName().equals("setTransactionIsolation") && isolation == 0) {
            isolation = connection.getTransactionIsolation();
          }
          return call(method, arguments);
        }
      }
    }

    /** In an exception that the method declares: a proxy may throw no other. */
    private static SQLException closed(Method method) {
      return method.getName().equals("setClientInfo")
          ? new SQLClientInfoException(CLOSED, "08003", Map.of())
          : new SQLNonTransientConnectionException(CLOSED, "08003");
    }

    private void end() throws SQLException {
      if (!over.compareAndSet(false, true)) {
        return;
      }
      boolean restored = false;
      try {
        restored = state.get() != State.LENT || connection.isClosed() || restore();
      } finally {
        if (!restored) {
          spoilt = true;
        }
        if (!state.compareAndSet(State.LENT, State.FREE)) {
          connection.close();
        }
      }
    }

    /**
     * Sets back what a framework sets for its transactions. Everything else, such as a schema or a
     * temporary table, stays until the unit's end: only the pool could clear it, JDBC has no method
     * for that, and to ask for the value before each change may begin a transaction. Returns false
     * if nothing can be done.
     */
    private boolean restore() throws SQLException {
      if (lease != null) {
        if (!lease.endPart()) {
          return false;
        }
      } else if (!connection.getAutoCommit()) {
        connection.rollback();
      }
      if (connection.getAutoCommit() != autoCommit) {
        connection.setAutoCommit(autoCommit);
      }
      if (connection.isReadOnly() != readOnly) {
        connection.setReadOnly(readOnly);
      }
      if (isolation != 0) {
        connection.setTransactionIsolation(isolation);
      }
      return true;
    }

    @SuppressWarnings("NullAway") // this returns what JDBC's method returns, also null
    private Object call(Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
      try {
        return method.invoke(connection, arguments);
      } catch (InvocationTargetException e) {
        throw Objects.requireNonNullElse(e.getCause(), e);
      }
    }
  }
}
