package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/**
 * The face of an object that uses its connection for as long as the program keeps it: a large
 * object, an array, meta data. It ends with the lease that gave it out, or with the session where a
 * unit of work goes on over another: used later it would reach into what somebody else is doing.
 *
 * @param <T> what it is
 */
abstract class LeasedObject<T> {
  private final PooledConnection connection;
  private final @Nullable Session session;
  private final T bare;

  LeasedObject(PooledConnection connection, T bare) {
    this.connection = connection;
    this.session = connection.session();
    this.bare = bare;
  }

  /** The driver's object; throws if the lease is over. */
  final T delegate() throws SQLException {
    if (isOver()) {
      throw PooledConnection.closed();
    }
    return bare;
  }

  /** Whether the lease that gave it out is over. */
  final boolean isOver() {
    return session == null || connection.session() != session;
  }

  final PooledConnection home() {
    return connection;
  }

  final SQLException failed(SQLException e) {
    return connection.failed(e);
  }

  final void broken(Throwable e) {
    connection.broken(e);
  }

  final void executing() throws SQLException {
    connection.executing();
  }

  final ResultSet wrap(ResultSet rows) {
    return rows == null ? rows : new UnlistedResultSet(connection, rows);
  }

  final Object wrap(Object value) {
    return LeasedObjects.value(connection, value);
  }

  /** As {@link Wrapper#unwrap}, for those that are. */
  public <W> W unwrap(Class<W> type) throws SQLException {
    return connection.unwrap(type, this, (Wrapper) delegate());
  }

  /** As {@link Wrapper#isWrapperFor}. */
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return connection.isWrapperFor(type, this, (Wrapper) delegate());
  }

  /** The driver's text; also when the lease is over. */
  @Override
  public final String toString() {
    return String.valueOf(bare);
  }

  /**
   * What the driver must be given for an argument: its own object, not our face of it.
   *
   * @throws SQLException if it is a face whose lease is over
   */
  @SuppressWarnings("unchecked") // a face stands for an object of the interface that it implements
  static <A> A bare(A argument) throws SQLException {
    if (argument instanceof LeasedObject<?> face) {
      return (A) face.delegate();
    }
    return argument;
  }

  /** The same for the elements of an array or a structure. */
  static @Nullable Object[] bare(@Nullable Object[] arguments) throws SQLException {
    if (arguments == null) {
      return arguments;
    }
    @Nullable Object[] bare = arguments;
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i] instanceof LeasedObject<?> face) {
        if (bare == arguments) {
          bare = arguments.clone();
        }
        bare[i] = face.delegate();
      }
    }
    return bare;
  }
}
