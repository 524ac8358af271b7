package io.everpool.core.jdbc;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/**
 * What the faces of the three kinds of statements have in common. Each is a link in the list of
 * statements that its connection has to close.
 *
 * <p>Calls of a statement that the program has closed are still forwarded, so that the driver says
 * in its own words that it is closed. Once the connection is closed, the driver isn't asked any
 * more.
 */
public abstract class OpenStatement implements Statement {
  private PooledConnection connection;
  @Nullable OpenStatement next;

  OpenStatement(PooledConnection connection) {
    this.connection = connection;
  }

  /** The driver's statement, closed or not. */
  abstract Statement bare();

  /** The driver's statement; throws if the connection is closed. */
  abstract Statement delegate() throws SQLException;

  /** Throws if the connection is closed. */
  final void requireOpen() throws SQLException {
    connection.delegate();
  }

  /** The session is gone and whatever happens to this statement is nobody's concern any more. */
  final void orphan() {
    connection = PooledConnection.NOWHERE;
    next = null;
  }

  /**
   * Whether the driver says that it is closed. If it can't say, as a driver that is older than the
   * method, the answer is no. Never throws, for it is asked of all listed statements while another
   * one is being closed.
   */
  final boolean isShut() {
    try {
      return bare().isClosed();
    } catch (SQLException e) {
      failed(e);
    } catch (Throwable e) {
      broken(e);
    }
    return false;
  }

  final SQLException failed(SQLException e) {
    return connection.failed(e);
  }

  final void broken(Throwable e) {
    connection.broken(e);
  }

  /** The failure of a call that has waited for the answer to a statement on that session. */
  final SQLException failed(SQLException e, @Nullable Session on) {
    return connection.failed(e, on);
  }

  final @Nullable Session executing(String sql) throws SQLException {
    connection.preparing(sql);
    return sending();
  }

  final @Nullable Session executing() throws SQLException {
    Unsent.sending(connection, this);
    return sending();
  }

  final @Nullable Session executingBatch() throws SQLException {
    Unsent.sendingBatch(connection, this);
    return sending();
  }

  private @Nullable Session sending() throws SQLException {
    UnitObserver unit = connection.observer;
    if (unit != null) {
      unit.oneShots().executing(this);
    }
    return connection.executing();
  }

  /**
   * The statement leaves its present results and goes on to the next ones, for which it may have to
   * wait.
   */
  final @Nullable Session advancing() {
    UnitObserver unit = connection.observer;
    if (unit != null) {
      unit.oneShots().advancing(this);
    }
    return connection.session();
  }

  /** A text is added to the batch. (All that is prepared on a statement itself is a batch.) */
  final void preparing(String sql) throws SQLException {
    adding();
    connection.batching(sql);
  }

  final void adding() throws SQLException {
    Unsent.adding(connection, this);
  }

  final void giving(Object value) throws SQLException {
    Unsent.giving(connection, this, value);
  }

  final void dropping(Unsent.Kind kind) {
    Unsent.dropping(connection, this, kind);
  }

  /** The face of results that come from an execution just now. */
  final ResultSet wrap(ResultSet bare) {
    if (bare == null) {
      return bare;
    }
    UnitObserver unit = connection.observer;
    return unit == null
        ? new PooledResultSet(connection, this, bare)
        : new UnitResultSet(connection, this, bare, unit.oneShots());
  }

  /** The face of results that it has, whenever it was executed. */
  final ResultSet present(ResultSet bare) {
    if (bare == null) {
      return bare;
    }
    UnitObserver unit = connection.observer;
    OneShotObserver since = unit == null ? null : unit.oneShots().since(this);
    return since == null
        ? new PooledResultSet(connection, this, bare)
        : new UnitResultSet(connection, this, bare, since);
  }

  /** A cursor comes as a result set, which may be of a statement of its own. */
  final Object wrap(Object value) {
    if (value instanceof ResultSet rows) {
      UnitObserver unit = connection.observer;
      OneShotObserver since = unit == null ? null : unit.oneShots().since(this);
      return new UnlistedResultSet(connection, rows, since);
    }
    return LeasedObjects.value(connection, value);
  }

  /** The same for {@code getObject} with a class: returns a face only if it is of that class. */
  final <T> T wrap(T value, Class<T> type) {
    Object face = wrap(value);
    return type.isInstance(face) ? type.cast(face) : value;
  }

  final PooledConnection home() {
    return connection;
  }

  /** A result set was closed, and with it this statement if the program has asked for that. */
  final void completed() {
    if (connection.closesItself() && isShut()) {
      connection.untrack(this);
    }
  }

  @Override
  public final void close() throws SQLException {
    PooledConnection home = connection;
    if (home.isGivenBack()) {
      return;
    }
    home.untrack(this);
    try {
      bare().close();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * May come from any thread. The request goes to the server by a connection of its own, so one
   * that is under way when the lease ends could cancel what the next borrower does. Therefore the
   * session counts the requests under way, and isn't lent again if there is one when its lease
   * ends.
   *
   * <p>The order is: count the request, then look whether the session is still this connection's.
   * That leaves a gap of some nanoseconds, until a store of the thread that closes is seen here;
   * the request itself takes longer, for it opens its connection first.
   *
   * <p>When the lease is over nothing of it runs any more, and there is nothing to cancel: so a
   * watchdog that comes a moment late gets no failure, as with the driver's own statement.
   *
   * <p>A request that fails says nothing of the session. The marks aren't written here, for only
   * the holder's thread may write them.
   */
  @Override
  public final void cancel() throws SQLException {
    Session session = connection.session();
    if (session == null) {
      return;
    }
    session.cancelBegins();
    try {
      if (connection.session() == session) {
        bare().cancel();
      }
    } catch (RuntimeException | Error e) {
      if (!MissingMethods.isMissed(e)) {
        connection.brokenElsewhere(session, e);
      }
      throw e;
    } finally {
      session.cancelEnded();
    }
  }

  @Override
  public final boolean isClosed() throws SQLException {
    try {
      return connection.isGivenBack() || bare().isClosed();
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  @Override
  public final void closeOnCompletion() throws SQLException {
    requireOpen();
    try {
      bare().closeOnCompletion();
      connection.markClosesItself(); // this comes second: the driver may not have that method
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  @Override
  public final Connection getConnection() throws SQLException {
    requireOpen();
    return connection;
  }

  @Override
  public final <T> T unwrap(Class<T> type) throws SQLException {
    return connection.unwrap(type, this, bare());
  }

  @Override
  public final boolean isWrapperFor(Class<?> type) throws SQLException {
    return connection.isWrapperFor(type, this, bare());
  }

  /** The driver's text, which with many drivers is the SQL, also after closing. */
  @Override
  public final String toString() {
    return bare().toString();
  }
}
