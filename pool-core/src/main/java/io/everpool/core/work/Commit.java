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
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.Repeats;
import io.everpool.core.observe.UnknownCommit;
import io.everpool.core.upkeep.OutageLog;
import io.everpool.core.work.RerunRule.Decision;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A COMMIT of a transaction that may have written. If its answer is lost, the server is asked on
 * another connection what became of the transaction, whose id was noted before.
 *
 * <p>A little long, because all that may become of a COMMIT is dealt with here.
 */
final class Commit {
  private final UnitRunner runner;
  private final Unit unit;
  private final PooledConnection face;

  private final List<Effects> before;

  /** Whether an attempt to end the old session has failed: the server refused it, or the driver. */
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
   * @throws SQLException if it is certain that nothing was committed, or if it doesn't matter
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
      // This is asked again, for the COMMIT may have taken the time that was left.
      if (repeatable && Repetition.isComing(unit, runner)) {
        leaveToRerun(session, true, e);
        throw e;
      }
      inDoubt(); // this comes first: the work may hide what is thrown from here on
      if (isCommitted(ticket, session, e)) {
        unit.forgetFailure();
        done(); // this comes first: whatever is thrown from here on, the unit isn't run again
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
        tellOfError(session, ticket, e);
      }
      throw e;
    }
    done();
  }

  /** Notes that a transaction that may have written was committed, whichever session goes on. */
  private void done() {
    before.replaceAll(Effects.COMMITTED::and);
    unit.settleAll(before);
    unit.failure.committed();
  }

  /** Commits a transaction that has written nothing: repeating it doubles nothing. */
  static void ofNothing(Unit unit, PooledConnection face, List<Effects> before)
      throws SQLException {
    try {
      face.commitNow();
    } finally {
      unit.settleAll(before);
    }
  }

  /**
   * Called for a COMMIT without an answer that a unit has sent otherwise than by {@code commit()}.
   * Nobody has noted its transaction's id, so its outcome is unknown; that is told, unless nobody
   * needs to know. Returns what to throw.
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

  /**
   * Leaves the COMMIT to a further run, which repeats it. If there is none in the end, it is told
   * that nobody knows what became of the COMMIT.
   */
  private void leaveToRerun(Session session, boolean called, Exception lost) {
    if (Repetition.isOfNothing(unit)) {
      return;
    }
    unit.failure.commitToRepeat(() -> unknown(session, null, CommitStatus.UNKNOWN, called, lost));
  }

  /**
   * Commits what the work has left to be committed, or throws what has become of its own COMMIT.
   * Does nothing if the work has committed all itself: by turning autocommit on, or by a COMMIT
   * that was found done though its connection is lost.
   */
  static void rest(Unit unit, PooledConnection face) throws SQLException {
    unit.failure.findLostCommit(null);
    boolean toTell = unit.failure.loss() != null || unit.failure.commitUnknown() != null;
    if (toTell || !hasCommittedItself(face)) {
      unit.commit(); // the face's commit() would begin another transaction
    }
  }

  private static boolean hasCommittedItself(PooledConnection face) throws SQLException {
    return face.isClosedAfterLoss()
        || (face.getAutoCommit() && !face.current().mayBeInTransaction());
  }

  /**
   * What a failure of the COMMIT means. A driver may have closed its connection with a failure that
   * nobody knows. A driver that throws an unchecked exception is at fault: it may have sent the
   * COMMIT, and doesn't say what became of it.
   */
  private Verdict verdict(Session session, Exception e) {
    if (!(e instanceof SQLException failure)) {
      return Verdict.CONNECTION_LOST;
    }
    Verdict verdict = session.verdict(failure);
    return !verdict.fatal() && unit.recovery.isPastAsking() ? Verdict.CONNECTION_LOST : verdict;
  }

  /** Notes that its effect may be there, until something else is found out. */
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
    if (!face.isOver()) { // a framework that sets something back must not hide the exception
      face.closeAfter(session, true);
    }
    throw unknown(session, transaction, status, true, lost);
  }

  private void emit(@Nullable String transaction, CommitStatus status) {
    String pool = runner.leases.config().name();
    String id = transaction == null ? "" : transaction;
    runner.leases.emit(new PoolEvent.CommitResolved(pool, id, status));
  }

  /**
   * Makes the new connection like the lost one, so that whoever rolls back now finds one on which
   * he can; if that fails, the face has none.
   */
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

  /** The COMMIT went well; its unit goes on with a connection like the lost one, or with none. */
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

  /** Asks until the server knows, or until it is too late: then returns its last answer. */
  private CommitStatus ask(CommitTicket ticket, Exception lost) {
    long begun = runner.time.nanoTime();
    face.letGo();
    for (int times = 1; ; times++) {
      CommitStatus status = CommitStatus.UNKNOWN; // an earlier answer doesn't count any more
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
      } catch (Throwable e) { // the driver or an interceptor is at fault: there is no answer
        Failures.suppress(lost, e);
        return CommitStatus.UNKNOWN;
      }
      if (!pause(times, begun)) {
        return status;
      }
    }
  }

  /**
   * Has the server end the old session. That is a help and proves nothing. If the server doesn't
   * allow it (to another role, for a superuser's session, through a pooler), the asking goes on
   * until that session has ended by itself.
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
    } catch (RuntimeException e) { // the driver is at fault
      denied(e, lost);
      face.letGo();
    }
  }

  /** Notes the refusal once, for it will be the same each time. */
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

  /** Never throws: the Error has to pass, even if there is no memory to tell of it. */
  private void tellOfError(Session session, @Nullable CommitTicket ticket, Throwable e) {
    GuardedCall.survives(
        runner.leases.config().name(),
        "telling of a COMMIT",
        () -> {
          if (!Repetition.isOfNothing(unit)) {
            String transaction = ticket == null ? null : ticket.toString();
            tell(session, transaction, CommitStatus.UNKNOWN, e);
          }
        });
  }

  private void tell(
      Session session, @Nullable String transaction, CommitStatus status, Throwable lost) {
    String pool = runner.leases.config().name();
    boolean goesOn = status == CommitStatus.IN_PROGRESS;
    UnknownCommit.tell(pool, unit.options.label(), session.number(), transaction, goesOn, lost);
    emit(transaction, status);
  }

  /**
   * Tells that nobody knows what became of the COMMIT.
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
    tell(session, transaction, status, lost);
    String label = unit.options.label();
    boolean goesOn = status == CommitStatus.IN_PROGRESS;
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
