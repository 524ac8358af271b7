package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Results that belong to no statement that the connection lists: those of meta data, of an array,
 * of a cursor. So nobody closes them when a unit of work goes on over another session; they know
 * their session and end by themselves. Results of statements don't have that field, which each
 * query would have to pay for.
 */
public final class UnlistedResultSet extends PooledResultSet implements ResultSet {
  private final @Nullable Session session;
  private final @Nullable OneShotObserver since;

  /** Results that are opened now. */
  UnlistedResultSet(PooledConnection connection, ResultSet bare) {
    this(connection, bare, connection.observer == null ? null : connection.observer.oneShots());
  }

  /**
   * Results that were opened before.
   *
   * @param since the observer that heard it; null if none did
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
