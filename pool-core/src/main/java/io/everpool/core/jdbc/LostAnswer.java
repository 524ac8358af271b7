package io.everpool.core.jdbc;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.UnknownCommit;
import io.everpool.core.observe.UnknownWrite;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * Makes what is thrown and told, outside of units of work, if the connection was lost before the
 * answer came to something that may be there for good. If the server said that it ends the session,
 * that is no answer. (The adapter knows the few messages of that kind that are an answer, and
 * counts nothing as unanswered then.)
 */
final class LostAnswer {
  private static final String SAID_AGAIN =
      "This call has sent nothing, for the connection is closed since a COMMIT had no answer: ";

  private LostAnswer() {}

  /**
   * What to throw for a COMMIT without an answer.
   *
   * @param first whether nobody was told of it yet
   */
  static SQLException ofCommit(Session s, SQLException lost, boolean first) {
    return ofCommit(s, "The connection was lost during", lost, first);
  }

  /** As {@link #ofCommit}, for an unchecked exception of the driver's. */
  static SQLException ofFailedCommit(Session s, RuntimeException thrown, boolean first) {
    return ofCommit(s, "The driver has failed in", thrown, first);
  }

  /**
   * Tells of a COMMIT that may have been done, for all that is known. Never throws: the caller must
   * get what the driver has thrown, even if there is no memory to tell of it.
   */
  static void tellOfCommit(Session s, Throwable thrown) {
    String pool = s.leases.config().name();
    GuardedCall.survives(
        pool,
        "telling of a COMMIT",
        () -> s.leases.emit(new PoolEvent.CommitResolved(pool, "", CommitStatus.UNKNOWN)));
    UnknownCommit.tell(pool, null, s.number(), null, false, thrown);
  }

  private static SQLException ofCommit(Session s, String what, Exception thrown, boolean first) {
    if (first) {
      tellOfCommit(s, thrown);
    }
    return new CommitOutcomeUnknownException(
        what
            + " a COMMIT, which may have been done: look for its effect before you repeat it"
            + " (Pool.inTransaction asks the server). "
            + (thrown.getMessage() == null ? thrown : thrown.getMessage()),
        null,
        thrown);
  }

  /**
   * What to throw where a connection is used that is closed.
   *
   * <p>If it was closed because nobody knows what became of its COMMIT, each use says so once more:
   * frameworks throw what their clean-up meets (a rollback, turning autocommit off again) in place
   * of what their COMMIT has met. It is an exception of its own each time, because programs
   * suppress the second by the first, and none may suppress itself.
   *
   * @param lost the session that was lost with it; null if the program has closed it
   */
  static SQLException closedSince(@Nullable Session lost) {
    SQLException loss = lost == null ? null : StacklessLoss.whole(lost.loss);
    CommitOutcomeUnknownException unknown = StacklessLoss.commitUnknown(loss);
    if (unknown != null) {
      return new CommitOutcomeUnknownException(
          SAID_AGAIN + unknown.getMessage(), unknown.transactionId(), unknown.getCause());
    }
    SQLException closed = LeasedConnection.closed();
    if (loss != null) {
      closed.initCause(loss);
    }
    return closed;
  }

  /** What to throw for a statement in autocommit that may have written. */
  static SQLException ofWrite(Session s, SQLException lost) {
    String pool = s.leases.config().name();
    s.leases.emit(new PoolEvent.WriteUnknown(pool, s.number()));
    UnknownWrite.tell(pool, s.number(), lost);
    return new WriteOutcomeUnknownException(
        "The connection was lost in autocommit, before the answer to a statement that may write"
            + " has come: what it writes may be there or not. Look for its effect before you repeat"
            + " it. The pool itself repeats what is given to it as a unit of work in a transaction"
            + " (Pool.inTransaction), or marked idempotent (Pool.run). "
            + (lost.getMessage() == null ? lost : lost.getMessage()),
        lost);
  }

  /**
   * Gives a failure that says "closed" the loss as its cause. A lost connection says nothing else,
   * and a framework whose rollback fails with it throws that in place of what its work has thrown.
   */
  static void tellOfLoss(Session s, SQLException e) {
    SQLException loss = StacklessLoss.whole(s.loss);
    if (loss == null
        || !"08003".equals(e.getSQLState())
        || e.getCause() != null
        || Causes.first(loss, at -> at == e) != null) {
      return;
    }
    try {
      e.initCause(loss);
    } catch (IllegalStateException given) {
      e.addSuppressed(loss); // it was made to have no cause
    }
  }
}
