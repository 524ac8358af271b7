package io.everpool.core.jdbc;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Effects;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * A connection that asks of each failure what it means: the lease is doomed where the connection
 * was lost, a unit of work hears of it, and a COMMIT or a write in autocommit that got no answer is
 * told apart from one that failed. Called on the thread that met the failure.
 *
 * <p>A little long, so that what a failure means is judged in one place.
 */
public abstract class JudgedConnection extends LeasedConnection {
  /** An observer that hears nothing. It stands for null if the connection may be renewed. */
  private static final UnitObserver SILENT = new Silent();

  /**
   * The observer that hears what is sent; null outside of units of work. This field also says
   * whether a renewal may come: a second field for that would enlarge the object that each lease
   * allocates.
   */
  @Nullable UnitObserver observer;

  JudgedConnection(Session session, long lease) {
    super(session, lease);
  }

  JudgedConnection() {}

  @Override
  final boolean mayBeRenewed() {
    return observer != null;
  }

  /**
   * Lets nobody hear what is sent from now on, and yet allows a renewal. Must be called before the
   * renewal begins: a thread that closes this asks {@link #mayBeRenewed} and must find it true.
   * Returns what to {@link #observer(UnitObserver) put back} afterwards.
   */
  public final @Nullable UnitObserver silence() {
    return observer(SILENT);
  }

  /** The observer that hears what is sent; null outside of units of work. */
  @SuppressWarnings("ReferenceEquality") // there is only one SILENT
  public final @Nullable UnitObserver observer() {
    UnitObserver present = observer;
    return present == SILENT ? null : present;
  }

  /** Has {@code value} hear what is sent from now on. Returns what to put back afterwards. */
  public final @Nullable UnitObserver observer(@Nullable UnitObserver value) {
    UnitObserver before = observer;
    observer = value;
    Session s = session();
    if ((before == null) != (value == null) && s != null && s.isExposedInWork()) {
      s.handedOut(value == null ? leaseOf(s) : 0); // a unit finds out itself what it has lost
    }
    return before;
  }

  @Override
  final SQLException failed(SQLException e) {
    Session s = session();
    if (s == null) {
      return e;
    }
    SQLException judged = judged(s, e);
    endIfLost(s);
    return judged;
  }

  private SQLException judged(Session s, SQLException e) {
    s.marks |= Session.FAILED;
    try {
      SQLException judged = judge(s, e);
      UnitObserver unit = observer();
      if (unit == null
          ? s.commitInDoubt() && s.isLoss(e)
          : s.commitUnanswered() && s.loss != null) {
        judged =
            unit == null
                ? LostAnswer.ofCommit(
                    s, e, StacklessLoss.isOf(s.loss, e)) // only its first failure is told
                : unit.commitUnanswered(s, judged);
      }
      LostAnswer.tellOfLoss(s, judged);
      return judged;
    } catch (Throwable more) {
      s.marks |= Session.BROKEN; // the stack is too deep to ask: it isn't lent again
    }
    return e;
  }

  /**
   * As {@link #failed(SQLException)}, for a call that has waited for the answer to a statement. If
   * the connection was lost in that call and what was sent may be there for good, the failure says
   * so, but only outside of units of work. (A unit that isn't run again says so itself. But if its
   * connection was aborted it hears of no loss, and the failure says so here.)
   *
   * @param on the session on which it was sent: another thread may have closed or aborted this
   *     since
   */
  final SQLException failed(SQLException e, @Nullable Session on) {
    Session s = session();
    SQLException told = told(s == null ? e : judged(s, e), e, on);
    if (s != null) {
      endIfLost(s); // last: what has no answer is read of the session while it is the holder's
    }
    return told;
  }

  private SQLException told(SQLException judged, SQLException e, @Nullable Session on) {
    if (on == null || judged != e || (observer != null && session() != null)) {
      return judged;
    }
    try {
      if (!isLossOf(on, e) || isLostBefore(on, e)) {
        return e;
      }
      if (on.commitInDoubt()) {
        // A text has sent this COMMIT, and the lease was over before the failure.
        return LostAnswer.ofCommit(on, e, true);
      }
      return on.mayHaveWrittenUnanswered() ? LostAnswer.ofWrite(on, e) : e;
    } catch (Throwable more) {
      return e; // it is the driver's own failure, though nobody can say what it means
    }
  }

  /**
   * Whether an earlier call met the loss: then this one has sent nothing, and all was told before.
   */
  private boolean isLostBefore(Session on, SQLException e) {
    SQLException first = on.loss;
    return first != null && !StacklessLoss.isOf(first, e) && session() == on && on.shut();
  }

  /** Whether {@code on} was lost. Writes nothing to a session that isn't this face's any more. */
  private boolean isLossOf(Session on, SQLException e) {
    return session() == on
        ? on.isLoss(e)
        : on.shut() && on.leases.classify(e).fatal() && !isClosed(e);
  }

  /**
   * Throws if the program has left something under way, behind which a request would wait for ever
   * or be given that other answer.
   */
  public final void requireNotHeldUp() throws SQLException {
    Session s = session();
    if (s != null && s.isHeldUp()) {
      throw SessionFacts.heldUp(null);
    }
  }

  /** Throws if a COMMIT got an answer that wasn't its own, for its own is still to come. */
  public final void requireAnswered() throws SQLException {
    Session s = session();
    if (s != null && s.isHeldUp()) {
      throw failed(
          new SQLException(
              "The driver has read another answer in place of the COMMIT's, which was left unread"
                  + " on its own object",
              "08006"));
    }
  }

  /** A call of JDBC's that commits. */
  interface Committing {
    void run() throws SQLException;
  }

  /**
   * Makes a call that commits. If an adapter sees what is sent, {@link #failed} knows of a COMMIT
   * without an answer. For other drivers it is found out here: a COMMIT has no answer if the
   * connection was lost in this call and a transaction may have been open that may have written. A
   * driver that throws an unchecked exception may have sent the COMMIT before that.
   *
   * <p>If nobody knows the outcome, this face is closed, as a unit of work closes it: otherwise a
   * framework that sets something back or rolls back now could hide the outcome by another failure
   * ({@link LostAnswer#closedSince}). But it stays open while it is being set up for a unit of work
   * ({@link #silence}), which goes on over another session.
   */
  final void committing(Committing call) throws SQLException {
    Session s = current();
    boolean manual = !s.autoCommit();
    boolean may = s.mayBeInTransaction();
    boolean commits = manual || may; // otherwise nothing is sent
    if (commits) {
      requireNotHeldUp();
    }
    boolean open = manual && may;
    boolean first = !s.broken();
    long begun = open ? s.moment() : 0;
    SQLException unknown;
    try {
      call.run();
      if (commits) {
        requireAnswered();
      }
      return;
    } catch (CommitOutcomeUnknownException e) {
      unknown = e;
    } catch (SQLException e) {
      boolean lost = open && s.isLoss(e);
      if (!lost || s.effectsSince(begun) != Effects.UNPROVEN || s.commitsNothing()) {
        throw e;
      }
      unknown = LostAnswer.ofCommit(s, e, StacklessLoss.isOf(s.loss, e));
    } catch (RuntimeException e) {
      if (!open || s.effectsSince(begun) == Effects.NONE) {
        throw e;
      }
      unknown = LostAnswer.ofFailedCommit(s, e, first);
    } catch (Error e) { // it passes as it is
      if (open && first && !MissingMethods.isMissed(e) && s.effectsSince(begun) != Effects.NONE) {
        LostAnswer.tellOfCommit(s, e);
      }
      throw e;
    }
    if (observer == null && !isOver()) { // a program that closed it is told "closed"
      s.loss = unknown; // the clean-up gives away what it finds there, and closeAfter keeps it
      closeAfter(s, true);
    }
    throw unknown;
  }

  private static boolean isClosed(SQLException e) {
    return "08003".equals(e.getSQLState());
  }

  /** Returns what to throw. */
  private SQLException judge(Session s, SQLException e) {
    Verdict verdict = s.verdict(e);
    if (verdict == Verdict.READ_ONLY_SERVER) {
      // If the server isn't the cause, the program has asked for a read-only transaction itself.
      return s.isWriteRefusedByServer() ? writeRefused(s, e) : e;
    }
    if (verdict.fatal()) {
      doom(s, verdict, e);
      return e;
    }
    if (s.shut()) {
      doom(s, Verdict.CONNECTION_LOST, e); // of an unknown SQLState: the driver has closed it
      return e;
    }
    if (verdict == Verdict.STALE_PLAN) {
      s.marks |= Session.STALE_PLANS;
    }
    if (verdict == Verdict.STATEMENT_FAILED) {
      return s.explained(e, s.effectsToClear());
    }
    if (observer != null) {
      observer.failed(verdict, e);
    }
    return e;
  }

  /**
   * A write was refused by the server. The connection still reads: whether it is kept depends on
   * whether there is another server that takes writes.
   */
  private SQLException writeRefused(Session s, SQLException e) {
    switch (s.leases.writeRefused(s)) {
      case KEPT -> {
        // waiting, or trying again, would be in vain
      }
      case SOUGHT -> {
        if (observer != null) {
          observer.writeRefused();
        }
      }
      case REPLACED -> doom(s, Verdict.READ_ONLY_SERVER, e);
    }
    return WriteRefusedException.of(e, s.leases.connector());
  }

  @Override
  final void broken(Throwable e) {
    Session s = session();
    if (s == null) {
      return;
    }
    if (MissingMethods.isMissed(e)) {
      s.marks |= Session.FAILED; // no code of the driver's has run
      return;
    }
    s.marks |= Session.BROKEN; // this comes first: there may be no stack left for a call
    try {
      brokenElsewhere(s, e);
    } catch (Throwable more) {
      // it is marked, and closed when it comes back
    }
  }

  /** As {@link #broken}, on another thread than the holder's. Does nothing if the lease is over. */
  final void brokenElsewhere(Session s, Throwable e) {
    s.leases.doom(
        s,
        leaseOf(s),
        Verdict.CONNECTION_LOST,
        new SQLException("The driver has thrown " + e.getClass().getName(), e));
  }

  private void doom(Session s, Verdict verdict, SQLException failure) {
    if (s.loss == null) {
      s.loss = failure;
    }
    s.leases.doom(s, leaseOf(s), verdict, failure);
    if (observer != null) {
      observer.failed(verdict, failure);
    }
  }

  /** Something asked of the session. */
  interface Request<T> {
    T on(Session session) throws SQLException;
  }

  /** Something done with the session. */
  interface Action {
    void on(Session session) throws SQLException;
  }

  /** Makes a request whose failures are judged as those of any call are. */
  final <T> T request(Request<T> request) throws SQLException {
    try {
      return request.on(current());
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
  }

  /** As {@link #request}, for what has no answer. */
  final void perform(Action action) throws SQLException {
    request(
        s -> {
          action.on(s);
          return s;
        });
  }

  /**
   * Dooms the session if it is dead, though no failure has passed through here that said so: the
   * program may have used the driver's own object. Sends nothing.
   */
  public final boolean foundBroken(Verdict verdict, SQLException failure) {
    Session s = session();
    if (s == null || !s.dead()) {
      return false;
    }
    doom(s, verdict, failure);
    UnitObserver unit = observer();
    if (unit != null && s.commitUnanswered()) {
      unit.commitUnanswered(s, failure);
    }
    return true;
  }

  /** If the answer is false, the connection isn't lent again. */
  @Override
  public final boolean isValid(int seconds) throws SQLException {
    Session s = session();
    if (s == null || s.isHeldUp()) {
      return false;
    }
    s.marks |= Session.ASKED;
    try {
      if (s.isValid(seconds)) {
        return true;
      }
    } catch (SQLException e) {
      throw failed(e);
    } catch (Throwable e) {
      broken(e);
      throw e;
    }
    doom(
        s,
        Verdict.CONNECTION_LOST,
        new SQLNonTransientConnectionException("Found invalid by isValid", "08006"));
    endIfLost(s);
    return false;
  }

  private static final class Silent implements UnitObserver {
    @Override
    public void executing() {}

    @Override
    public void exposed() {}

    @Override
    public void failed(Verdict verdict, SQLException failure) {}

    @Override
    public void writeRefused() {}

    @Override
    public void commit() {
      throw new AssertionError("asked instead of the connection");
    }
  }
}
