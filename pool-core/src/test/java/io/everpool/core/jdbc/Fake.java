package io.everpool.core.jdbc;

import io.everpool.api.driver.TransactionState;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.Blob;
import java.sql.Clob;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.NClob;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.Ref;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLXML;
import java.sql.Statement;
import java.sql.Struct;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One object of the fake driver's: a connection, a statement, a result set, or meta data. */
final class Fake implements InvocationHandler {

  /** What a driver may give out that uses its connection later. */
  static final Set<Class<?>> LEASED =
      Set.of(
          Array.class,
          Blob.class,
          Clob.class,
          NClob.class,
          ParameterMetaData.class,
          Ref.class,
          ResultSetMetaData.class,
          SQLXML.class,
          Struct.class);

  private final FakeDriver driver;
  private final @Nullable Fake parent;
  private final String sql;
  private final Map<String, Object> properties = new HashMap<>();
  private boolean closed;
  private boolean closesOnCompletion;

  /** A structure's, of which a driver may keep the array that it gives out. */
  private Object[] attributes = {};

  /** A connection's. */
  TransactionState transaction = TransactionState.NONE;

  final Object proxy;

  Fake(FakeDriver driver, @Nullable Fake parent, Class<?> type, String sql) {
    this.driver = driver;
    this.parent = parent;
    this.sql = sql;
    Class<?>[] types =
        type == Connection.class
            ? new Class<?>[] {type, FakeDriver.Vendor.class}
            : new Class<?>[] {type};
    proxy = Proxy.newProxyInstance(Fake.class.getClassLoader(), types, this);
    if (type == Struct.class) {
      attributes =
          new Object[] {
            "text",
            new Fake(driver, this, Array.class, sql).proxy,
            new Object[] {new Fake(driver, this, Blob.class, sql).proxy}
          };
    }
  }

  @Override
  public @Nullable Object invoke(Object self, Method method, Object[] args) throws Throwable {
    if (method.getDeclaringClass() == Object.class) {
      return switch (method.getName()) {
        case "toString" -> "bare " + sql;
        case "hashCode" -> System.identityHashCode(self);
        default -> self == args[0];
      };
    }
    driver.called(method, args);
    return switch (method.getName()) {
      case "vendorsOwn" -> "vendor";
      case "close" -> close();
      case "isClosed" -> isClosed();
      case "abort" -> isClosed() ? null : answer(method.getName(), method, args);
      case "isWrapperFor" -> ((Class<?>) args[0]).isInstance(proxy);
      case "unwrap" -> proxy;
      default -> {
        if (isClosed()) {
          throw connection().closed
              ? new SQLException("the driver says: connection closed", "08003")
              : new SQLException("the driver says: closed", "55000");
        }
        yield answer(method.getName(), method, args);
      }
    };
  }

  private @Nullable Object close() {
    closed = true;
    if (parent != null && proxy instanceof ResultSet && parent.closesOnCompletion) {
      parent.closed = true;
    }
    return null;
  }

  private boolean isClosed() {
    return closed || (parent != null && parent.isClosed());
  }

  Fake connection() {
    return parent == null ? this : parent.connection();
  }

  /** As a server that is gone: everything is closed from now on. */
  void breakOff() {
    connection().closed = true;
  }

  @Nullable Object set(String property, Object value) {
    properties.put(property, value);
    return null;
  }

  private @Nullable Object answer(String name, Method method, Object @Nullable [] args)
      throws SQLException {
    if (name.startsWith("execute")) {
      execute(args != null && args[0] instanceof String text ? text : sql);
    }
    return switch (name) {
      case "getConnection" -> connection().proxy;
      case "getStatement" ->
          parent != null && parent.proxy instanceof Statement
              ? parent.proxy
              : new Fake(driver, this, PreparedStatement.class, "of meta data").proxy;
      case "closeOnCompletion" -> completes();
      case "isValid", "setShardingKeyIfValid" -> properties.getOrDefault("Valid", true);
      case "commit", "rollback" -> args == null ? end(name) : null;
      case "getClientInfo" ->
          args == null ? clientInfo() : clientInfo().getProperty((String) args[0]);
      case "setClientInfo" -> args == null ? null : setClientInfo(args);
      case "setNetworkTimeout" -> args == null ? null : set("NetworkTimeout", args[1]);
      case "getTypeMap" ->
          properties.computeIfAbsent("TypeMap", k -> new HashMap<String, Class<?>>());
      case "setTypeMap" -> args == null ? null : setTypeMap((Map<?, ?>) args[0]);
      case "getObject" -> "a value";
      case "getAttributes" -> proxy instanceof Struct ? attributes : property(name, method, args);
      default -> property(name, method, args);
    };
  }

  private @Nullable Object completes() {
    closesOnCompletion = true;
    return null;
  }

  private @Nullable Object end(String how) throws SQLException {
    if (how.equals("commit") && driver.commits.mistaken) {
      driver.commits.mistaken = false;
      return null;
    }
    if (how.equals("commit")) {
      driver.database.commit(this);
    } else {
      driver.database.rollback(this);
    }
    transaction = TransactionState.NONE;
    return null;
  }

  private @Nullable Object setClientInfo(Object[] args) {
    if (args[0] instanceof Properties all) {
      if (driver.adds) {
        clientInfo().putAll(all);
        return null;
      }
      return set("ClientInfo", all.clone());
    }
    if (!driver.keepsInfo || !"".equals(args[1])) {
      clientInfo().setProperty((String) args[0], (String) args[1]); // and no null, as MariaDB's
    }
    return null;
  }

  private @Nullable Object setTypeMap(Map<?, ?> map) {
    Map<Object, Object> all = new HashMap<>(map);
    if (driver.adds && properties.get("TypeMap") instanceof Map<?, ?> before) {
      before.forEach(all::putIfAbsent);
    }
    return set("TypeMap", all);
  }

  private Properties clientInfo() {
    return (Properties) properties.computeIfAbsent("ClientInfo", k -> new Properties());
  }

  private @Nullable Object property(String name, Method method, Object @Nullable [] args)
      throws SQLException {
    if (name.equals("setAutoCommit") && transaction != TransactionState.NONE) {
      end("commit");
    }
    if (proxy instanceof Connection && name.startsWith("set") && args != null && args.length == 1) {
      return set(name.substring(3), args[0]);
    }
    Class<?> type = method.getReturnType();
    if (proxy instanceof Connection && args == null) {
      String key = name.startsWith("is") ? name.substring(2) : name.replaceFirst("^get", "");
      if (key.equals("AutoCommit") || properties.containsKey(key)) {
        return properties.getOrDefault(key, true);
      }
    }
    Object stream = driver.stream(type);
    if (stream != null) {
      return stream;
    }
    boolean child =
        Statement.class.isAssignableFrom(type)
            || type == ResultSet.class
            || type == DatabaseMetaData.class
            || LEASED.contains(type);
    String text = args != null && args[0] instanceof String s ? s : sql;
    return child ? new Fake(driver, this, type, text).proxy : FakeDriver.some(type);
  }

  private void execute(String text) throws SQLException {
    Fake connection = connection();
    boolean auto = (boolean) connection.properties.getOrDefault("AutoCommit", true);
    driver.database.execute(connection, text, auto);
    String word = text.strip().split("\\W", 2)[0].toUpperCase(Locale.ROOT);
    if (word.equals("COMMIT") || word.equals("ROLLBACK")) {
      connection.transaction = TransactionState.NONE;
    } else if (!auto || word.equals("BEGIN")) {
      connection.transaction = TransactionState.OPEN;
    }
  }
}
