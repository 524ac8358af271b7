package io.everpool.postgresql.driver;

import io.everpool.api.driver.TransactionState;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.Properties;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGConnection;
import org.postgresql.core.BaseConnection;
import org.postgresql.core.BaseStatement;
import org.postgresql.core.QueryExecutor;
import org.postgresql.core.SocketFactoryFactory;
import org.postgresql.jdbc.PgConnection;
import org.postgresql.ssl.LibPQFactory;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;

/**
 * The only class that touches pgjdbc's internal packages. They may change with any version, so each
 * is looked for once, at the start, and where it is missing the public API is used instead. A
 * method that isn't there is never called, so the JVM doesn't notice its absence.
 *
 * <p>The driver's own connection goes in and out as a {@link Connection}. Constants of the driver
 * must not be used where their value matters: the compiler copies them, so that they would be those
 * of the driver that was compiled against.
 *
 * @param transactionState whether the driver tells the state of a transaction
 * @param directStatements whether statements can be sent that begin no transaction
 * @param simpleQueries whether statements can be sent by the simple protocol without beginning a
 *     transaction
 * @param queryExecutor whether the driver shows its query executor, which cancels for a connection
 *     that is closed, which has its settings, and which tells notifications without a look at the
 *     socket
 * @param sslFactories whether the driver makes its own factory of TLS sockets for other code
 * @param settings whether the settings without a getter can be set to what they are in a new
 *     connection
 */
public record PgjdbcInternals(
    boolean transactionState,
    boolean directStatements,
    boolean simpleQueries,
    boolean queryExecutor,
    boolean sslFactories,
    boolean settings) {

  private static final int MILLIS_PER_SECOND = 1000;

  /**
   * The SQLState that a server answers in a failed transaction; the answer is a sign of life all
   * the same.
   */
  private static final String IN_FAILED_TRANSACTION = "25P02";

  /** The internals of the driver that is on the class path. */
  public static final PgjdbcInternals PRESENT =
      new PgjdbcInternals(
          has("core.BaseConnection", "getTransactionState"),
          has("core.BaseConnection", "execSQLQuery", String.class)
              && has("core.BaseConnection", "execSQLUpdate", String.class),
          has("core.BaseStatement", "executeWithFlags", String.class, int.class),
          has("core.BaseConnection", "getQueryExecutor")
              && has("core.QueryExecutor", "getNotifications"),
          has("core.SocketFactoryFactory", "getSslSocketFactory", Properties.class),
          has("jdbc.PgConnection", "setForceBinary", boolean.class)
              && has("jdbc.PgConnection", "setDisableColumnSanitiser", boolean.class)
              && has("core.QueryExecutor", "isColumnSanitiserDisabled")
              && has("core.BaseConnection", "setFlushCacheOnDeallocate", boolean.class));

  private static final boolean LIMITS_QUERIES =
      has("jdbc.PgConnection", "getQueryTimeout")
          && has("jdbc.PgConnection", "setQueryTimeout", int.class);

  private static final @Nullable Field LOCK = field("core.QueryExecutorBase", "lock");
  private static final @Nullable Field COPY = field("core.v3.QueryExecutorImpl", "lockedFor");

  private static boolean has(String type, String method, Class<?>... parameters) {
    Class<?> found = find(type);
    return found != null
        && Arrays.stream(found.getMethods())
            .anyMatch(
                one ->
                    one.getName().equals(method)
                        && Arrays.equals(one.getParameterTypes(), parameters));
  }

  private static @Nullable Class<?> find(String type) {
    try {
      return Class.forName("org.postgresql." + type, false, Driver.class.getClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      return null;
    }
  }

  /**
   * The driver's version, such as 42.7.3; only its first two numbers if the driver hides the third.
   */
  static String version() {
    try {
      Class<?> info = find("util.DriverInfo");
      if (info != null) {
        return String.valueOf(info.getField("DRIVER_VERSION").get(null));
      }
    } catch (ReflectiveOperationException e) {
      // The public API has the first two numbers of the version.
    }
    Driver driver = new Driver();
    return driver.getMajorVersion() + "." + driver.getMinorVersion();
  }

  /** The driver's own connection, in whatever object another driver has put around it. */
  public static Connection within(Connection lent) throws SQLException {
    return lent instanceof PGConnection ? lent : (Connection) lent.unwrap(PGConnection.class);
  }

  /** The state of the transaction, as the driver remembers it. */
  public TransactionState transaction(Connection jdbc) {
    if (!transactionState) {
      return TransactionState.UNKNOWN;
    }
    return switch (((BaseConnection) jdbc).getTransactionState()) {
      case IDLE -> TransactionState.NONE;
      case OPEN -> TransactionState.OPEN;
      case FAILED -> TransactionState.FAILED;
    };
  }

  /** Runs a query and returns the statement with its rows; begins no transaction. */
  public Statement query(Connection jdbc, String sql) throws SQLException {
    if (directStatements) {
      return ((BaseConnection) jdbc).execSQLQuery(sql).getStatement();
    }
    Statement statement = jdbc.createStatement();
    try {
      statement.execute(sql);
      return statement;
    } catch (SQLException e) {
      statement.close();
      throw e;
    }
  }

  /** Executes a statement that has no rows, or none that matter; begins no transaction. */
  public void update(Connection jdbc, String sql) throws SQLException {
    if (directStatements) {
      ((BaseConnection) jdbc).execSQLUpdate(sql);
    } else {
      query(jdbc, sql).close();
    }
  }

  /**
   * Executes a query whose rows don't matter by the simple protocol, if the driver can send it so;
   * begins no transaction.
   */
  public void simpleQuery(Connection jdbc, String sql) throws SQLException {
    if (simpleQueries) {
      try (BaseStatement statement = (BaseStatement) jdbc.createStatement()) {
        statement.executeWithFlags(
            sql, QueryExecutor.QUERY_EXECUTE_AS_SIMPLE | QueryExecutor.QUERY_SUPPRESS_BEGIN);
      }
    } else {
      query(jdbc, sql).close();
    }
  }

  /**
   * Sends an empty query. The server answers it in a failed transaction, too, and it begins none.
   */
  public void ping(Connection jdbc) throws SQLException {
    if (simpleQueries) {
      try (BaseStatement statement = (BaseStatement) jdbc.createStatement()) {
        statement.executeWithFlags(
            "", QueryExecutor.QUERY_EXECUTE_AS_SIMPLE | QueryExecutor.QUERY_SUPPRESS_BEGIN);
      } catch (SQLException e) {
        // Older drivers send it by the extended protocol all the same, which a failed transaction
        // refuses.
        if (!IN_FAILED_TRANSACTION.equals(e.getSQLState())) {
          throw e;
        }
      }
    } else if (!jdbc.isValid(jdbc.getNetworkTimeout() / MILLIS_PER_SECOND + 1)) {
      throw new SQLException("The server gave no sign of life", "08006");
    }
  }

  /**
   * Whether a copy holds the driver, or some thread is in the driver, so that all other threads
   * would have to wait. False if that can't be seen (before 42.6 a thread holds a monitor and no
   * lock).
   */
  public boolean isBusy(Connection jdbc) {
    return isCopying(jdbc) || isOccupied(jdbc);
  }

  /** Whether this driver lets one see that a thread is in it. */
  public boolean showsThreads() {
    return LOCK != null;
  }

  /** Whether a copy holds the driver; false if that can't be seen. */
  public boolean isCopying(Connection jdbc) {
    try {
      return COPY != null && COPY.get(((BaseConnection) jdbc).getQueryExecutor()) != null;
    } catch (IllegalAccessException | RuntimeException e) {
      return false;
    }
  }

  private static @Nullable Field field(String type, String name) {
    Class<?> found = find(type);
    try {
      if (found == null) {
        return null;
      }
      Field field = found.getDeclaredField(name);
      field.setAccessible(true);
      return field;
    } catch (NoSuchFieldException | RuntimeException e) {
      return null;
    }
  }

  /** Whether some thread is in the driver; false if that can't be seen (before 42.6). */
  public boolean isOccupied(Connection jdbc) {
    try {
      return LOCK != null
          && LOCK.get(((BaseConnection) jdbc).getQueryExecutor()) instanceof ReentrantLock lock
          && lock.isLocked();
    } catch (IllegalAccessException | RuntimeException e) {
      return false;
    }
  }

  /**
   * Asks the server, by a connection of its own, to cancel what it does for this connection, which
   * the driver may have closed already. Returns when the server has heard the request, or couldn't
   * be reached.
   */
  public void cancel(Connection jdbc) throws SQLException {
    if (queryExecutor) {
      ((BaseConnection) jdbc).getQueryExecutor().sendQueryCancel();
    } else {
      ((PGConnection) jdbc).cancelQuery();
    }
  }

  /**
   * Takes the notifications that have arrived and that nobody has asked for, so that nobody gets
   * them later.
   */
  public void forgetNotifications(Connection jdbc) throws SQLException {
    if (queryExecutor) {
      ((BaseConnection) jdbc).getQueryExecutor().getNotifications();
    } else {
      ((PGConnection) jdbc).getNotifications();
    }
  }

  /**
   * The driver's query executor, which works for a connection and has settings of its own; null if
   * the driver hides it.
   */
  @Nullable Object executor(Connection jdbc) {
    return queryExecutor ? ((BaseConnection) jdbc).getQueryExecutor() : null;
  }

  /**
   * The host and the port that the connection leads to; {@code otherwise} if the driver hides them.
   */
  public static String host(Connection jdbc, String otherwise) {
    return has("core.QueryExecutor", "getHostSpec")
            && has("core.BaseConnection", "getQueryExecutor")
        ? String.valueOf(((BaseConnection) jdbc).getQueryExecutor().getHostSpec())
        : otherwise;
  }

  /** The interface that {@link #executor} has in the driver. */
  static @Nullable Class<?> executorType() {
    return find("core.QueryExecutor");
  }

  /**
   * How many seconds the driver gives a statement; 0 for no limit, or if this driver has no limit
   * for all statements.
   */
  public static int queryTimeout(Connection jdbc) {
    return LIMITS_QUERIES ? ((PgConnection) jdbc).getQueryTimeout() : 0;
  }

  /** Sets {@link #queryTimeout(Connection)} for statements that are made from now on. */
  public static void queryTimeout(Connection jdbc, int seconds) throws SQLException {
    if (LIMITS_QUERIES) {
      ((PgConnection) jdbc).setQueryTimeout(seconds);
    }
  }

  /** What the driver knows of data types; null if the driver hides it. */
  static @Nullable Object dataTypes(Connection jdbc) {
    return has("core.BaseConnection", "getTypeInfo") ? ((BaseConnection) jdbc).getTypeInfo() : null;
  }

  /**
   * Sets the settings that have no getter to what they are in a new connection, whatever the
   * properties say.
   */
  void resetWhatIsOnlySet(Connection jdbc) throws SQLException {
    if (settings) {
      PgConnection known = (PgConnection) jdbc;
      known.setForceBinary(false);
      known.setDisableColumnSanitiser(known.getQueryExecutor().isColumnSanitiserDisabled());
      known.setFlushCacheOnDeallocate(true);
    }
  }

  /** The factory of TLS sockets that the properties ask for, as the driver would make it. */
  public SSLSocketFactory sslFactory(Properties properties) throws PSQLException {
    if (sslFactories) {
      return SocketFactoryFactory.getSslSocketFactory(properties);
    }
    String name = properties.getProperty(PropertyNames.SSL_FACTORY);
    if (name == null) {
      return new LibPQFactory(properties);
    }
    try {
      return instantiate(
          Class.forName(name).asSubclass(SSLSocketFactory.class),
          properties,
          properties.getProperty(PropertyNames.SSL_FACTORY_ARG));
    } catch (ReflectiveOperationException | ClassCastException e) {
      throw new PSQLException(
          "The sslfactory " + name + " could not be instantiated", PSQLState.CONNECTION_FAILURE, e);
    }
  }

  private static <T> T instantiate(Class<T> type, Properties properties, @Nullable String argument)
      throws ReflectiveOperationException {
    for (Constructor<?> one : type.getConstructors()) {
      if (Arrays.equals(one.getParameterTypes(), new Class<?>[] {Properties.class})) {
        return type.cast(one.newInstance(properties));
      }
    }
    for (Constructor<?> one : type.getConstructors()) {
      if (Arrays.equals(one.getParameterTypes(), new Class<?>[] {String.class})) {
        return type.cast(one.newInstance(argument));
      }
    }
    return type.getConstructor().newInstance();
  }
}
