package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Repeats;
import io.everpool.core.upkeep.PrimarySearch;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Brings a session back to what a new connection is, and then gives it back. Whatever the driver or
 * anybody else throws who is asked, the lease ends exactly once.
 */
final class SessionCleanup {
  private static final Logger log = PoolEvents.log();

  /** The pool's own packages. */
  private static final String CORE = "io.everpool.core.";

  /** The class whose units of work close what they lend: such a call isn't the program's either. */
  private static final String POOL = Pool.class.getName();

  /** Enough to come from a framework's closing to the code that uses the framework. */
  private static final int FRAMES_OF_A_WAY = 12;

  private static final String OUT_OF_STEP =
      "It came back while a copy, a replication stream, a statement or a cancel was under way on it:"
          + " end those before the connection is closed";

  private static final String UNTRUSTED =
      "The driver's own object was handed out, and PostgreSQL is served without its adapter, which"
          + " alone could see whether a copy was left under way: give the pool PostgreSQL's own URL";

  private final Session session;
  private final LeaseManager leases;
  private boolean rolledBack;

  /** Whether the transaction that was left open has only read; noted while the lease goes on. */
  private boolean hasOnlyRead;

  private boolean writesNoMore;

  private SessionCleanup(Session session) {
    this.session = session;
    leases = session.leases;
  }

  /**
   * Gives back a session on which something was done.
   *
   * @param left the first of the statements that are still open, or null
   */
  static void of(Session session, long lease, @Nullable OpenStatement left) {
    if (session.broken()) {
      session.leases.cut(session, lease, CloseReason.FAILED); // nobody knows what a call would do
      return;
    }
    Throwable failure = null;
    boolean clean = false;
    try {
      clean = left == null && session.isClean();
    } catch (Throwable e) {
      failure = e;
    }
    if (clean) {
      giveBack(session, lease);
    } else {
      new SessionCleanup(session).cleanUp(lease, left, failure);
    }
  }

  private static void giveBack(Session session, long lease) {
    LeaseManager leases = session.leases;
    if (session.reachedMaxQueries()) {
      if (leases.canReplace()) {
        leases.retire(session, lease, CloseReason.MAX_QUERIES);
        return;
      }
      leases.retireWhenReplaceable(session);
    }
    leases.release(session, lease);
  }

  private void cleanUp(long lease, @Nullable OpenStatement left, @Nullable Throwable found) {
    long claimed = leases.resetStarted(session, lease);
    if (claimed == 0) {
      // the session was doomed, and is closed by this; or the lease is over, and nothing happens
      boolean leftOpen = isDoomedInTransaction(lease);
      if (leases.release(session, lease)) {
        session.forgetUnsent();
        if (leftOpen) {
          tellOfTransaction();
        }
      }
      return;
    }
    Throwable failure = found;
    Verdict verdict = Verdict.STATEMENT_FAILED;
    try {
      // All that asks the driver or a classifier is in here: past the deadline the pool takes the
      // connection away, and what follows does nothing.
      if (failure == null) {
        failure = clean(left);
      }
      if (failure instanceof SQLException e) {
        verdict = verdict(e);
      }
    } finally {
      leases.resetEnded(session, claimed);
    }
    try {
      end(claimed, failure, verdict);
    } finally {
      leases.retire(session, claimed, CloseReason.RESET_FAILED); // does nothing after another end
    }
    if (rolledBack) {
      tellOfTransaction();
    }
  }

  /**
   * Whether the program has left a transaction open on a connection that was doomed meanwhile: the
   * connection is closed then, and the server rolls the transaction back. The answer is no if the
   * connection is lost, or if what ran on it was cancelled: that has ended the transaction,
   * whatever the program would have done. Sends nothing.
   */
  private boolean isDoomedInTransaction(long lease) {
    Slot slot = session.slot();
    if (!Slot.isDoomed(slot.word(), lease) || session.loss != null) {
      // The word is looked at first: if the lease is over, the session may be another's by now.
      return false;
    }
    CloseReason reason = slot.doomReason;
    if (reason == CloseReason.FAILED || reason == CloseReason.ABORTED) {
      return false;
    }
    leases.lookStarted(session, lease);
    try {
      hasOnlyRead = session.hasOnlyRead();
      return session.inStep()
          && !session.dead()
          && session.inTransaction()
          && !session.isBegunAhead();
    } catch (Throwable e) {
      return false; // the driver can't say, and the connection is closed in any case
    } finally {
      leases.resetEnded(session, lease);
    }
  }

  /**
   * What a failure means. If a write of the set-up was refused, that says something of the server
   * only if the server refuses writes.
   */
  private Verdict verdict(SQLException failure) {
    Verdict verdict = session.verdict(failure);
    return verdict == Verdict.READ_ONLY_SERVER && !session.isWriteRefusedByServer()
        ? Verdict.STATEMENT_FAILED
        : verdict;
  }

  /** Returns what went wrong, or null. */
  private @Nullable Throwable clean(@Nullable OpenStatement left) {
    try {
      if (!session.inStep()) {
        throw new IllegalStateException(OUT_OF_STEP); // whatever is asked now may wait for ever
      }
      if (session.mayHangUnseen()) {
        throw new IllegalStateException(UNTRUSTED);
      }
      if (session.mayBeShut() && session.shut()) {
        throw new SQLNonTransientConnectionException("The driver has closed it", "08003");
      }
      session.restoreNetworkTimeout();
      if (session.has(Session.DOUBTED)) {
        session.physical().validate(leases.config().validationTimeout().toNanos());
      }
      session.unsent = null;
      closeAll(left);
      if (session.inTransaction()) {
        rollBack();
      } else if (session.mayBeInTransaction()) {
        // most likely nothing is open; if something is, setting autocommit back would commit it
        session.jdbc.rollback();
      }
      if (session.mayHaveBegunBySql()
          || (session.mayHaveBegunInCall() && session.jdbc.getAutoCommit())) {
        session.rollBackBySql();
      }
      session.restore();
      writesNoMore =
          session.foundReadOnly() && leases.writeRefused(session) == PrimarySearch.Refusal.REPLACED;
      return null;
    } catch (Throwable e) {
      return e;
    }
  }

  private void end(long claimed, @Nullable Throwable failure, Verdict verdict) {
    if (failure != null) {
      giveUp(claimed, failure, verdict);
    } else if (writesNoMore) {
      leases.retire(session, claimed, CloseReason.FENCED);
      log.warn(
          "Pool {}: the server of connection {} writes no more; it is replaced",
          leases.config().name(),
          session.number());
    } else {
      giveBack(session, claimed);
    }
  }

  /** Closes the statements that the program has left open; all of them, even if some fail. */
  private static void closeAll(@Nullable OpenStatement left) throws SQLException {
    SQLException first = null;
    for (OpenStatement s = left; s != null; s = s.next) {
      try {
        s.bare().close();
      } catch (SQLException e) {
        if (first == null) {
          first = e;
        } else if (first != e) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  private void rollBack() throws SQLException {
    boolean itsBorrowers = !session.isBegunAhead();
    hasOnlyRead = session.hasOnlyRead();
    if (session.jdbc.getAutoCommit()) {
      session.rollBackBySql();
    } else {
      session.jdbc.rollback();
    }
    if (!session.inStep()) {
      throw new IllegalStateException(
          "Behind its ROLLBACK an answer was left unread, or a cancel was under way on it");
    }
    session.settled();
    rolledBack = itsBorrowers;
  }

  /**
   * Tells of a transaction that was left open. Of those that have only read one is told of for each
   * way on which the program comes here: nothing is lost by them, and frameworks leave them open by
   * design (Spring Batch's JdbcCursorItemReader does at the end of each step).
   */
  private void tellOfTransaction() {
    String pool = leases.config().name();
    String place = place();
    int untold =
        hasOnlyRead
            ? leases.newsOnce("a transaction that has read at " + way())
            : leases.news("a transaction at " + place);
    String line =
        "Pool {}: connection {} came back with an open transaction, which was rolled back"
            + (hasOnlyRead
                ? "; by its SQL it has only read, and more of them that end in this way aren't warned of"
                : "");
    if (untold < 0) {
      log.debug(line + ", at {}", pool, session.number(), place);
    } else {
      log.warn(
          line + Repeats.more(untold),
          pool,
          session.number(),
          new Throwable("It was closed here; commit or roll back before"));
    }
    leases.emit(new PoolEvent.TransactionLeftOpen(pool, session.number()));
  }

  /** Where the program has closed it: the innermost call that isn't the pool's. */
  private static String place() {
    String place = innermost(1);
    return place.isEmpty() ? "an unknown place" : place;
  }

  /**
   * How the program came to close it. The innermost call alone is a framework's, and the same for
   * all that use it.
   */
  private static String way() {
    return innermost(FRAMES_OF_A_WAY);
  }

  private static String innermost(int calls) {
    return StackWalker.getInstance()
        .walk(
            all ->
                all.filter(call -> !call.getClassName().startsWith(CORE))
                    .filter(call -> !call.getClassName().equals(POOL))
                    .limit(calls)
                    .map(Object::toString)
                    .collect(Collectors.joining(" < ")));
  }

  private void giveUp(long claimed, Throwable failure, Verdict verdict) {
    boolean lost = false;
    if (!(failure instanceof SQLException e) || session.isExposed()) {
      // as far as is known the borrower has caused it, so it is no evidence against the server
      leases.cut(session, claimed, CloseReason.RESET_FAILED);
    } else if (verdict.fatal()) {
      lost = true;
      leases.lose(session, claimed, verdict, e);
    } else {
      leases.retire(session, claimed, CloseReason.RESET_FAILED);
    }
    tellOfFailure(failure, lost);
  }

  /**
   * Tells that the clean-up has failed.
   *
   * @param lost whether that was a loss of the connection, which is told when it is doomed
   */
  private void tellOfFailure(Throwable failure, boolean lost) {
    // below 0: it was told as a loss, or the same was told a moment ago
    int untold = lost ? -1 : leases.news(failure.getClass().getName() + " at " + place());
    String line =
        "Pool {}: connection {} could not be brought back to the state of a new one; it is closed";
    Repeats.warn(log, untold, line, leases.config().name(), session.number(), failure);
  }
}
