package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A connection under a lease: how the lease begins, ends and is renewed. {@link #close()} and
 * {@link #abort} may come from any thread; renewals are for the thread that uses the connection.
 *
 * <p>Why two threads that close at the same time do no harm, though closing takes no lock and
 * writes nothing but plain fields. Each of them has read the session and the lease. On a session
 * with nothing to clean both call {@link LeaseManager#release}; its compare-and-set of the slot's
 * word from this very lease succeeds once. If there is something to clean, {@link
 * LeaseManager#resetStarted} comes first, and is another move of the same word from the same lease:
 * so of all who close, clean or not, one moves the word, and only he goes on. Between reading and
 * moving, the loser may look at the state of a session that somebody else holds by now, and may
 * conclude nonsense from them; but he writes nothing before his move, and his move fails. (He may
 * clear that session's warnings.)
 *
 * <p>A lease is the name of a state of one slot, so session and lease must be read as a pair that
 * belongs together, and a renewal changes both. Hence the order: it takes the lease away, then the
 * session, sets the new session, and then its lease; a reader reads the session, the lease, and the
 * session again, and a mixed pair shows in the second reading. The fences keep loads in order and
 * cost nothing on x86.
 *
 * <p>Only a unit of work renews, and a thread that ends the connection meanwhile must not go
 * unheard:
 *
 * <ul>
 *   <li>If it finds no lease, it writes CLOSED in the lease's place, by compare-and-set. The
 *       renewal sets the new lease by compare-and-set as well. So either the renewal finds CLOSED,
 *       or it was first, and then the thread finds the new lease and ends that.
 *   <li>If it finds a lease, it writes CLOSED in its place, too, and the renewal writes BETWEEN
 *       there before it takes the session away. The one whose compare-and-set fails came second: if
 *       it is the thread, it looks again and ends what it finds then; if it is the renewal, that
 *       gives up.
 * </ul>
 *
 * <p>It must be the lease that is compared, and not the session: that may go back in a renewal and
 * come again with the next, under another lease, and whoever had read it before would take it away
 * and end the old lease, so that the new one never ended. The number of a lease may come again,
 * too, for each slot counts by itself; but who has put CLOSED in its place finds the session of
 * that lease there, whichever it is.
 */
// Over 400 lines, more than a third of them this and other explanations: all that ends or renews a
// lease writes the same two fields from any thread, and is only right as a whole.
public abstract class LeasedConnection extends TrackingConnection {

  /** Stands in place of a lease: it is over for good. */
  private static final long CLOSED = -1;

  /** Stands in place of a lease: the last one is over, and {@link #rebind} may bring another. */
  private static final long BETWEEN = 0;

  /**
   * Stands in place of a lease: it is over for good, and the session is the one that was lost with
   * it.
   */
  private static final long LOST = -2;

  private static final VarHandle SESSION;
  private static final VarHandle LEASE;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      SESSION = lookup.findVarHandle(LeasedConnection.class, "session", Session.class);
      LEASE = lookup.findVarHandle(LeasedConnection.class, "lease", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private @Nullable Session session;
  private long lease;

  /** Makes a face under a lease that this thread has just acquired. */
  LeasedConnection(Session session, long lease) {
    this.session = session; // this comes first: G1 needs no barrier for a new object
    this.lease = lease;
    session.leaseStarted();
  }

  /** Makes a face that is closed from the beginning. */
  LeasedConnection() {
    lease = CLOSED;
  }

  /**
   * Whether a renewal may put another session behind this just now: a unit of work runs on it, or
   * is about to begin.
   *
   * <p>A boolean, and not the observer that it is decided by: HotSpot doesn't inline a method whose
   * signature names a class that isn't loaded ("unloaded signature classes"), and that class is
   * loaded by the first unit of work.
   */
  abstract boolean mayBeRenewed();

  // ---- what there is of the lease

  /** The session of the lease; null if this is closed. */
  @Override
  public final @Nullable Session session() {
    return lease == LOST ? null : session;
  }

  /** The session of the lease; throws if this is closed. */
  public final Session current() throws SQLException {
    Session s = session();
    if (s == null) {
      throw LostAnswer.closedSince(lost());
    }
    return s;
  }

  /**
   * The session that was lost here, if this was closed by {@link #closeAfter}; null if it wasn't,
   * or the program has closed it since.
   */
  final @Nullable Session lost() {
    return lease == LOST ? session : null;
  }

  /** Whether it was closed by {@link #closeAfter}, and not by the program since. */
  public final boolean isClosedAfterLoss() {
    return lease == LOST;
  }

  @Override
  final Connection delegate() throws SQLException {
    return current().jdbc;
  }

  /**
   * The lease that belongs to a session just read; BETWEEN if it doesn't belong here any more, or
   * is just being taken away or set.
   */
  final long leaseOf(@Nullable Session s) {
    VarHandle.loadLoadFence();
    long l = lease;
    VarHandle.loadLoadFence();
    return s == session ? l : BETWEEN;
  }

  static SQLException closed() {
    return new SQLNonTransientConnectionException("This connection is closed", "08003");
  }

  /** Whether this is open and belongs to {@code leases}. */
  public final boolean isOf(LeaseManager leases) {
    Session s = session();
    return s != null && s.leases == leases;
  }

  // ---- its end

  /**
   * Ends the lease, whatever happens. Never throws: if there is no memory or no stack for that, the
   * mere write of a field leaves it to upkeep.
   */
  @Override
  public void close() {
    Session s = session;
    long read = lease;
    try {
      if (s != null && isUntouched(s, read)) {
        session = null;
        s.leases.release(s, read);
      } else if (!end(s)) {
        close(); // a renewal came in between: look again
      }
    } catch (Throwable e) {
      if (session == s) {
        session = null;
      }
      if (s != null) {
        s.stranded = read; // this has no effect if that lease is over
      }
    }
  }

  /**
   * Whether nothing was done under a lease, and no unit of work may renew it: it then ends as
   * {@link #end} would end it, without the questions that only others are asked. As in {@code end},
   * the pair is read first, and after it whether a renewal may come. A thread that has lost a race
   * may read nonsense from the marks, and then its release fails. A lease's number is never below
   * 1; what stands in place of one always is.
   */
  private boolean isUntouched(Session s, long read) {
    return read > BETWEEN && leaseOf(s) == read && open == null && !mayBeRenewed() && s.marks == 0;
  }

  /** Ends the lease of the session; false if a renewal came in between. */
  private boolean end(@Nullable Session s) {
    long l = leaseOf(s);
    if (l == BETWEEN) {
      return forbidRenewal();
    }
    if (s == null || l == CLOSED) {
      return true;
    }
    if (l == LOST) {
      s.keepWordsOfLoss();
      return SESSION.compareAndSet(this, s, null);
    }
    OpenStatement left = open;
    Session ours = s;
    if (!mayBeRenewed()) {
      session = null;
    } else if (LEASE.compareAndSet(this, l, CLOSED)) {
      ours = session; // a renewal may have brought it since, with a lease of the same number
      session = null;
    } else {
      return false;
    }
    if (ours == null) {
      return true; // another thread has closed this at the same time
    }
    if (left == null && ours.marks == 0) {
      ours.leases.release(ours, l);
    } else {
      open = null;
      boolean lost = ours.loss != null; // read before the clean-up, which gives it away
      SessionCleanup.of(ours, l, left);
      if (lost) {
        ours.keepWordsOfLoss();
      }
    }
    return true;
  }

  /**
   * Closes this because its session was lost and no other takes its place, although a COMMIT on it
   * may have succeeded. Unlike after {@link #close()}, what was set for that transaction can still
   * be set back, as frameworks do after a COMMIT; see {@link RestoredConnection}.
   *
   * @param settled true if the program has asked already for the end of any transaction that was
   *     lost with it; otherwise autocommit can't be set back
   */
  public final void closeAfter(Session lost, boolean settled) {
    SQLException loss = lost.loss;
    close();
    if (loss != null) {
      lost.loss = StacklessLoss.of(loss); // the program is told of it until it closes this itself
    }
    if (!settled && lost.settings != null) {
      lost.settings.forgetAutoCommit();
    }
    LEASE.setVolatile(this, LOST);
    SESSION.setRelease(this, lost); // comes last: who reads this finds its lease over
  }

  /**
   * Ends the lease of a session that was lost, if the driver has closed it and no unit of work may
   * go on with another: its slot is free at once. Some frameworks (EclipseLink with exclusive
   * connections) drop such a connection, and neither close it nor ask whether it is closed. The
   * program may still close this face, and set back what it has set.
   */
  final void endIfLost(Session s) {
    try {
      if (!mayBeRenewed() && s.loss != null && s.isClosedForCertain()) {
        s.keepWordsOfLoss(); // it is never lent again
        s.leases.cut(s, leaseOf(s), CloseReason.FAILED);
      }
    } catch (Throwable e) {
      s.marks |= Session.BROKEN; // the connection is closed when it comes back
    }
  }

  /** Keeps a renewal that is under way from bringing a session; false if it has brought one. */
  private boolean forbidRenewal() {
    return LEASE.compareAndSet(this, BETWEEN, CLOSED);
  }

  /** Whether it has no session any more: it was closed, or let go by a unit of work. */
  public final boolean isGivenBack() {
    return session() == null;
  }

  /**
   * Whether it was closed, and no renewal brings another session. Only the thread that renews may
   * ask.
   */
  public final boolean isOver() {
    return session() == null && lease != BETWEEN;
  }

  /**
   * Cuts the connection, also under a thread that is using it; it is never lent again. As closing
   * does, it first ends the lease and then touches the connection, which by then would be another's
   * if somebody had closed it meanwhile. The cut itself is the pool's, on a thread of its own.
   *
   * @param executor not needed, but JDBC asks for one
   */
  @Override
  public final void abort(Executor executor) throws SQLException {
    if (!cut(session, executor)) {
      abort(executor); // a renewal came in between: look again
    }
  }

  /** As {@link #end}, but cuts it. */
  private boolean cut(@Nullable Session s, @Nullable Executor executor) throws SQLException {
    long l = leaseOf(s);
    if (l == BETWEEN) {
      return forbidRenewal();
    }
    if (s == null || l == CLOSED || l == LOST) {
      return true;
    }
    if (executor == null) {
      throw new SQLException("Aborting takes an executor", "22023");
    }
    if (!mayBeRenewed()) {
      s.keepWordsOfLoss(); // it is never lent again
      s.leases.cut(s, l, CloseReason.ABORTED);
      return SESSION.compareAndSet(this, s, null);
    }
    if (!LEASE.compareAndSet(this, l, CLOSED)) {
      return false;
    }
    Session ours = session; // a renewal may have brought it, as in end
    session = null;
    if (ours != null) {
      try {
        ours.keepWordsOfLoss();
        ours.leases.cut(ours, l, CloseReason.ABORTED);
      } catch (Throwable e) {
        ours.stranded = l; // upkeep ends it, as in close()
        throw e;
      }
    }
    return true;
  }

  /**
   * Has what runs here cancelled, because the time of the work is over. The holder keeps this face,
   * and finds its session lost at the latest when he uses it next. May be called on any thread.
   *
   * @return what to run if the cancelling had no effect: it cuts the session, if the lease isn't
   *     over by then; null if this is closed, or between two sessions
   */
  public final @Nullable Runnable cancel() {
    Session s = session();
    long l = leaseOf(s);
    if (s == null || l == BETWEEN || l == CLOSED || l == LOST) {
      return null;
    }
    return s.leases.cancel(s, l);
  }

  // ---- its renewal

  /**
   * Gives the session back to be closed and leaves this face between two sessions: nothing works on
   * it until {@link #rebind} brings another. Its statements are closed without asking the driver,
   * who might wait for an answer.
   *
   * @return whether it did; false if there was none, or another thread has closed this just now,
   *     and then the session may be lent to somebody else
   */
  public final boolean letGo() {
    Session s = session();
    if (s == null) {
      return false;
    }
    long l = lease;
    if (!takeAway(s, l)) {
      return false;
    }
    try {
      OpenStatement left = open;
      open = null;
      while (left != null) {
        OpenStatement next = left.next;
        left.orphan();
        left = next;
      }
      s.keepWordsOfLoss(); // a unit may tell of it yet, by closeAfter
      s.leases.retire(s, l, CloseReason.FAILED);
      return true;
    } catch (Throwable e) {
      s.stranded = l; // upkeep ends it: nobody else knows of this lease any more
      throw e;
    }
  }

  /**
   * Gives the session back to be lent again and leaves this face between two sessions, as {@link
   * #letGo} does; does nothing if there is no session.
   *
   * @throws SQLException if anything of it is still in use: an open statement, an open transaction
   */
  public final void giveBack() throws SQLException {
    Session old = session();
    if (old == null) {
      return;
    }
    if (!openStatements().isEmpty() || old.inTransaction()) {
      throw new SQLException(
          "A connection can't be renewed while its statements or its transaction are open",
          "25001");
    }
    long l = lease;
    if (takeAway(old, l)) {
      try {
        open = null;
        SessionCleanup.of(old, l, null);
      } catch (Throwable e) {
        old.stranded = l; // upkeep ends it, as in letGo
        throw e;
      }
    }
  }

  /**
   * Goes on over another session, whose lease the caller has acquired.
   *
   * @throws SQLException if this face was closed meanwhile, or if anything of its old session is
   *     still in use (an open statement, an open transaction); {@code next} stays the caller's
   */
  public final void rebind(Session next, long nextLease) throws SQLException {
    giveBack();
    if (lease != BETWEEN) {
      throw closed();
    }
    next.leaseStarted();
    session = next;
    if (!LEASE.compareAndSet(this, BETWEEN, nextLease)) {
      session = null;
      throw closed();
    }
  }

  /**
   * Takes session and lease away for a renewal. Returns false if another thread has closed this
   * face: then there is no renewal.
   */
  private boolean takeAway(Session s, long l) {
    if (l == CLOSED || l == LOST || !LEASE.compareAndSet(this, l, BETWEEN)) {
      return false;
    }
    if (SESSION.compareAndSet(this, s, null)) {
      return true;
    }
    lease = CLOSED; // a thread closed this that saw no unit of work yet
    return false;
  }
}
