package io.everpool.core.jdbc;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import org.jspecify.annotations.Nullable;

/**
 * A connection that asks of each failure what it means: the lease is doomed where the connection
 * was lost, a unit of work hears of it, and a COMMIT that got no answer is told from one that
 * failed. On the thread on which the failure was met.
 */
abstract class JudgedConnection extends LeasedConnection {
  private static final String FACES = JudgedConnection.class.getPackageName() + ".";

  /** In place of an observer: another session may come though nobody hears of what is sent. */
  private static final UnitObserver SILENT = new Silent();

  /** Null outside of units of work. There is no room for another field in what each lease makes. */
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
   * Has nobody hear what is sent from now on, though another session may come for this; to be
   * called well before it comes, for threads that close this look whether it may and act on that.
   * Returns what to {@link #observer(UnitObserver) put back} afterwards.
   */
  public final @Nullable UnitObserver silence() {
    return observer(SILENT);
  }

  /** Who hears what is sent; null outside of units of work. */
  @SuppressWarnings("ReferenceEquality") // there is one
  public final @Nullable UnitObserver observer() {
    UnitObserver present = observer;
    return present == SILENT ? null : present;
  }

  /** Has {@code value} hear what is sent from now on. Returns what to put back afterwards. */
  public final @Nullable UnitObserver observer(@Nullable UnitObserver value) {
    UnitObserver before = observer;
    observer = value;
    return before;
  }

  @Override
  final SQLException failed(SQLException e) {
    Session s = session();
    if (s == null) {
      return e;
    }
    s.marks |= Session.FAILED;
    try {
      SQLException judged = judge(s, e);
      if (observer() == null && s.commitUnanswered() && isLoss(s, e)) {
        return outcomeUnknown(s, e);
      }
      tellOfLoss(s, judged);
      return judged;
    } catch (Throwable more) {
      s.marks |= Session.BROKEN; // so deep that nothing can be asked: it is not lent again
    }
    return e;
  }

  /**
   * Once it was lost, all that a connection says is that it is closed. A framework whose rollback
   * fails with that throws it in place of what its work has thrown; so it has the loss as its
   * cause.
   */
  private static void tellOfLoss(Session s, SQLException e) {
    SQLException loss = s.loss;
    if (loss == null
        || !isClosed(e)
        || e.getCause() != null
        || Causes.first(loss, at -> at == e) != null) {
      return;
    }
    try {
      e.initCause(loss);
    } catch (IllegalStateException given) {
      e.addSuppressed(loss); // it was made to have none
    }
  }

  private static boolean isClosed(SQLException e) {
    return "08003".equals(e.getSQLState());
  }

  /** Whether the connection was lost, and just now: afterwards it is only closed (08003). */
  private static boolean isLoss(Session s, SQLException e) {
    Verdict verdict = verdict(s, e);
    return verdict.fatal() && verdict != Verdict.READ_ONLY_SERVER && !isClosed(e);
  }

  /**
   * What a failure means where it was met in use. A login is refused before that: whoever is denied
   * something then, and keeps his session, was denied a privilege, which some databases say in the
   * same words (MySQL: 28000 for FILE). That is his statement's failure. An adapter that sees the
   * session knows better: it may have to end, though its driver keeps it (PgCat).
   */
  static Verdict verdict(Session s, SQLException e) {
    Verdict verdict = s.leases.classify(e);
    return verdict == Verdict.ACCESS_DENIED
            && !s.dead()
            && s.transactionState() == TransactionState.UNKNOWN
        ? Verdict.STATEMENT_FAILED
        : verdict;
  }

  /**
   * Of a COMMIT that gets no answer, outside of units of work: these ask what became of it. Not
   * even a server that says that it ends the session has said that, unless it has waited for it.
   */
  private static SQLException outcomeUnknown(Session s, SQLException lost) {
    if (s.loss == lost) { // else that was told when the connection was lost
      s.leases.emit(
          new PoolEvent.CommitResolved(s.leases.config().name(), "", CommitStatus.UNKNOWN));
    }
    return new CommitOutcomeUnknownException(
        "The connection was lost during a COMMIT, which may have been done: look for its effect"
            + " before you repeat it (Pool.inTransaction asks the server). "
            + lost.getMessage(),
        null,
        lost);
  }

  /** A call of JDBC's that commits. */
  interface Committing {
    void run() throws SQLException;
  }

  /** Commits by a call of JDBC's; a driver may not have seen more of that than we have. */
  final void committing(Committing call) throws SQLException {
    Session s = current();
    boolean open = s.mayBeInTransaction() && !s.autoCommit();
    long begun = open ? s.moment() : 0;
    try {
      call.run();
    } catch (SQLException e) {
      boolean unseen =
          open
              && !(e instanceof CommitOutcomeUnknownException)
              && isLoss(s, e)
              && s.effectsSince(begun) == Effects.UNPROVEN;
      throw unseen ? outcomeUnknown(s, e) : e;
    }
  }

  /** Returns what to throw. */
  private SQLException judge(Session s, SQLException e) {
    Verdict verdict = verdict(s, e);
    if (verdict == Verdict.READ_ONLY_SERVER) {
      // Else the program has asked for a read-only transaction, and that is all.
      return s.isWriteRefusedByServer() ? writeRefused(s, e) : e;
    }
    if (verdict.fatal()) {
      doom(s, verdict, e);
      return e;
    }
    if (s.shut()) {
      doom(s, Verdict.CONNECTION_LOST, e); // a state that nobody knows, but the driver has gone
      return e;
    }
    if (verdict == Verdict.STALE_PLAN) {
      s.marks |= Session.STALE_PLANS;
    }
    if (verdict == Verdict.STATEMENT_FAILED) {
      return s.physical().explained(e, s.effectsToClear());
    }
    if (observer != null) {
      observer.failed(verdict, e);
    }
    return e;
  }

  /** The connection is good for reading; what becomes of it depends on what else there is. */
  private SQLException writeRefused(Session s, SQLException e) {
    switch (s.leases.writeRefused(s)) {
      case KEPT -> {
        // to wait, or to try again, would be in vain
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
    if (e instanceof AbstractMethodError missing && isMissed(missing)) {
      s.marks |= Session.FAILED; // and nothing of the driver's has run
      return;
    }
    s.marks |= Session.BROKEN; // first, and without a call: there may be no stack left for one
    try {
      brokenElsewhere(s, e);
    } catch (Throwable more) {
      // it is marked, and closed when it comes back
    }
  }

  /**
   * Whether it is we who miss a method, of a driver older than JDBC's, and not the driver. Some
   * have a stub that throws this by hand (jTDS), which the JVM never does without a message.
   */
  private static boolean isMissed(AbstractMethodError e) {
    StackTraceElement[] trace = e.getStackTrace();
    return isFace(trace, 0) || (e.getMessage() == null && isFace(trace, 1));
  }

  private static boolean isFace(StackTraceElement[] trace, int depth) {
    return trace.length > depth && trace[depth].getClassName().startsWith(FACES);
  }

  /** As {@link #broken}, on another thread than the holder's. Does nothing to another's lease. */
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

  /** Something asked of the session, or done with it. */
  interface Request<T> {
    T on(Session session) throws SQLException;
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
    return true;
  }

  /** An answer of no means that the connection is not lent again. */
  @Override
  public final boolean isValid(int seconds) throws SQLException {
    Session s = session();
    if (s == null) {
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
