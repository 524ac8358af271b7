package io.everpool.spring;

import io.everpool.api.framework.SharedLease;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a unit, lent to those who ask the pool for one within it: one at a time, and
 * what they close goes back to the unit with nothing open, and autocommit, read-only mode and level
 * as it was lent. Where it can't, for a copy is still under way on it, say, it is lent no more, and
 * whoever asks next has another connection of the pool, as without a unit. Whoever keeps it beyond
 * the unit's end has it for himself, and his closing is the connection's. The unit is one thread's;
 * a loan may be closed by another's.
 */
final class SharedConnection {

  private enum State {
    FREE,
    LENT,
    /** The unit has ended, and somebody has it still. */
    LEFT,
    GIVEN_BACK
  }

  private final Connection connection;

  /** Null if the connection is none of an Everpool's. */
  private final @Nullable SharedLease lease;

  private final AtomicReference<State> state = new AtomicReference<>(State.FREE);
  private volatile boolean everLent;

  /** Something was done on another connection. */
  private volatile boolean passedOver;

  /** A loan has left something on it that could not be ended, or set back. */
  private volatile boolean spoilt;

  SharedConnection(Connection connection) {
    this.connection = connection;
    this.lease = SharedLease.of(connection);
  }

  Connection connection() {
    return connection;
  }

  /** The unit runs, perhaps once more. */
  void runs() {
    everLent = false;
    spoilt = false; // the pool has brought it back to its beginning, or taken another session
  }

  /** The connection; null if it is lent, or can't be lent any more. */
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
      connection.close(); // first: whoever asks for another may need its place in the pool
      return null;
    } finally {
      state.set(next);
    }
  }

  /** Throws where the connection was lost: then no other is taken, for the unit is run again. */
  private boolean isGood() throws SQLException {
    boolean good = !spoilt;
    spoilt = true; // if that fails
    good &= lease == null || lease.mayBeginPart();
    spoilt = !good;
    return good;
  }

  /** Something is about to be done on another connection. */
  void passOver() {
    passedOver = true;
  }

  /**
   * Whether what was done in this run was done here, as far as the pool was asked: it was neither
   * done on a second connection, nor on one that somebody had before.
   */
  boolean hasServedAll() {
    return everLent && !passedOver;
  }

  /** Gives the connection back, or leaves that to whoever has it. */
  void unitEnds() throws SQLException {
    // The unit and a loan that is still out may end at the same time; whoever is the second closes
    // the connection. Each tries to move on from LENT, to LEFT here and to FREE in Loan.end(). Only
    // one of the two succeeds, and he was the first.
    if (!state.compareAndSet(State.LENT, State.LEFT)) {
      state.set(State.GIVEN_BACK);
      connection.close();
    }
  }

  /** One loan: from its lending to its closing. */
  private final class Loan implements InvocationHandler {
    private final AtomicBoolean over = new AtomicBoolean();
    private final boolean autoCommit;
    private final boolean readOnly;

    /** The level that the session had, once the loan has set another; 0 before. */
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
            throw new SQLNonTransientConnectionException("This connection is closed", "08003");
          }
          if (method.getName().equals("setTransactionIsolation") && isolation == 0) {
            isolation = connection.getTransactionIsolation();
          }
          return call(method, arguments);
        }
      }
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
     * What a framework sets for its transactions. The rest, a schema or a temporary table, stays
     * until the unit's end: only the pool could clear it, and JDBC has no word for that; and to ask
     * before a change what there was may begin a transaction. False if nothing can be done.
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

    @SuppressWarnings("NullAway") // what a method of JDBC returns, null included
    private Object call(Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
      try {
        return method.invoke(connection, arguments);
      } catch (InvocationTargetException e) {
        throw Objects.requireNonNullElse(e.getCause(), e);
      }
    }
  }
}
