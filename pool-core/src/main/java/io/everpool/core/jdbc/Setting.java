package io.everpool.core.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** A piece of session state that JDBC can read and set. In the order in which it is restored. */
// Only a catalog or a schema may be null; what unboxes is neither. The lambdas have no state. The
// ordinals are places in the arrays of Settings and go no further.
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
   * Whether its setter may send something, or the getter, which is asked first for what is to be
   * set back: pgjdbc's for the catalog does in its newest versions. Autocommit's is a matter of its
   * own.
   */
  boolean maySend() {
    return switch (this) {
      case READ_ONLY, ISOLATION, CATALOG, SCHEMA, CLIENT_INFO -> true;
      case AUTO_COMMIT, HOLDABILITY, NETWORK_TIMEOUT, TYPE_MAP -> false;
    };
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
