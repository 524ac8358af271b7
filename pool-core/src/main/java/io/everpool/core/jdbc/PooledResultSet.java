package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** The face of a {@link ResultSet}. */
public sealed class PooledResultSet extends ForwardingResultSet implements ResultSet
    permits UnitResultSet, UnlistedResultSet {
  private final PooledConnection connection;
  private final ResultSet bare;

  /** Whose results these are; null for an {@link UnlistedResultSet} until somebody asks. */
  private @Nullable OpenStatement statement;

  PooledResultSet(PooledConnection connection, @Nullable OpenStatement statement, ResultSet bare) {
    this.connection = connection;
    this.statement = statement;
    this.bare = bare;
  }

  @Override
  ResultSet delegate() throws SQLException {
    if (statement == null) {
      connection.delegate();
    } else {
      statement.requireOpen(); // a statement of a session that was lost is nobody's
    }
    return bare;
  }

  /**
   * Faces of the same rows are equal: {@code getResultSet()} makes a new face each time, though the
   * driver has one object.
   */
  @Override
  public final boolean equals(@Nullable Object other) {
    return other instanceof PooledResultSet face && face.bare == bare;
  }

  @Override
  public final int hashCode() {
    return System.identityHashCode(bare);
  }

  /** Whether the lease is over, or the connection has left the session that these rows are from. */
  boolean isOver() {
    return (statement == null ? connection : statement.home()).isGivenBack();
  }

  @Override
  SQLException failed(SQLException e) {
    return statement == null ? connection.failed(e) : statement.failed(e);
  }

  @Override
  SQLException failed(SQLException e, @Nullable Session on) {
    return statement == null ? connection.failed(e, on) : statement.failed(e, on);
  }

  @Override
  void broken(Throwable e) {
    if (statement == null) {
      connection.broken(e);
    } else {
      statement.broken(e);
    }
  }

  /** The observer that heard it being opened; null if there was no unit of work. */
  @Nullable OneShotObserver since() {
    return null;
  }

  /** A row is about to be written. */
  @Override
  @Nullable Session executing() throws SQLException {
    UnitObserver unit = connection.observer;
    if (unit != null) {
      unit.oneShots().writing(this, since());
    }
    return connection.writing();
  }

  @Override
  void reading() throws SQLException {
    UnitObserver unit = connection.observer;
    if (unit != null) {
      unit.oneShots().reading(this, since());
    }
  }

  @Override
  void placing() {
    UnitObserver unit = connection.observer;
    if (unit != null) {
      unit.oneShots().placing(this, since());
    }
  }

  /** A cursor comes as a result set. */
  @Override
  Object wrap(Object value) {
    return LeasedObjects.value(connection, value);
  }

  @Override
  PooledConnection home() {
    return connection;
  }

  @Override
  public <T> T getObject(int index, Class<T> type) throws SQLException {
    return LeasedObjects.value(connection, super.getObject(index, type), type);
  }

  @Override
  public <T> T getObject(String name, Class<T> type) throws SQLException {
    return LeasedObjects.value(connection, super.getObject(name, type), type);
  }

  @Override
  public void close() throws SQLException {
    if (isOver()) {
      return; // the statement is over as well, and has closed this
    }
    try {
      bare.close();
      if (statement != null) {
        statement.completed();
      }
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  @Override
  public boolean isClosed() throws SQLException {
    try {
      return isOver() || bare.isClosed();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** The face of the statement; null if the driver has none. */
  @Override
  public @Nullable Statement getStatement() throws SQLException {
    ResultSet from = delegate();
    Statement to;
    try {
      to = from.getStatement();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
    if (statement == null && to != null) {
      statement = connection.faceOf(to);
    }
    return statement;
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return connection.unwrap(type, this, delegate());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return connection.isWrapperFor(type, this, delegate());
  }

  @Override
  public String toString() {
    return bare.toString();
  }
}
