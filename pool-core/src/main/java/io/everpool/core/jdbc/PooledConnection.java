package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.CommitOutcomeUnknownException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Wrapper;
import org.jspecify.annotations.Nullable;

/**
 * The face of a {@link Connection}: one per lease, for as long as the lease lasts. 32 bytes, which
 * with a statement's 24 is all that the pool allocates for a query.
 *
 * <p>As with any connection, one thread at a time may use it. {@link #close()}, {@link #abort} and
 * a statement's cancel may come from another.
 *
 * <p>It is one object in eight layers, for a lease must cost no second one, and each layer keeps
 * what it works on: {@link TrackingConnection} the statements to close, {@link LeasedConnection}
 * the session and the lease, {@link JudgedConnection} what failures mean, {@link SettledConnection}
 * what the server has to know first, {@link AskingConnection} what drivers ask by themselves,
 * {@link RestoredConnection} the setters whose effect is undone, {@link UnitConnection} what units
 * of work ask for. Here is what is left: what is sent, transactions, and unwrapping.
 */
public sealed class PooledConnection extends UnitConnection implements Connection
    permits InterceptedConnection {

  /** The connection of statements whose session is gone: it is always closed. */
  static final PooledConnection NOWHERE = new PooledConnection();

  /** Called by the thread that has just acquired {@code lease}. */
  public PooledConnection(Session session, long lease) {
    super(session, lease);
  }

  private PooledConnection() {}

  /** The face behind a connection that others may have wrapped; null if there is none. */
  public static @Nullable PooledConnection behind(Connection connection) {
    try {
      return connection instanceof PooledConnection own
          ? own
          : connection.isWrapperFor(PooledConnection.class)
              ? connection.unwrap(PooledConnection.class)
              : null;
    } catch (SQLException e) {
      return null;
    }
  }

  // ---- its end, and requests ------------------------------------------------------------------

  /**
   * A connection that was lost counts as closed, as it does with drivers: frameworks ask this
   * before they roll back or restore. A program that gets this answer may not call {@link #close()}
   * any more. So the lease ends here, unless a unit of work may go on with another session.
   */
  @Override
  public boolean isClosed() throws SQLException {
    Session s = session();
    try {
      if (s == null) {
        return true;
      }
      boolean lost = s.jdbc.isClosed();
      if (lost && observer == null) {
        s.keepWordsOfLoss(); // it is never lent again
        s.leases.cut(s, leaseOf(s), CloseReason.FAILED);
      }
      return lost;
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * Drivers that want to know of requests are told of each lease; a program may mark further
   * requests within its lease.
   */
  @Override
  public void beginRequest() throws SQLException {
    perform(s -> s.jdbc.beginRequest());
  }

  /** As {@link #beginRequest()}. */
  @Override
  public void endRequest() throws SQLException {
    perform(s -> s.jdbc.endRequest());
  }

  // ---- what the forwarding asks for ---------------------------------------------------------

  @Override
  PooledConnection home() {
    return this;
  }

  @Override
  void preparing(String sql) throws SQLException {
    Session s = session();
    if (s != null) {
      s.show(sql);
      s.requireInSchema(sql, false);
    }
  }

  void batching(String sql) throws SQLException {
    Session s = session();
    if (s != null) {
      s.showInBatch(sql);
      s.requireInSchema(sql, true);
    }
  }

  /** A statement is about to be sent. Returns on which session; null if this is closed. */
  @Nullable Session executing() throws SQLException {
    Session s = session();
    if (s != null) {
      if (s.unsettled) {
        settle(s);
      }
      s.executing();
    }
    if (observer != null) {
      tell(observer);
    }
    return s;
  }

  /** As {@link #executing()}, for a call that has no SQL text and surely writes. */
  @Nullable Session writing() throws SQLException {
    Session s = session();
    if (s != null) {
      s.marks |= SqlTexts.MAY_WRITE;
    }
    return executing();
  }

  @Override
  public DatabaseMetaData getMetaData() throws SQLException {
    beginning();
    return super.getMetaData();
  }

  @Override
  Statement wrap(Statement bare) {
    return track(new PooledStatement(this, bare));
  }

  @Override
  PreparedStatement wrap(PreparedStatement bare) {
    return track(new PooledPreparedStatement(this, bare));
  }

  @Override
  CallableStatement wrap(CallableStatement bare) {
    return track(new PooledCallableStatement(this, bare));
  }

  /**
   * The face of the statement that results belong to. If it isn't listed yet, it is from now on.
   */
  OpenStatement faceOf(Statement bare) {
    for (OpenStatement at = open; at != null; at = at.next) {
      if (at.bare() == bare) {
        return at;
      }
    }
    if (bare instanceof CallableStatement call) {
      return track(new PooledCallableStatement(this, call));
    }
    return bare instanceof PreparedStatement prepared
        ? track(new PooledPreparedStatement(this, prepared))
        : track(new PooledStatement(this, bare));
  }

  @Override
  DatabaseMetaData wrap(DatabaseMetaData bare) {
    Session s = session();
    if (s != null) {
      s.querying(); // the calls of meta data are queries, too
    }
    return new PooledDatabaseMetaData(this, s == null ? null : s.jdbc, bare);
  }

  boolean closesItself() {
    Session s = session();
    return s != null && s.has(Session.CLOSES_ITSELF);
  }

  void markClosesItself() {
    Session s = session();
    if (s != null) {
      s.marks |= Session.CLOSES_ITSELF;
    }
  }

  // ---- transactions ---------------------------------------------------------------------------

  /**
   * Commits. If the answer gets lost, a unit of work looks the outcome up; outside of units {@link
   * CommitOutcomeUnknownException} is thrown, with SQLState 08007.
   */
  @Override
  public void commit() throws SQLException {
    UnitObserver unit = observer();
    if (unit != null) {
      unit.commit();
      beginNext();
    } else {
      committing(super::commit);
      ended();
    }
  }

  /** Commits without asking the unit of work: for the unit itself, or where there is none. */
  public void commitNow() throws SQLException {
    super.commit();
    ended();
  }

  private void ended() throws SQLException {
    requireEnded();
    settled();
  }

  @Override
  public void rollback() throws SQLException {
    if (observer != null) {
      observer.rollingBack();
    }
    rollbackNow();
    if (observer() != null) {
      beginNext();
    }
  }

  private void rollbackNow() throws SQLException {
    super.rollback();
    settingsRolledBack(session());
    settled();
  }

  @Override
  public void rollback(Savepoint savepoint) throws SQLException {
    requireNotHeldUp();
    super.rollback(savepoint);
    settingsRolledBack(session());
  }

  /** A rollback may have undone what was set within the transaction. */
  private static void settingsRolledBack(@Nullable Session s) {
    if (s != null && s.has(Session.CHANGED)) {
      s.settings().rolledBack();
    }
  }

  /**
   * Called when a transaction has ended. Outside of units of work the next one is begun ahead here.
   * Within a unit {@link #commit} and {@link #rollback} do so if its work has called them;
   * otherwise the unit or its run has ended with the transaction, and none follows.
   */
  private void settled() {
    Session s = session();
    if (s != null) {
      s.settled();
      if (s.unsettled && observer == null) {
        beginNext();
      }
    }
  }

  // ---- the rest -------------------------------------------------------------------------------

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return unwrap(type, this, delegate());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return isWrapperFor(type, this, delegate());
  }

  /**
   * Unwraps any face of this connection's. What the program does with the driver's own object goes
   * unseen.
   */
  <T> T unwrap(Class<T> type, Object face, Wrapper bare) throws SQLException {
    Session s = current();
    requireClass(type);
    if (type.isInstance(face)) {
      return type.cast(face);
    }
    // This comes first: exposed() asks the driver for what may be changed unseen from now on.
    beginning();
    s.exposed();
    if (s.unsettled) {
      settle(s);
    }
    if (!s.isSettingUp()) {
      handedOut(s);
    }
    try {
      return type.isInstance(bare) ? type.cast(bare) : bare.unwrap(type);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  private void handedOut(Session s) {
    if (observer == null) {
      s.handedOut(leaseOf(s));
    } else {
      observer.exposed();
    }
  }

  boolean isWrapperFor(Class<?> type, Object face, Wrapper bare) throws SQLException {
    current();
    requireClass(type);
    try {
      return type.isInstance(face) || type.isInstance(bare) || bare.isWrapperFor(type);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * Throws for a mistake of the caller's. The driver isn't asked, for what it throws might count as
   * a failure of the connection.
   */
  private static void requireClass(@Nullable Class<?> type) throws SQLException {
    if (type == null) {
      throw new SQLException("Unwrapping takes a class", "22023");
    }
  }

  @Override
  public String toString() {
    Session s = session();
    return s == null ? "closed connection" : s.toString();
  }

  // ---- for units of work ------------------------------------------------------------------------

  /** Tells interceptors that the lease ends without {@link #close()}; each is told only once. */
  public void returning() {}

  /**
   * Rolls back the transaction that is open, if one is, however it was begun. If nobody can know
   * whether one is open, most likely there is nothing to roll back.
   */
  public void rollBackOpen() throws SQLException {
    rollBackOpen(false);
  }

  /**
   * As {@link #rollBackOpen()}.
   *
   * @param called whether to roll back also what a procedure may have begun
   */
  public void rollBackOpen(boolean called) throws SQLException {
    boolean unseen =
        current().mayHaveBegunBySql()
            || (called && current().mayHaveBegunInCall() && request(s -> s.jdbc.getAutoCommit()));
    if (!unseen && !current().mayBeInTransaction()) {
      return;
    }
    if (!unseen && !request(s -> s.jdbc.getAutoCommit())) {
      rollbackNow(); // the transaction is the unit's own
      return;
    }
    perform(
        s -> {
          s.rollBackBySql();
          if (s.isBlind()) {
            s.settings().forgetCurrent(Setting.AUTO_COMMIT); // that may have turned it on
          }
          settingsRolledBack(s);
          s.settled();
        });
  }
}
