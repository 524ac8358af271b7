package io.everpool.core.jdbc;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Connections that are read-only from the beginning of their lease. Thread-safe. */
public final class ReadOnlyDataSource implements DataSource {
  private final DataSource pool;
  private final Source source;

  /** Lends a connection. */
  @FunctionalInterface
  public interface Source {
    Connection lend() throws SQLException;
  }

  /**
   * @param pool what answers all else
   * @param source where the connections come from
   */
  public ReadOnlyDataSource(DataSource pool, Source source) {
    this.pool = pool;
    this.source = source;
  }

  @Override
  public Connection getConnection() throws SQLException {
    Connection connection = source.lend();
    boolean set = false;
    try {
      connection.setReadOnly(true);
      set = true;
      return connection;
    } finally {
      if (!set) {
        connection.close();
      }
    }
  }

  /** Refused, as by the pool. */
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
    return "readers of " + pool;
  }
}
