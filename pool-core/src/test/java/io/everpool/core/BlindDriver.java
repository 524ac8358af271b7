package io.everpool.core;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;

/**
 * A driver that answers {@code getAutoCommit()} by what its setter was last told, whatever a text
 * has done meanwhile, as those of MySQL, SQL Server and SQLite do. H2 is beneath: its BEGIN
 * switches autocommit off until the transaction ends.
 */
final class BlindDriver {

  /** What such drivers differ in. */
  enum Kind {
    /** Sends whatever its setter is told: MySQL's. */
    SENDS,

    /** Sends nothing for what it takes to be so already: SQL Server's. */
    SPARES,

    /** Begins by a text, of which the database takes no second one, nor a rollback of none. */
    STRICT
  }

  private final Kind kind;
  private final JdbcDataSource h2 = new JdbcDataSource();

  /** What calls of a method fail with from now on. */
  final Map<String, Supplier<Throwable>> failures = new HashMap<>();

  /** A method that fails once, and with what. */
  final AtomicReference<Map.@Nullable Entry<String, SQLException>> failure =
      new AtomicReference<>();

  /** A setter in which open transactions are committed. */
  String commitsIn = "";

  BlindDriver(Kind kind, String url) {
    this.kind = kind;
    h2.setURL(url);
  }

  DataSource dataSource() {
    return (DataSource)
        Proxy.newProxyInstance(
            BlindDriver.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> new Face(h2.getConnection()).proxy);
  }

  private final class Face {
    private final Connection bare;
    private final Connection proxy;
    private boolean autoCommit = true;

    Face(Connection bare) {
      this.bare = bare;
      this.proxy =
          (Connection)
              Proxy.newProxyInstance(
                  BlindDriver.class.getClassLoader(),
                  new Class<?>[] {Connection.class},
                  (self, method, args) -> connection(method, args));
    }

    private @Nullable Object connection(Method method, Object @Nullable [] args) throws Throwable {
      String name = method.getName();
      if (name.equals(commitsIn)) {
        bare.commit();
      }
      Supplier<Throwable> always = failures.get(name);
      if (always != null) {
        throw always.get();
      }
      Map.Entry<String, SQLException> once = failure.get();
      if (once != null && once.getKey().equals(name)) {
        failure.set(null);
        throw once.getValue();
      }
      switch (name) {
        case "getAutoCommit":
          return autoCommit;
        case "setAutoCommit":
          setAutoCommit((boolean) Objects.requireNonNull(args)[0]);
          return null;
        case "setSavepoint":
          autoCommit = false; // as SQLite's
          return call(bare, method, args);
        case "commit", "rollback":
          if (autoCommit && args == null) {
            throw new SQLException("Can't call " + name + " when autocommit=true");
          }
          return call(bare, method, args);
        default:
          Object result = call(bare, method, args);
          return result instanceof Statement statement ? statement(statement) : result;
      }
    }

    private void setAutoCommit(boolean value) throws SQLException {
      if (kind != Kind.SENDS && value == autoCommit) {
        return;
      }
      autoCommit = value;
      if (!value) {
        requireNoneOpen();
      }
      bare.setAutoCommit(value);
    }

    private void requireNoneOpen() throws SQLException {
      if (kind == Kind.STRICT && !bare.getAutoCommit()) {
        throw new SQLException("cannot start a transaction within a transaction");
      }
    }

    private Statement statement(Statement real) {
      return (Statement)
          Proxy.newProxyInstance(
              BlindDriver.class.getClassLoader(),
              new Class<?>[] {Statement.class},
              (self, method, args) ->
                  method.getName().equals("execute")
                      ? execute(real, (String) Objects.requireNonNull(args)[0])
                      : call(real, method, args));
    }

    private boolean execute(Statement real, String sql) throws SQLException {
      if (sql.contains("bgn()")) { // a procedure, as H2 has none that leaves it open
        requireNoneOpen();
        return real.execute("begin");
      }
      switch (sql.toLowerCase(Locale.ROOT)) {
        case "begin", "begin tran", "start transaction":
          requireNoneOpen();
          return real.execute("begin");
        case "set implicit_transactions on", "set session autocommit=0":
          return real.execute("set autocommit off");
        case "rollback":
          if (kind == Kind.STRICT && bare.getAutoCommit()) {
            throw new SQLException("cannot rollback - no transaction is active");
          }
          return real.execute(sql);
        default:
          return real.execute(sql);
      }
    }
  }

  private static @Nullable Object call(Object on, Method method, Object @Nullable [] args)
      throws Throwable {
    try {
      return method.invoke(on, args);
    } catch (InvocationTargetException e) {
      throw Objects.requireNonNull(e.getCause());
    }
  }

  /** What a driver may say of a call that it doesn't have. */
  static Map<String, Supplier<Throwable>> refusals() {
    return Map.of(
        "unsupported", () -> new SQLFeatureNotSupportedException("not here", "0A000"),
        "unchecked", UnsupportedOperationException::new,
        "missing", AbstractMethodError::new);
  }
}
