package io.everpool.core.work;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Effects;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.Repeats;
import io.everpool.core.observe.UnknownCommit;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.work.RerunRule.Decision;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A COMMIT of a transaction that may have written. Where its answer is lost the server is asked, on
 * another connection, what became of the transaction whose id was taken down before.
 */
final class Commit {
  private final UnitRunner runner;
  private final Unit unit;
  private final PooledConnection face;

  private final List<Effects> before;

  /** Whether the old session could not be helped to its end. */
  private boolean denied;

  /**
   * @param before the effects of each unit from {@code unit} outwards
   */
  Commit(UnitRunner runner, Unit unit, PooledConnection face, List<Effects> before) {
    this.runner = runner;
    this.unit = unit;
    this.face = face;
    this.before = before;
  }

  /**
   * Commits.
   *
   * @throws CommitOutcomeUnknownException if the answer was lost and nobody can tell
   * @throws SQLException if it is certain that nothing was committed, or doesn't matter
   */
  void run() throws SQLException {
    face.prove();
    CommitTicket ticket = null;
    boolean repeatable = Repetition.isComing(unit, runner);
    if (!repeatable && asks()) {
      try {
        ticket = face.commitTicket();
        if (ticket == null && !face.current().mayHaveWrittenUnseen()) {
          ofNothing(unit, face, before);
          return;
        }
      } catch (SQLFeatureNotSupportedException e) {
        face.current().cannotLookUpCommits();
      }
    }
    Session session = face.current();
    SessionState state = face.state();
    boolean traced = session.hasSideEffects();
    long begun = session.moment();
    try {
      face.commitNow();
      face.requireAnswered();
    } catch (Exception e) {
      Verdict verdict = verdict(session, e);
      boolean answered = !verdict.fatal() || verdict == Verdict.READ_ONLY_SERVER;
      // Effects.NONE: it was never sent, or refused; what follows is an ordinary failure
      if (answered || session.effectsSince(begun) == Effects.NONE) {
        throw e;
      }
      // asked again, for it may have taken the time that was left
      if (repeatable && Repetition.isComing(unit, runner)) {
        leaveToRerun(session, true, e);
        throw e;
      }
      inDoubt(); // first: the work may hide what is thrown from here on
      if (isCommitted(ticket, session, e)) {
        unit.forgetFailure();
        done(); // first: whatever is thrown from here on, it isn't run again
        goOn(session, state, traced);
      } else {
        unit.recovery.lost(session);
        unit.undone(verdict, UnitFailure.sql(e), before, traced);
        prepareSuccessor(state, e);
        throw e;
      }
    } catch (Throwable e) { // an Error passes as it is, and nothing is run again after it
      if (session.effectsSince(begun) != Effects.NONE) {
        inDoubt();
      }
      throw e;
    }
    done();
  }

  /** A transaction that may have written was committed, whatever session goes on. */
  private void done() {
    before.replaceAll(Effects.COMMITTED::and);
    unit.settleAll(before);
    unit.failure.committed();
  }

  /** Commits a transaction that has written nothing: to repeat that doubles nothing. */
  static void ofNothing(Unit unit, PooledConnection face, List<Effects> before)
      throws SQLException {
    try {
      face.commitNow();
    } finally {
      unit.settleAll(before);
    }
  }

  /**
   * Of a COMMIT that a unit has sent otherwise than by {@code commit()} nobody has taken down what
   * to ask about: its outcome is unknown, and is told as that but where nobody needs to know.
   * Returns what to throw.
   */
  static SQLException unanswered(
      UnitRunner runner, Unit unit, PooledConnection face, Session session, SQLException lost) {
    Commit commit = new Commit(runner, unit, face, List.of());
    if (Repetition.isComing(unit, runner)) {
      commit.leaveToRerun(session, false, lost);
      return lost;
    }
    return commit.unknown(session, null, CommitStatus.UNKNOWN, false, lost);
  }

  /** Whoever would repeat it, and doesn't in the end, tells that nobody knows what became of it. */
  private void leaveToRerun(Session session, boolean called, Exception lost) {
    if (Repetition.isOfNothing(unit)) {
      return;
    }
    unit.failure.commitToRepeat(() -> unknown(session, null, CommitStatus.UNKNOWN, called, lost));
  }

  /**
   * Commits what the work has left to be committed, or throws what has become of its own COMMIT.
   * Not where it has done so itself: by turning autocommit on, or by a COMMIT that was found done,
   * though its connection is lost.
   */
  static void rest(Unit unit, PooledConnection face) throws SQLException {
    unit.failure.findLostCommit(null);
    boolean toTell = unit.failure.loss() != null || unit.failure.commitUnknown() != null;
    if (toTell || !hasCommittedItself(face)) {
      unit.commit(); // and not the face's, which begins what might follow
    }
  }

  private static boolean hasCommittedItself(PooledConnection face) throws SQLException {
    return face.isClosedAfterLoss()
        || (face.getAutoCommit() && !face.current().mayBeInTransaction());
  }

  /**
   * A driver may have closed its connection with a failure that nobody knows; and one that throws
   * what is unchecked is at fault, may have sent it, and says nothing of what came of it.
   */
  private Verdict verdict(Session session, Exception e) {
    if (!(e instanceof SQLException failure)) {
      return Verdict.CONNECTION_LOST;
    }
    Verdict verdict = session.verdict(failure);
    return !verdict.fatal() && unit.recovery.isPastAsking() ? Verdict.CONNECTION_LOST : verdict;
  }

  /** It may be there, as long as nothing else is found out. */
  private void inDoubt() {
    unit.settleAll(before.stream().map(Effects.IN_DOUBT::and).toList());
  }

  private boolean asks() throws SQLException {
    return runner.retry.commitOutcome() && face.current().looksUpCommits();
  }

  /** Finds out whether it was committed; throws if that can't be known. */
  private boolean isCommitted(@Nullable CommitTicket ticket, Session session, Exception lost)
      throws SQLException {
    UnitFacts facts = unit.facts(FailureKind.COMMIT, ticket != null, false, 0, 0);
    boolean asks = RerunRule.of(facts, runner.retry).decision() == Decision.LOOK_UP;
    CommitTicket asked = asks ? ticket : null;
    String transaction = asked == null ? null : asked.toString();
    CommitStatus status = asked == null ? CommitStatus.UNKNOWN : ask(asked, lost);
    if (status == CommitStatus.COMMITTED || status == CommitStatus.ABORTED) {
      emit(transaction, status);
      return status == CommitStatus.COMMITTED;
    }
    if (!face.isOver()) { // what frameworks set back now must not hide the exception
      face.closeAfter(session, true);
    }
    throw unknown(session, transaction, status, true, lost);
  }

  private void emit(@Nullable String transaction, CommitStatus status) {
    String pool = runner.leases.config().name();
    String id = transaction == null ? "" : transaction;
    runner.leases.emit(new PoolEvent.CommitResolved(pool, id, status));
  }

  /** So that whoever rolls back now finds a connection where he can; one like the lost, or none. */
  private void prepareSuccessor(SessionState state, Exception lost) {
    try {
      unit.recovery.orLetGo(
          () -> {
            face.become(state);
            return true;
          });
    } catch (SQLException | RuntimeException e) {
      Failures.suppress(lost, e);
    }
  }

  /** The commit went well; its unit goes on, on a connection like the lost one, or on none. */
  private void goOn(Session lost, SessionState state, boolean traced) {
    try {
      if (!traced) {
        face.become(state);
        return;
      }
      UnitRunner.log.warn(
          "Pool {}: the connection of {} was lost during a COMMIT that went well; it can't be"
              + " replaced, for SQL had set state in its session",
          runner.leases.config().name(),
          unit.options.label());
    } catch (SQLException | RuntimeException e) {
      UnitRunner.log.warn(
          "Pool {}: the connection of {} was lost during a COMMIT that went well, and so was the"
              + " next",
          runner.leases.config().name(),
          unit.options.label(),
          e);
    }
    face.closeAfter(lost, true);
  }

  /** Asks until the server knows, or it is too late: then what it has said to the last question. */
  private CommitStatus ask(CommitTicket ticket, Exception lost) {
    long begun = runner.time.nanoTime();
    face.letGo();
    for (int times = 1; ; times++) {
      CommitStatus status = CommitStatus.UNKNOWN; // what was so before the last question is past
      try {
        if (face.isGivenBack()) {
          announce(ticket, lost);
          runner.leases.renew(face);
        }
        status = face.commitStatus(ticket);
        if (status != CommitStatus.IN_PROGRESS) {
          return status;
        }
        if (times > 1) {
          end(ticket, lost);
        }
      } catch (SQLException e) {
        Failures.suppress(lost, e);
        if (e instanceof PoolClosedException
            || face.isOver()
            || !runner.leases.classify(e).reconnectable()) {
          return CommitStatus.UNKNOWN;
        }
        face.letGo();
      } catch (Throwable e) { // a mistake of the driver's or an interceptor's: no answer
        Failures.suppress(lost, e);
        return CommitStatus.UNKNOWN;
      }
      if (!pause(times, begun)) {
        return status;
      }
    }
  }

  /**
   * Has the old session end. That is help and no evidence: who may not do it (as another role, to a
   * superuser's session, through a pooler) goes on asking, until it has ended by itself.
   */
  private void end(CommitTicket ticket, Exception lost) throws SQLException {
    try {
      face.endTransaction(ticket);
    } catch (SQLException e) {
      Verdict verdict = runner.leases.classify(e);
      if (e instanceof PoolClosedException || face.isOver() || verdict.reconnectable()) {
        throw e;
      }
      denied(e, lost);
      if (verdict.fatal()) {
        face.letGo();
      }
    } catch (RuntimeException e) { // a mistake of the driver's
      denied(e, lost);
      face.letGo();
    }
  }

  /** Told once, for it will be so each time. */
  private void denied(Exception e, Exception lost) {
    if (!denied) {
      denied = true;
      Failures.suppress(lost, e);
    }
  }

  private void announce(CommitTicket ticket, Exception lost) {
    String line = "Pool {}: the answer to a COMMIT of {} was lost, transaction {} is looked up: {}";
    String pool = runner.leases.config().name();
    int untold = runner.leases.news(OutageLog.Kind.LOOKUP);
    if (untold >= 0) {
      UnitRunner.log.warn(UnitRunner.RECONNECTING);
    }
    Repeats.info(
        UnitRunner.log, untold, line, pool, unit.options.label(), ticket, FailureText.of(lost));
  }

  private boolean pause(int times, long begun) {
    long left = runner.retry.maxDuration().toNanos() - (runner.time.nanoTime() - begun);
    if (left <= 0) {
      return false;
    }
    try {
      runner.pause.pause(Math.min(left, runner.pauseAfter(times)));
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Tells that nobody knows what became of it.
   *
   * @param transaction its id; null if that is not known
   * @param status what the server knows
   * @param called whether it was sent by {@code commit()}
   */
  private CommitOutcomeUnknownException unknown(
      Session session,
      @Nullable String transaction,
      CommitStatus status,
      boolean called,
      Exception lost) {
    emit(transaction, status);
    String label = unit.options.label();
    String pool = runner.leases.config().name();
    boolean goesOn = status == CommitStatus.IN_PROGRESS;
    UnknownCommit.tell(pool, label, session.number(), transaction, goesOn, lost);
    String known =
        transaction != null
            ? goesOn
                ? " and transaction " + transaction + " was still in progress on the server"
                : " and the server could not tell what became of transaction " + transaction
            : called
                ? " and its transaction's id is not known"
                : ", which was not sent by commit(), so that its transaction's id is not known";
    CommitOutcomeUnknownException unknown =
        new CommitOutcomeUnknownException(
            (lost instanceof SQLException
                    ? "The connection was lost during the COMMIT of "
                    : "The driver has failed in the COMMIT of ")
                + label
                + known
                + ". It may have been committed: look for its effect before you repeat it",
            transaction,
            lost);
    for (Unit at = unit; at != null; at = at.outer) {
      at.failure.commitUnknown(unknown);
    }
    return unknown;
  }
}
