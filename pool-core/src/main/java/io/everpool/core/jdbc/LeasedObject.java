package io.everpool.core.jdbc;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
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
      throw new SQLNonTransientConnectionException(ended(), "08003");
    }
    return bare;
  }

  private String ended() {
    return "This "
        + bare.getClass().getSimpleName()
        + " has ended with the lease of the connection that it came from: read what it holds before"
        + " that connection is closed";
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

  final SQLException failed(SQLException e, @Nullable Session on) {
    return connection.failed(e, on);
  }

  final @Nullable Session executing() throws SQLException {
    return connection.writing();
  }

  final ResultSet wrap(ResultSet rows) {
    return rows == null ? rows : new UnlistedResultSet(connection, rows);
  }

  final Object wrap(Object value) {
    return LeasedObjects.value(connection, value);
  }

  /** As {@link Wrapper#unwrap}, for faces that implement it. */
  public <W> W unwrap(Class<W> type) throws SQLException {
    return connection.unwrap(type, this, (Wrapper) delegate());
  }

  /** As {@link Wrapper#isWrapperFor}. */
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return connection.isWrapperFor(type, this, (Wrapper) delegate());
  }

  /** Compares the driver's objects: a new face is made each time that one of them is given out. */
  @Override
  public final boolean equals(@Nullable Object other) {
    return other instanceof LeasedObject<?> face && bare.equals(face.bare);
  }

  @Override
  public final int hashCode() {
    return bare.hashCode();
  }

  /** The driver's text, also when the lease is over. */
  @Override
  public final String toString() {
    return String.valueOf(bare);
  }

  /**
   * What the driver must be given for an argument: its own object, not our face of it.
   *
   * @throws SQLException if it is a face whose lease is over. The face may belong to another
   *     connection, so this failure says nothing of the connection that is called
   */
  @SuppressWarnings("unchecked") // a face stands for an object of the interface that it implements
  static <A> A bare(A argument) throws SQLException {
    return argument instanceof LeasedObject<?> face ? (A) face.asArgument() : argument;
  }

  private T asArgument() throws SQLException {
    if (isOver()) {
      throw new SQLException("The argument can't be read any more. " + ended(), "22023");
    }
    return bare;
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
        bare[i] = face.asArgument();
      }
    }
    return bare;
  }
}
