package io.everpool.core.jdbc;

import java.sql.SQLException;
import java.sql.Statement;

/** The face of a {@link Statement}. Everything it means is in {@link OpenStatement}. */
public final class PooledStatement extends ForwardingStatement implements Statement {
  private final Statement bare;

  PooledStatement(PooledConnection connection, Statement bare) {
    super(connection);
    this.bare = bare;
  }

  @Override
  Statement bare() {
    return bare;
  }

  @Override
  Statement delegate() throws SQLException {
    requireOpen();
    return bare;
  }
}
