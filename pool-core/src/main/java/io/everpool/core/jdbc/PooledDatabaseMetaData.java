package io.everpool.core.jdbc;

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** The face of a {@link DatabaseMetaData}. It stays usable when the connection is renewed. */
public final class PooledDatabaseMetaData extends ForwardingDatabaseMetaData
    implements DatabaseMetaData {
  private final PooledConnection connection;
  private @Nullable Connection from;
  private DatabaseMetaData bare;

  PooledDatabaseMetaData(
      PooledConnection connection, @Nullable Connection from, DatabaseMetaData bare) {
    this.connection = connection;
    this.from = from;
    this.bare = bare;
  }

  @Override
  DatabaseMetaData delegate() throws SQLException {
    connection.beginning(); // it may be another transaction than when this was handed out
    return present();
  }

  /** The driver's object, of the session that the connection has now. */
  private DatabaseMetaData present() throws SQLException {
    Connection now = connection.delegate();
    if (now != from) {
      try {
        bare = now.getMetaData();
      } catch (SQLException e) {
        throw failed(e);
      } catch (Throwable e) {
        broken(e);
        throw e;
      }
      from = now;
    }
    return bare;
  }

  @Override
  SQLException failed(SQLException e) {
    return connection.failed(e);
  }

  @Override
  void broken(Throwable e) {
    connection.broken(e);
  }

  @Override
  ResultSet wrap(ResultSet rows) {
    return rows == null ? rows : new UnlistedResultSet(connection, rows);
  }

  @Override
  public Connection getConnection() throws SQLException {
    connection.delegate();
    return connection;
  }

  /** A constant of the driver, which can be asked for after closing, too. */
  @Override
  public int getDriverMajorVersion() {
    return bare.getDriverMajorVersion();
  }

  /** A constant of the driver, which can be asked for after closing, too. */
  @Override
  public int getDriverMinorVersion() {
    return bare.getDriverMinorVersion();
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return connection.unwrap(type, this, present());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return connection.isWrapperFor(type, this, present());
  }

  /** {@code getMetaData()} makes a new face each time, though a driver may have one object. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof PooledDatabaseMetaData face && face.connection == connection;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(connection);
  }

  @Override
  public String toString() {
    return bare.toString();
  }
}
