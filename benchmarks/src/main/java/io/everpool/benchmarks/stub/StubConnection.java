package io.everpool.benchmarks.stub;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** Remembers its session's settings and does nothing else. */
public class StubConnection extends AbsentConnection {

  private boolean autoCommit = true;
  private boolean readOnly;
  private int isolation = TRANSACTION_READ_COMMITTED;
  private int holdability = ResultSet.CLOSE_CURSORS_AT_COMMIT;
  private int networkTimeout;
  private @Nullable String catalog = "stub";
  private @Nullable String schema = "public";
  private volatile boolean closed;
  private boolean touched;

  /**
   * Whether a statement was ever prepared here. The answer is exact once the users' threads have
   * ended.
   */
  boolean touched() {
    return touched;
  }

  @Override
  public PreparedStatement prepareStatement(String sql) {
    if (!touched) {
      touched = true;
    }
    return new StubStatement(this);
  }

  @Override
  public PreparedStatement prepareStatement(String sql, int type, int concurrency) {
    return prepareStatement(sql);
  }

  @Override
  public Statement createStatement() {
    return new StubStatement(this);
  }

  @Override
  public void setAutoCommit(boolean value) {
    autoCommit = value;
  }

  @Override
  public boolean getAutoCommit() {
    return autoCommit;
  }

  @Override
  public void commit() {}

  @Override
  public void rollback() {}

  @Override
  public void close() {
    closed = true;
  }

  @Override
  public void abort(Executor executor) {
    closed = true;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public boolean isValid(int seconds) {
    return !closed;
  }

  @Override
  public void setReadOnly(boolean value) {
    readOnly = value;
  }

  @Override
  public boolean isReadOnly() {
    return readOnly;
  }

  @Override
  public void setCatalog(@Nullable String value) {
    catalog = value;
  }

  @Override
  public @Nullable String getCatalog() {
    return catalog;
  }

  @Override
  public void setSchema(@Nullable String value) {
    schema = value;
  }

  @Override
  public @Nullable String getSchema() {
    return schema;
  }

  @Override
  public void setTransactionIsolation(int value) {
    isolation = value;
  }

  @Override
  public int getTransactionIsolation() {
    return isolation;
  }

  @Override
  public void setHoldability(int value) {
    holdability = value;
  }

  @Override
  public int getHoldability() {
    return holdability;
  }

  @Override
  public void setNetworkTimeout(Executor executor, int millis) {
    networkTimeout = millis;
  }

  @Override
  public int getNetworkTimeout() {
    return networkTimeout;
  }

  @Override
  public Properties getClientInfo() {
    return new Properties();
  }

  @Override
  public @Nullable SQLWarning getWarnings() {
    return null;
  }

  @Override
  public void clearWarnings() {}

  @Override
  public boolean isWrapperFor(Class<?> face) {
    return face.isInstance(this);
  }

  @Override
  public <T> T unwrap(Class<T> face) throws SQLException {
    if (!face.isInstance(this)) {
      throw new SQLException("no " + face);
    }
    return face.cast(this);
  }

  /**
   * Returns a proxy: pools look at the metadata when they connect, and not on the path that is
   * measured.
   */
  @Override
  public DatabaseMetaData getMetaData() {
    Connection self = this;
    return (DatabaseMetaData)
        Proxy.newProxyInstance(
            StubConnection.class.getClassLoader(),
            new Class<?>[] {DatabaseMetaData.class},
            (proxy, method, arguments) -> {
              if (method.getReturnType() == String.class) {
                return "stub";
              }
              if (method.getReturnType() == boolean.class) {
                return false;
              }
              return method.getReturnType() == int.class ? (Object) 0 : self;
            });
  }
}
