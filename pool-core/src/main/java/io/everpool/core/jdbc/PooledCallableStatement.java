package io.everpool.core.jdbc;

import java.sql.CallableStatement;
import java.sql.SQLException;

/** The face of a {@link CallableStatement}. Everything it means is in {@link OpenStatement}. */
public final class PooledCallableStatement extends ForwardingCallableStatement
    implements CallableStatement {
  private final CallableStatement bare;

  PooledCallableStatement(PooledConnection connection, CallableStatement bare) {
    super(connection);
    this.bare = bare;
  }

  @Override
  CallableStatement bare() {
    return bare;
  }

  @Override
  CallableStatement delegate() throws SQLException {
    requireOpen();
    return bare;
  }

  @Override
  public <T> T getObject(int index, Class<T> type) throws SQLException {
    return wrap(super.getObject(index, type), type);
  }

  @Override
  public <T> T getObject(String name, Class<T> type) throws SQLException {
    return wrap(super.getObject(name, type), type);
  }
}
