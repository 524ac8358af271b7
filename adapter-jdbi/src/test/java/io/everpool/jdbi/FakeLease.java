package io.everpool.jdbi;

import io.everpool.api.WorkOptions;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** One connection lent by a {@link LendingFakePool}: a face over a session that can be renewed. */
final class FakeLease implements InvocationHandler {
  private final LendingFakePool pool;
  private final Connection face;
  private Connection session;
  private boolean broken;
  private boolean closed;
  private boolean readOnly;
  boolean inUnit;

  /** What the running attempt did that can't be undone. */
  boolean wrote;

  boolean committed;

  FakeLease(LendingFakePool pool) throws SQLException {
    this.pool = pool;
    session = pool.session();
    face = proxy(Connection.class, this);
  }

  static @Nullable FakeLease of(Connection connection) {
    return Proxy.isProxyClass(connection.getClass())
            && Proxy.getInvocationHandler(connection) instanceof FakeLease lease
        ? lease
        : null;
  }

  Connection face() {
    return face;
  }

  boolean broken() {
    return broken;
  }

  /** Before a run of a unit. */
  void prepare(WorkOptions options) throws SQLException {
    wrote = false;
    committed = false;
    readOnly |= options.readOnly();
    if (options.isolation() != 0) {
      session.setTransactionIsolation(options.isolation());
    }
  }

  void restore(WorkOptions options) throws SQLException {
    readOnly &= !options.readOnly();
    if (options.isolation() != 0 && !broken) {
      session.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
    }
  }

  void renew() throws SQLException {
    session = pool.session();
    broken = false;
  }

  @Override
  public @Nullable Object invoke(Object proxy, Method method, @Nullable Object @Nullable [] args)
      throws Throwable {
    return switch (method.getName()) {
      case "close" -> release();
      case "isClosed" -> closed || broken;
      case "hashCode" -> System.identityHashCode(proxy);
      case "equals" -> args != null && proxy == args[0];
      case "toString" -> "lease of " + session;
      case "isReadOnly" -> readOnly;
      case "setReadOnly" -> readOnly(args != null && Boolean.TRUE.equals(args[0]));
      case "unwrap" -> proxy(PGConnection.class, (self, pgMethod, pgArgs) -> null);
      default -> use(method, args);
    };
  }

  private @Nullable Object use(Method method, @Nullable Object @Nullable [] args) throws Throwable {
    if (broken) {
      throw new SQLException("this connection is broken", "08003");
    }
    if (method.getName().equals("commit")) {
      strike("commit");
      committed = true;
    }
    if (method.getName().equals("rollback") && args == null && session.getAutoCommit()) {
      throw new SQLException("Cannot rollback when autoCommit is enabled.", "25P01");
    }
    Object result = call(session, method, args);
    if (result instanceof PreparedStatement statement && args != null) {
      return statement(PreparedStatement.class, statement, (String) args[0]);
    }
    return result instanceof Statement statement
        ? statement(Statement.class, statement, "")
        : result;
  }

  /** H2 knows read-only databases only. */
  private @Nullable Object readOnly(boolean value) {
    readOnly = value;
    return null;
  }

  private @Nullable Object release() throws SQLException {
    if (!closed) {
      closed = true;
      pool.released.incrementAndGet();
      session.close();
    }
    return null;
  }

  private <S extends Statement> S statement(Class<S> type, S statement, String sql) {
    return proxy(
        type,
        (self, method, args) -> {
          if (method.getName().startsWith("execute")) {
            wrote |= session.getAutoCommit();
            strike(args == null ? sql : sql + args[0]);
          }
          return call(statement, method, args);
        });
  }

  private void strike(String action) throws SQLException {
    String state = pool.faults.strike(action);
    if (state == null) {
      return;
    }
    if (!state.equals("40001")) {
      broken = true;
      session.rollback();
      session.close();
    }
    throw new SQLException("struck at " + action, state);
  }

  private static @Nullable Object call(
      Object target, Method method, @Nullable Object @Nullable [] args) throws Throwable {
    try {
      return method.invoke(target, args);
    } catch (InvocationTargetException e) {
      throw e.getTargetException();
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(FakeLease.class.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
