package io.everpool.spring;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a unit, lent to those who ask the pool for one within it: one at a time, and
 * what they close goes back to the unit. Whoever keeps it beyond the unit's end has it for himself,
 * and his closing is the connection's. For one thread.
 */
final class SharedConnection {
  private final Connection connection;
  private boolean lent;
  private boolean everLent;

  /** Something was done on another connection. */
  private boolean passedOver;

  private boolean unitEnded;

  SharedConnection(Connection connection) {
    this.connection = connection;
  }

  Connection connection() {
    return connection;
  }

  /** The connection; null if it is lent. */
  @Nullable Connection lend() {
    if (lent) {
      passedOver = true;
      return null;
    }
    lent = true;
    everLent = true;
    return (Connection)
        Proxy.newProxyInstance(
            SharedConnection.class.getClassLoader(), new Class<?>[] {Connection.class}, new Loan());
  }

  /** Something is about to be done on another connection. */
  void passOver() {
    passedOver = true;
  }

  /**
   * Whether what was done in the unit was done here, as far as the pool was asked: it was neither
   * done on a second connection, nor on one that somebody had before.
   */
  boolean hasServedAll() {
    return everLent && !passedOver;
  }

  /** Gives the connection back, or leaves that to whoever has it. */
  void unitEnds() throws SQLException {
    unitEnded = true;
    if (!lent) {
      connection.close();
    }
  }

  /** One loan: from its lending to its closing. */
  private final class Loan implements InvocationHandler {
    private boolean over;

    @Override
    public @Nullable Object invoke(
        Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
      switch (method.getName()) {
        case "close" -> {
          end();
          return null;
        }
        case "isClosed" -> {
          return over || connection.isClosed();
        }
        case "isValid" -> {
          return !over && (boolean) call(method, arguments);
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
          if (over) {
            throw new SQLNonTransientConnectionException("This connection is closed", "08003");
          }
          return call(method, arguments);
        }
      }
    }

    private void end() throws SQLException {
      if (!over) {
        over = true;
        lent = false;
        if (unitEnded) {
          connection.close();
        }
      }
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
