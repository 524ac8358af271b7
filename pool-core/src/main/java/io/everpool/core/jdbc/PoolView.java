package io.everpool.core.jdbc;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A pool whose connections are set to something from the beginning of their lease. What was set is
 * undone at its end, as whatever is set on a connection. Two of the same kind of one pool are
 * equal. Thread-safe.
 */
public final class PoolView implements DataSource {
  private final DataSource pool;
  private final Source source;
  private final Setting setting;
  private final String called;

  /** Lends a connection. */
  @FunctionalInterface
  public interface Source {
    PooledConnection lend() throws SQLException;
  }

  /** What is set on a connection. */
  @FunctionalInterface
  private interface Setting {
    void set(PooledConnection connection) throws SQLException;
  }

  private PoolView(DataSource pool, Source source, Setting setting, String called) {
    this.pool = pool;
    this.source = source;
    this.setting = setting;
    this.called = called;
  }

  /**
   * Connections that are read-only.
   *
   * @param pool what answers all else
   * @param source where the connections come from
   */
  public static DataSource reading(DataSource pool, Source source) {
    return new PoolView(pool, source, c -> ReadOnlyHint.set(c, true), "readers of ");
  }

  /**
   * Connections on which statements may take as long as they need. The parameters are those of
   * {@link #reading}.
   */
  public static DataSource withoutCommandTimeout(DataSource pool, Source source) {
    return new PoolView(
        pool, source, PooledConnection::liftCommandTimeout, "without command-timeout: ");
  }

  @Override
  public Connection getConnection() throws SQLException {
    PooledConnection connection = source.lend();
    boolean set = false;
    try {
      setting.set(connection);
      set = true;
      return connection;
    } finally {
      if (!set) {
        connection.close();
      }
    }
  }

  /** Throws, as the pool does. */
  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return pool.getConnection(user, password);
  }

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return pool.getLogWriter();
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter out) throws SQLException {
    pool.setLogWriter(out);
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    pool.setLoginTimeout(seconds);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return pool.getLoginTimeout();
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getLogger("io.everpool");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return type.isInstance(this) ? type.cast(this) : pool.unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this) || pool.isWrapperFor(type);
  }

  @Override
  public String toString() {
    return called + pool;
  }

  /** Frameworks tell by this whether a connection is of the data source of their transaction. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PoolView view && view.pool == pool && view.called.equals(called);
  }

  @Override
  public int hashCode() {
    return 31 * System.identityHashCode(pool) + called.hashCode();
  }
}
