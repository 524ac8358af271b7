package io.everpool.core.jdbc;

import java.sql.PreparedStatement;
import java.sql.SQLException;

/** The face of a {@link PreparedStatement}. Everything it means is in {@link OpenStatement}. */
public final class PooledPreparedStatement extends ForwardingPreparedStatement
    implements PreparedStatement {
  private final PreparedStatement bare;

  PooledPreparedStatement(PooledConnection connection, PreparedStatement bare) {
    super(connection);
    this.bare = bare;
  }

  @Override
  PreparedStatement bare() {
    return bare;
  }

  @Override
  PreparedStatement delegate() throws SQLException {
    requireOpen();
    return bare;
  }
}
