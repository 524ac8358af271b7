package io.everpool.core.jdbc;

import static java.util.Collections.singleton;

import java.sql.ClientInfoStatus;
import java.sql.Connection;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The pieces of session state that JDBC can read and set, in the order in which they are restored.
 */
// NullAway: only a catalog or a schema may be null, and what is unboxed is neither.
// ImmutableEnumChecker: the lambdas have no state. EnumOrdinal: the ordinals are used only as
// indexes of the arrays in Settings.
@SuppressWarnings({"NullAway", "ImmutableEnumChecker", "EnumOrdinal"})
enum Setting {
  AUTO_COMMIT(Connection::getAutoCommit, (c, v) -> c.setAutoCommit((Boolean) v), false),
  READ_ONLY(Connection::isReadOnly, (c, v) -> c.setReadOnly((Boolean) v), false),
  ISOLATION(
      Connection::getTransactionIsolation, (c, v) -> c.setTransactionIsolation((Integer) v), false),
  CATALOG(Connection::getCatalog, (c, v) -> c.setCatalog((String) v), true),
  SCHEMA(Connection::getSchema, (c, v) -> c.setSchema((String) v), true),
  HOLDABILITY(Connection::getHoldability, (c, v) -> c.setHoldability((Integer) v), false),
  NETWORK_TIMEOUT(
      Connection::getNetworkTimeout,
      (c, v) -> c.setNetworkTimeout(Runnable::run, (Integer) v),
      false),
  CLIENT_INFO(c -> copy(c.getClientInfo()), (c, v) -> c.setClientInfo(copy((Properties) v)), true),
  TYPE_MAP(c -> copy(c.getTypeMap()), (c, v) -> c.setTypeMap(typeMap(v)), true);

  /** Reads it from a connection. */
  interface Reader {
    @Nullable Object read(Connection connection) throws SQLException;
  }

  /** Sets it on a connection. */
  interface Writer {
    void write(Connection connection, @Nullable Object value) throws SQLException;
  }

  final int index = ordinal();
  final int bit = 1 << index;
  final Reader reader;
  final Writer writer;

  /**
   * Whether it may change by other ways than its setter (a rollback, a map that the program holds),
   * so that the value last set proves nothing.
   */
  final boolean slippery;

  Setting(Reader reader, Writer writer, boolean slippery) {
    this.reader = reader;
    this.writer = writer;
    this.slippery = slippery;
  }

  /**
   * Whether its setter may send something, or its getter, which is called first to learn what has
   * to be set back. (The newest versions of pgjdbc send something to get the catalog.) Autocommit
   * is dealt with separately.
   */
  boolean maySend() {
    return switch (this) {
      case READ_ONLY, ISOLATION, CATALOG, SCHEMA, CLIENT_INFO -> true;
      case AUTO_COMMIT, HOLDABILITY, NETWORK_TIMEOUT, TYPE_MAP -> false;
    };
  }

  /**
   * Reads it back after it was set to {@code wanted}: some drivers add what they are given to what
   * is there (MariaDB's client info, ClickHouse's type map), so that more than that is left.
   */
  void requireNoMore(Connection jdbc, @Nullable Object wanted) throws SQLException {
    if (this == CLIENT_INFO) {
      Properties left = (Properties) reader.read(jdbc);
      for (Object name : left.keySet()) {
        if (!((Properties) wanted).containsKey(name) && !"".equals(left.get(name))) {
          jdbc.setClientInfo((String) name, ""); // some drivers don't take null
        }
      }
      require(withoutEmpty(reader.read(jdbc)).equals(withoutEmpty(wanted)));
    } else if (this == TYPE_MAP) {
      require(Objects.equals(reader.read(jdbc), wanted));
    }
  }

  /** The client info without empty values, which count as none. */
  private static Properties withoutEmpty(@Nullable Object info) {
    Properties some = copy((Properties) info);
    some.values().removeIf(""::equals);
    return some;
  }

  private void require(boolean same) throws SQLException {
    if (!same) {
      throw new SQLException("What was set of " + this + " can't be cleared", "HY000");
    }
  }

  /**
   * A failure before any client info was set, which names all of it, as drivers do if the
   * connection is closed.
   *
   * @param one the name that was to be set; null if {@code several} were
   */
  static SQLClientInfoException noneSet(
      SQLException failure, @Nullable String one, @Nullable Properties several) {
    Map<String, ClientInfoStatus> failed = new HashMap<>();
    for (String name : several == null ? singleton(one) : several.stringPropertyNames()) {
      failed.put(name, ClientInfoStatus.REASON_UNKNOWN);
    }
    return new SQLClientInfoException(failure.getMessage(), failure.getSQLState(), failed, failure);
  }

  /** Whether a failure to set client info says that the driver has none, or not this piece. */
  static boolean isMissing(SQLClientInfoException e) {
    return e.getCause() instanceof SQLFeatureNotSupportedException
        || "0A000".equals(e.getSQLState());
  }

  /**
   * Whether nothing was set of what was to be: the failure names each piece or no piece.
   *
   * @param several what was to be set; null if it was one piece
   */
  static boolean isWhole(SQLClientInfoException e, @Nullable Properties several) {
    Map<String, ClientInfoStatus> failed = e.getFailedProperties();
    return several == null
        || failed == null
        || failed.isEmpty()
        || failed.keySet().containsAll(several.keySet());
  }

  /** Whether the client info is no more than one piece, its defaults included. */
  static boolean isOnePiece(Properties info) {
    return info.size() <= 1 && info.stringPropertyNames().size() <= 1;
  }

  static Properties copy(@Nullable Properties from) {
    Properties copy = new Properties();
    if (from != null) {
      copy.putAll(from);
    }
    return copy;
  }

  private static Map<String, Class<?>> copy(@Nullable Map<String, Class<?>> from) {
    return from == null ? new HashMap<>() : new HashMap<>(from);
  }

  @SuppressWarnings("unchecked") // it is what TYPE_MAP has read
  private static Map<String, Class<?>> typeMap(@Nullable Object value) {
    return copy((Map<String, Class<?>>) value);
  }
}
