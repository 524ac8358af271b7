package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import java.util.concurrent.Executor;

/**
 * A driver that does nothing and allocates 24 bytes per statement. The generated classes serve as
 * its skeletons, as they implement all of JDBC.
 */
public class StubPhysical implements PhysicalConnection {
  private final Connection jdbc = new StubConnection();

  @Override
  public Connection jdbc() {
    return jdbc;
  }

  @Override
  public Look look() {
    return Look.BLIND;
  }

  @Override
  public void validate(long timeoutNanos) {}

  @Override
  public TransactionState transactionState() {
    return TransactionState.NONE;
  }

  @Override
  public void reset(ResetMode mode, SideEffects sideEffects) {}

  @Override
  public void close() {}

  @Override
  public void abort() {}

  private static final class StubStatement extends ForwardingPreparedStatement {

    StubStatement() {
      super(PooledConnection.NOWHERE);
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
    PreparedStatement delegate() {
      return this;
    }

    @Override
    PreparedStatement bare() {
      return this;
    }
  }

  private static final class StubConnection extends ForwardingConnection {

    @Override
    public PreparedStatement prepareStatement(String sql) {
      return new StubStatement();
    }

    @Override
    public Statement createStatement() {
      return new StubStatement();
    }

    @Override
    void broken(Throwable e) {
      throw new AssertionError(e);
    }

    @Override
    public void clearWarnings() {}

    @Override
    public boolean getAutoCommit() {
      return true;
    }

    @Override
    public void close() {}

    @Override
    public boolean isClosed() {
      return false;
    }

    @Override
    public void abort(Executor executor) {}

    @Override
    public boolean isValid(int timeout) {
      return true;
    }

    @Override
    public void setClientInfo(String name, String value) {}

    @Override
    public void setClientInfo(Properties properties) {}

    @Override
    public <T> T unwrap(Class<T> type) {
      return type.cast(this);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) {
      return type.isInstance(this);
    }

    @Override
    Connection delegate() {
      throw new UnsupportedOperationException("the stub has only what a query takes");
    }

    @Override
    PooledConnection home() {
      return PooledConnection.NOWHERE;
    }

    @Override
    SQLException failed(SQLException e) {
      return e;
    }

    @Override
    void preparing(String sql) {}

    @Override
    Statement wrap(Statement bare) {
      return bare;
    }

    @Override
    PreparedStatement wrap(PreparedStatement bare) {
      return bare;
    }

    @Override
    CallableStatement wrap(CallableStatement bare) {
      return bare;
    }

    @Override
    DatabaseMetaData wrap(DatabaseMetaData bare) {
      return bare;
    }
  }
}
