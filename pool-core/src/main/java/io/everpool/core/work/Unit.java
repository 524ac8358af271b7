package io.everpool.core.work;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.WorkOptions;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.Lessor;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.SessionState;
import io.everpool.core.jdbc.Witness;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A unit of work while it runs: what was so before it, and what its present run has sent. Whether
 * it may be rerun follows from these facts.
 *
 * <p>Units nest. All that an inner one sends, the outer ones have sent as well. The outermost that
 * may be rerun is rerun; an inner one leaves a failure to it.
 */
final class Unit implements Witness, AutoCloseable {
  private static final int UNSET = -1;

  /** Chains of causes may go in circles. */
  private static final int DEPTH = 20;

  private final Ladder ladder;
  private final Lessor lessor;
  private final PooledConnection face;
  private final @Nullable Unit outer;
  final WorkOptions options;
  final long begunAt;

  // ---- what was so before it

  private final SessionState state;
  private final boolean partOfTransaction;
  private final boolean traced;
  private final List<Statement> openBefore;

  // ---- what its present run has sent

  /** Something that may have written and that no rollback takes back. */
  private boolean wrote;

  /** The last thing sent was such: if its answer is lost, nobody knows. */
  private boolean lastWrote;

  /** A transaction that may have written was committed by JDBC. */
  private boolean committed;

  // ---- what has happened to it

  private boolean conflicted;
  private @Nullable Verdict fatal;
  private @Nullable SQLException fatalFailure;

  /** The present session is another than the one that {@link #fatal} speaks of. */
  private boolean renewed;

  private boolean lostTraces;

  private @Nullable Throwable judged;
  private Verdict judgement = Verdict.CALLER;
  private @Nullable Throwable reported;

  // ---- what it has set

  private boolean setReadOnly;
  private int isolationBefore = UNSET;

  /** Begins to hear what is sent by {@code face}, until it is closed. */
  Unit(Ladder ladder, PooledConnection face, WorkOptions options) throws SQLException {
    this.ladder = ladder;
    this.lessor = ladder.lessor;
    this.face = face;
    this.outer = (Unit) face.witness();
    this.options = options;
    this.begunAt = ladder.time.nanoTime();
    Session session = face.current();
    this.state = face.state();
    this.partOfTransaction = session.inTransaction();
    this.traced = session.hasTraces();
    this.openBefore = face.openStatements();
    face.witness(this);
  }

  @Override
  public void close() {
    face.witness(outer);
  }

  // ---- its runs

  /** A run begins: nothing has been sent. */
  void begin() {
    wrote = false;
    lastWrote = false;
    committed = false;
    conflicted = false;
    fatal = null;
    fatalFailure = null;
    renewed = false;
    lostTraces = false;
    judged = null;
  }

  /** A run after a failed one begins as the first did. */
  void startOver() throws SQLException {
    if (face.current().inTransaction()) {
      face.rollback();
    }
    face.become(state);
  }

  /** What the options ask for, unless a transaction that has begun makes it too late. */
  void setOptions() throws SQLException {
    if (partOfTransaction) {
      return;
    }
    if (options.readOnly() && !face.current().readOnly()) {
      face.setReadOnly(true);
      setReadOnly = true;
    }
    if (options.isolation() != 0) {
      int before = face.getTransactionIsolation();
      if (before != options.isolation()) {
        face.setTransactionIsolation(options.isolation());
        isolationBefore = before;
      }
    }
  }

  /** Takes back what the options asked for, if that is possible; else it is when the lease ends. */
  void unsetOptions() {
    Session session = face.session();
    if (session == null || (fatal != null && !renewed)) {
      return;
    }
    try {
      if ((setReadOnly || isolationBefore != UNSET) && !session.inTransaction()) {
        if (setReadOnly) {
          face.setReadOnly(false);
        }
        if (isolationBefore != UNSET) {
          face.setTransactionIsolation(isolationBefore);
        }
      }
    } catch (SQLException e) {
      Ladder.log.debug("Pool {}: {} keeps its options", lessor.config().name(), session, e);
    }
  }

  /** Rolls back what a failed run has left open; whether it is run again is judged before. */
  void rollBackAfter(Throwable failure) {
    judge(failure);
    Session session = face.session();
    if (session == null || (fatal != null && !renewed)) {
      return; // the server has done it, or will
    }
    try {
      if (session.inTransaction()) {
        face.rollback();
      }
    } catch (SQLException e) {
      Failures.suppress(failure, e);
    }
  }

  /** The dead session goes back before another is asked for, lest the unit holds two places. */
  void letGoOfDeadSession() {
    if (fatal != null && !renewed) {
      face.letGo();
    }
  }

  void renewIfLetGo() throws SQLException {
    if (face.isGivenBack()) {
      lessor.renew(face);
    }
    forgetFailure();
  }

  // ---- what it hears

  @Override
  public void executing() {
    Session session = face.session();
    boolean writes =
        session != null && !session.readOnly() && (session.autoCommit() || session.commitsBySql());
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.wrote |= writes;
      unit.lastWrote = writes;
    }
  }

  @Override
  public void failed(Verdict verdict, SQLException failure) {
    for (Unit unit = this; unit != null; unit = unit.outer) {
      if (verdict.fatal()) {
        unit.fatal = verdict;
        unit.fatalFailure = failure;
        unit.renewed = false;
      } else {
        unit.conflicted |= verdict == Verdict.TRANSACTION_CONFLICT;
      }
    }
  }

  /**
   * Commits. Throws where the driver would keep silent (a transaction that has failed is rolled
   * back by its COMMIT), and finds out where the answer is lost.
   */
  @Override
  public void commit() throws SQLException {
    if (fatalFailure != null && !renewed) {
      throw fatalFailure; // and with that session its transaction is gone
    }
    Session session = face.current();
    if (session.transactionFailed()) {
      throw new SQLException(
          "The transaction can't be committed: a statement in it has failed, and the failure was"
              + " caught. Let it pass, or roll back to a savepoint",
          "25P02");
    }
    if (session.readOnly() || !session.pending() || !session.inTransaction()) {
      face.commitNow(); // repeating that doubles nothing
    } else if (new Commit(ladder, this, face).run(anyRepeatable())) {
      for (Unit unit = this; unit != null; unit = unit.outer) {
        unit.committed = true;
        unit.lastWrote = false;
      }
    }
  }

  /** The session was lost and another is there, in every unit's eyes. */
  void forgetFailure() {
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.fatal = null;
      unit.fatalFailure = null;
      unit.renewed = false;
    }
  }

  /**
   * The session was lost, another is there already, and what was sent is undone.
   *
   * @param traces whether SQL had set state in the lost session
   */
  void undone(Verdict verdict, SQLException failure, boolean traces) {
    failed(verdict, failure);
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.renewed = true;
      unit.lostTraces = traces;
    }
  }

  // ---- what follows

  /** What a failed run has failed of. */
  Verdict judge(Throwable failure) {
    if (judged != failure) {
      judged = failure;
      judgement = verdict(failure);
    }
    return judgement;
  }

  private Verdict verdict(Throwable failure) {
    if (failure instanceof Error || isSettled(failure)) {
      return Verdict.CALLER;
    }
    if (fatal != null) {
      return fatal; // whatever the work has made of it
    }
    Session session = face.session();
    if (session == null) {
      return Verdict.CALLER; // the work has closed its connection
    }
    Verdict verdict = lessor.classify(failure);
    if (verdict.fatal()) {
      // Seen by the driver's own object only, or the failure of another database.
      return face.foundBroken(verdict, sql(failure)) ? verdict : Verdict.CALLER;
    }
    return conflicted && session.transactionFailed() ? Verdict.TRANSACTION_CONFLICT : verdict;
  }

  private static boolean isSettled(Throwable failure) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < DEPTH; depth++, at = at.getCause()) {
      if (at instanceof WriteOutcomeUnknownException
          || at instanceof CommitOutcomeUnknownException) {
        return true;
      }
    }
    return false;
  }

  private static SQLException sql(Throwable failure) {
    Throwable at = failure;
    for (int depth = 0; at != null && depth < DEPTH; depth++, at = at.getCause()) {
      if (at instanceof SQLException e) {
        return e;
      }
    }
    return new SQLException(failure);
  }

  private boolean repeatable() {
    return options.readOnly() || options.idempotent();
  }

  private boolean anyRepeatable() {
    for (Unit unit = this; unit != null; unit = unit.outer) {
      if (unit.repeatable() && !unit.partOfTransaction) {
        return true;
      }
    }
    return false;
  }

  /** Why this unit must not be run again after {@code verdict}; null if it may. */
  @Nullable String refusal(Verdict verdict) {
    if (partOfTransaction) {
      return "it is a part of a transaction that was begun before it";
    }
    if (!repeatable() && wrote) {
      return "it had sent what may have written, outside of a transaction";
    }
    if (!repeatable() && committed) {
      return "a part of it was committed already";
    }
    if (verdict == Verdict.TRANSACTION_CONFLICT) {
      return null;
    }
    if (!verdict.reconnectable()) {
      return "the server refuses connections";
    }
    if (traced) {
      return "its session had state set by SQL that another doesn't have";
    }
    return openBefore.isEmpty() || face.openStatements().stream().noneMatch(openBefore::contains)
        ? null
        : "a statement that was opened before it is still open";
  }

  boolean leavesItToAnOuterOne(Verdict verdict) {
    for (Unit unit = outer; unit != null; unit = unit.outer) {
      if (unit.refusal(verdict) == null) {
        return true;
      }
    }
    return false;
  }

  /** It is not run again. */
  void giveUp(Verdict verdict, Throwable failure, int runs, String why) {
    if (renewed && lostTraces) {
      face.close(); // its user goes on in the belief that what SQL had set is set
    }
    if (!verdict.fatal() || failure == reported) {
      return;
    }
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.reported = failure;
    }
    String pool = lessor.config().name();
    Ladder.log.warn("Pool {}: {} is not run again: {}", pool, options.label(), why);
    lessor.emit(new PoolEvent.RetryRefused(pool, options.label(), runs, why));
  }

  /** What to throw for a failure that is final, for this unit. */
  Exception explain(Verdict verdict, Exception failure) {
    boolean unanswered = verdict.fatal() && verdict != Verdict.READ_ONLY_SERVER;
    if (!unanswered || !lastWrote || repeatable() || leavesItToAnOuterOne(verdict)) {
      return failure;
    }
    return new WriteOutcomeUnknownException(
        "The connection was lost while "
            + options.label()
            + " wrote in autocommit: what it sent last may be there or not, and it was not run"
            + " again. Look for its effect before you repeat it. Work that runs in a transaction,"
            + " or is marked read-only or idempotent, is run again by the pool",
        failure);
  }
}
