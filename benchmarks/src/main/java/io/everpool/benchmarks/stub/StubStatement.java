package io.everpool.benchmarks.stub;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import org.jspecify.annotations.Nullable;

/** Executes nothing, successfully. An object of this class takes 24 bytes. */
final class StubStatement extends AbsentPreparedStatement {

  private final Connection connection;
  private boolean closed;

  StubStatement(Connection connection) {
    this.connection = connection;
  }

  @Override
  public boolean execute() {
    return false;
  }

  @Override
  public boolean execute(String sql) {
    return false;
  }

  @Override
  public int executeUpdate() {
    return 1;
  }

  @Override
  public int getUpdateCount() {
    return -1;
  }

  @Override
  public boolean getMoreResults() {
    return false;
  }

  @Override
  public @Nullable ResultSet getResultSet() {
    return null;
  }

  @Override
  public Connection getConnection() {
    return connection;
  }

  @Override
  public void close() {
    closed = true;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  @Override
  public void clearParameters() {}

  @Override
  public void clearBatch() {}

  @Override
  public @Nullable SQLWarning getWarnings() {
    return null;
  }

  @Override
  public void clearWarnings() {}

  @Override
  public int getQueryTimeout() {
    return 0;
  }

  @Override
  public void setQueryTimeout(int seconds) {}

  @Override
  public int getMaxRows() {
    return 0;
  }

  @Override
  public int getMaxFieldSize() {
    return 0;
  }

  @Override
  public int getFetchSize() {
    return 0;
  }

  @Override
  public int getFetchDirection() {
    return ResultSet.FETCH_FORWARD;
  }

  @Override
  public int getResultSetType() {
    return ResultSet.TYPE_FORWARD_ONLY;
  }

  @Override
  public int getResultSetConcurrency() {
    return ResultSet.CONCUR_READ_ONLY;
  }

  @Override
  public int getResultSetHoldability() {
    return ResultSet.CLOSE_CURSORS_AT_COMMIT;
  }

  @Override
  public boolean isPoolable() {
    return true;
  }

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
}
