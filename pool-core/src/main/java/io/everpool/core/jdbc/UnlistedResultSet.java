package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Results of no statement that the connection lists: those of meta data, of an array, of a cursor.
 * So nobody closes them where a unit of work goes on over another session, and they end by
 * themselves. Those of statements have no room for the session, which a query would cost.
 */
final class UnlistedResultSet extends PooledResultSet implements ResultSet {
  private final @Nullable Session session;
  private final @Nullable OneShotObserver since;

  /** Opened now. */
  UnlistedResultSet(PooledConnection connection, ResultSet bare) {
    this(connection, bare, connection.observer == null ? null : connection.observer.oneShots());
  }

  /**
   * Opened before.
   *
   * @param since who heard that; null for nobody
   */
  UnlistedResultSet(PooledConnection connection, ResultSet bare, @Nullable OneShotObserver since) {
    super(connection, null, bare);
    this.session = connection.session();
    this.since = since;
  }

  @Override
  @Nullable OneShotObserver since() {
    return since;
  }

  @Override
  boolean isOver() {
    return session == null || home().session() != session;
  }

  @Override
  ResultSet delegate() throws SQLException {
    if (isOver()) {
      throw PooledConnection.closed();
    }
    return super.delegate();
  }
}
