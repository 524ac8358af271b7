package io.everpool.core.work;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import org.jspecify.annotations.Nullable;

/**
 * A COMMIT of a transaction that may have written. Where its answer is lost the server is asked, on
 * another connection, what became of the transaction whose id was taken down before.
 */
final class Commit {
  private final Ladder ladder;
  private final Unit unit;
  private final PooledConnection face;

  Commit(Ladder ladder, Unit unit, PooledConnection face) {
    this.ladder = ladder;
    this.unit = unit;
    this.face = face;
  }

  /**
   * Commits.
   *
   * @param repeatable whether a unit around it may be rerun without asking
   * @return whether anything may have been written
   * @throws CommitOutcomeUnknownException if the answer was lost and nobody can tell
   * @throws SQLException if it is certain that nothing was committed, or doesn't matter
   */
  boolean run(boolean repeatable) throws SQLException {
    CommitTicket ticket = null;
    if (!repeatable && asks()) {
      try {
        ticket = face.commitTicket();
        if (ticket == null) {
          face.commitNow();
          return false;
        }
      } catch (SQLFeatureNotSupportedException e) {
        face.current().cannotLookUpCommits();
      }
    }
    Session session = face.current();
    SessionState state = face.state();
    boolean traced = session.hasTraces();
    try {
      face.commitNow();
    } catch (SQLException e) {
      Verdict verdict = ladder.lessor.classify(e);
      boolean answered = !verdict.fatal() || verdict == Verdict.READ_ONLY_SERVER;
      if (answered || repeatable) {
        throw e;
      }
      if (isCommitted(ticket, e)) {
        unit.forgetFailure();
        goOn(state, traced);
      } else {
        unit.undone(verdict, e, traced);
        face.become(state); // so that whoever rolls back now finds a connection where he can
        throw e;
      }
    }
    return true;
  }

  private boolean asks() throws SQLException {
    return ladder.retry.commitOutcome() && face.current().looksUpCommits();
  }

  /** Finds out whether it was committed; throws if that can't be known. */
  private boolean isCommitted(@Nullable CommitTicket ticket, SQLException lost)
      throws SQLException {
    if (ticket == null) {
      throw unknown(null, lost);
    }
    CommitStatus status = ask(ticket, lost);
    ladder.lessor.emit(
        new PoolEvent.CommitResolved(
            ladder.lessor.config().name(), ticket.transactionId(), status));
    return switch (status) {
      case COMMITTED -> true;
      case ABORTED -> false;
      case IN_PROGRESS, UNKNOWN -> {
        face.close();
        throw unknown(ticket.transactionId(), lost);
      }
    };
  }

  /** The commit went well; its unit goes on, on a connection like the lost one. */
  private void goOn(SessionState state, boolean traced) {
    try {
      if (!traced) {
        face.become(state);
        return;
      }
      Ladder.log.warn(
          "Pool {}: the connection of {} was lost during a COMMIT that went well; it can't be"
              + " replaced, for SQL had set state in its session",
          ladder.lessor.config().name(),
          unit.options.label());
    } catch (SQLException e) {
      Ladder.log.warn(
          "Pool {}: the connection of {} was lost during a COMMIT that went well, and so was the"
              + " next",
          ladder.lessor.config().name(),
          unit.options.label(),
          e);
    }
    face.close();
  }

  /** Asks until the server knows, or it is too late. */
  private CommitStatus ask(CommitTicket ticket, SQLException lost) {
    long begun = ladder.time.nanoTime();
    face.letGo();
    for (int times = 1; ; times++) {
      try {
        if (face.isGivenBack()) {
          Ladder.log.warn("Attempting to reconnect to database...");
          Ladder.log.warn(
              "Pool {}: the answer to a COMMIT of {} was lost, transaction {} is looked up: {}",
              ladder.lessor.config().name(),
              unit.options.label(),
              ticket.transactionId(),
              lost.getMessage());
          ladder.lessor.renew(face);
        }
        CommitStatus status = face.commitStatus(ticket);
        if (status != CommitStatus.IN_PROGRESS) {
          return status;
        }
        if (times > 1) {
          face.endBackend(ticket);
        }
      } catch (SQLException e) {
        Failures.suppress(lost, e);
        if (e instanceof PoolClosedException || !ladder.lessor.classify(e).reconnectable()) {
          return CommitStatus.UNKNOWN;
        }
        face.letGo();
      }
      if (!pause(times, begun)) {
        return CommitStatus.UNKNOWN;
      }
    }
  }

  private boolean pause(int times, long begun) {
    long left = ladder.retry.maxDuration().toNanos() - (ladder.time.nanoTime() - begun);
    if (left <= 0) {
      return false;
    }
    try {
      ladder.pause.pause(Math.min(left, ladder.pauseAfter(times)));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private CommitOutcomeUnknownException unknown(@Nullable String transaction, SQLException lost) {
    return new CommitOutcomeUnknownException(
        "The connection was lost during the COMMIT of "
            + unit.options.label()
            + (transaction == null
                ? " and its transaction's id is not known"
                : " and the server could not tell what became of transaction " + transaction)
            + ". It may have been committed: look for its effect before you repeat it",
        transaction,
        lost);
  }
}
