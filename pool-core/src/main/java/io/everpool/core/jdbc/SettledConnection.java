package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.framework.SharedLease;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;

/**
 * A connection that settles, before the driver sends something: it tells the server what it has to
 * know first ({@link SessionSettings#settle}). That is whether writes are refused and, where
 * sessions are shared, the schema and the level of isolation of the next transaction.
 *
 * <p>Before a statement, {@link PooledConnection#executing} does that, and before the driver's own
 * questions {@link AskingConnection}. Here are the other occasions: when a transaction begins or
 * ends, and when the program has the driver's own object. What the program does by that object may
 * be left unread or under way; this is looked for when a transaction ends, and when a framework
 * lends the connection on.
 */
abstract class SettledConnection extends JudgedConnection implements SharedLease {
  /** SQLState of an answer that was meant for another question. */
  private static final String UNREAD = "08P01";

  SettledConnection(Session session, long lease) {
    super(session, lease);
  }

  SettledConnection() {}

  /**
   * Proves that a COMMIT is going to get its own answer, if the program has had the driver's own
   * object: by that the program may have left an answer in the driver's buffer, which nobody sees.
   */
  public final void prove() throws SQLException {
    prove(s -> s.physical().prove());
  }

  /**
   * Throws if the transaction is open though a COMMIT was answered: then something else was run in
   * its place, and nothing is committed. A pooler that passes prepared statements on by the names
   * that its clients gave them does that. Is called behind {@link #committing}, which would take
   * this for a COMMIT without an answer where nobody sees what the driver sends.
   */
  final void requireEnded() throws SQLException {
    Session s = session();
    if (s != null && saysOpen(s) && !s.isHeldUp()) {
      throw failed(
          new SQLException(
              "The COMMIT was answered, and the transaction is open all the same: something else"
                  + " was run in its place, and nothing is committed. If a pooler lies before the"
                  + " server, it may mix up the statements that its clients have prepared: set"
                  + " pooler = transaction, or have the driver prepare none (prepareThreshold = 0)",
              "08006"));
    }
  }

  /** A driver that fails here says nothing, and what it has committed is no failure for that. */
  private static boolean saysOpen(Session s) {
    try {
      return s.transactionState() == TransactionState.OPEN;
    } catch (RuntimeException | Error e) {
      return false; // the session is marked, and goes no further than this lease
    }
  }

  private void prove(Action proof) throws SQLException {
    Session s = current();
    if (!s.isExposedInWork()) {
      return;
    }
    try {
      proof.on(s);
    } catch (SQLException e) {
      throw UNREAD.equals(e.getSQLState()) || s.isHeldUp() ? SessionFacts.heldUp(e) : failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * Rolls back. If something was left under way, nothing can be sent behind it: then the connection
   * is cut, and by that the server rolls back. This isn't thrown, for the program's own failure is
   * the one to be told.
   */
  @Override
  public void rollback() throws SQLException {
    Session s = session();
    if (s == null || !s.isHeldUp()) {
      super.rollback();
    }
    if (s != null && s.isHeldUp()) { // it may be so by now: the rollback has read another answer
      if (s.dead()) { // that is a loss like any other: a unit has to hear of it
        throw failedUnseen();
      }
      s.loss = SessionFacts.heldUp(null);
      closeAfter(s, true);
    }
  }

  private SQLException failedUnseen() {
    Session s = session();
    SQLException told = s == null ? null : StacklessLoss.whole(s.loss);
    return failed(new SQLException("The connection was lost", "08006", told));
  }

  @Override
  public final boolean mayBeginPart() throws SQLException {
    Session lost = lost();
    if (lost != null && SessionFacts.isHeldUp(lost.loss)) {
      return false; // the rollback of the part before has cut it
    }
    Session s = current();
    if (s.broken() || s.mayHangUnseen()) {
      return false;
    }
    boolean heldUp = s.isHeldUp();
    if (s.shut() || ((heldUp || s.has(Session.FAILED)) && s.dead())) {
      throw failedUnseen(); // a unit has to hear of that
    }
    return !heldUp && isProven(s);
  }

  private boolean isProven(Session s) throws SQLException {
    try {
      prove(SettledConnection::proveAside);
      return !s.isHeldUp();
    } catch (SQLException e) {
      if (SessionFacts.isHeldUp(e)) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Proves it in a transaction that is rolled back. In autocommit an adapter would have to believe
   * that the question has written, and the unit would not be run again. The savepoint begins the
   * transaction, for an adapter may ask by ways that begin none. A driver that doesn't say what is
   * sent needs no such transaction: nothing is believed of it any more once its object was handed
   * out.
   */
  private static void proveAside(Session s) throws SQLException {
    boolean aside = s.autoCommit() && s.effectsSince(s.moment()) != Effects.UNPROVEN;
    if (aside) {
      s.jdbc.setAutoCommit(false);
      s.jdbc.setSavepoint();
    }
    s.physical().prove();
    if (!s.jdbc.getAutoCommit()) {
      s.jdbc.rollback(); // with autocommit off the question may have begun one as well
    }
    if (aside) {
      s.jdbc.setAutoCommit(true);
    }
  }

  @Override
  public final boolean endPart() throws SQLException {
    Session s = session();
    if (s == null || s.broken() || s.isHeldUp() || s.mayHangUnseen()) {
      return false;
    }
    for (Statement left : openStatements()) {
      left.close();
    }
    home().rollBackOpen(true); // this lease is the unit's: all that is open belongs to the part
    // Where the rollback got the answer to another request the connection is cut, and has lost its
    // session (rollback() above).
    return session() == s;
  }

  @Override
  public Savepoint setSavepoint() throws SQLException {
    requireNotHeldUp();
    beginning();
    current().querying(); // in SQLite it begins a transaction, in autocommit as well
    return super.setSavepoint();
  }

  @Override
  public Savepoint setSavepoint(String name) throws SQLException {
    requireNotHeldUp();
    beginning();
    current().querying(); // in SQLite it begins a transaction, in autocommit as well
    return super.setSavepoint(name);
  }

  @Override
  public void releaseSavepoint(Savepoint savepoint) throws SQLException {
    requireNotHeldUp();
    super.releaseSavepoint(savepoint);
  }

  /** Settles now if the program has the driver's own object: what it sends by that isn't seen. */
  final void settleIfExposed() throws SQLException {
    Session s = current();
    if (s.isExposed() && s.unsettled) {
      settle(s);
    }
  }

  /**
   * Begins the next transaction ahead, when one has ended: if the program has the driver's own
   * object, it could begin that itself, without the schema and the level.
   *
   * <p>A failure says nothing of the transaction that has ended, so it isn't thrown: the session is
   * cut instead, and whatever is done next fails.
   */
  final void beginNext() {
    Session s = session();
    if (s == null || !s.unsettled || !s.isSharedByTransaction() || s.autoCommit()) {
      return;
    }
    try {
      settleIfExposed();
    } catch (Throwable e) {
      s.leases.cut(s, leaseOf(s), CloseReason.FAILED);
    }
  }

  /** Begins the transaction ahead for a run of a unit. If that fails, it is the run's failure. */
  public final void beginAhead() throws SQLException {
    Session s = current();
    if (s.isSharedByTransaction() && !s.autoCommit()) {
      settleIfExposed();
    }
  }

  /** Ends a transaction that was begun ahead and is still empty: what follows is to find none. */
  public final void endBegunAhead() throws SQLException {
    if (current().isBegunAhead()) {
      requireNotHeldUp();
      super.rollback();
    }
  }

  /**
   * A unit ends within a transaction: what its options have set is set back when that is over.
   *
   * @param readOnly whether it has made the connection read-only
   * @param level the level of isolation before; below 0 if it has left that alone
   */
  public final void owe(boolean readOnly, int level) throws SQLException {
    current().owe(readOnly, level);
  }

  /**
   * Sets back what is owed because somebody asks for a setting; before a statement {@link #settle}
   * does so.
   */
  final void payBackOutside() throws SQLException {
    Session s = session();
    if (s != null && s.unsettled && s.loss == null) {
      perform(SessionSettings::payBackOutside);
    }
  }

  /** Settles for the next statement. */
  final void settle(Session s) throws SQLException {
    settle(s, false);
  }

  final void settle(Session s, boolean largeObject) throws SQLException {
    try {
      s.settle(largeObject);
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /**
   * The driver may be about to ask the server something of its own. With autocommit off that begins
   * the program's transaction, so it is settled first.
   */
  final void beginning() throws SQLException {
    Session s = current();
    if (s.unsettled && !s.autoCommit()) {
      settle(s);
    }
  }

  /**
   * A setter is about to be called that may send something. JDBC leaves open what that does to a
   * transaction, and with some drivers it is committed (H2 and Derby, for the level of isolation):
   * if nobody can see that, a unit of work hears of it as of a text that may commit.
   */
  final void setting() throws SQLException {
    requireNotHeldUp();
    UnitObserver unit = observer();
    if (unit != null && request(SessionFacts::mayBeCommittedUnseen)) {
      current().marks |= SqlTexts.MAY_END;
      tell(unit);
    }
  }

  final void tell(UnitObserver listening) {
    try {
      listening.executing(); // this asks the driver several things
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }
}
