package io.everpool.core.work;

import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Effects;
import io.everpool.core.jdbc.LeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.jdbc.UnitObserver;
import io.everpool.core.observe.UnitWatch;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A unit of work while it runs: what has happened to it, and in its {@link UnitLog} the evidence of
 * what its present run has sent. Whether it may be run again is decided by {@link RerunRule} on its
 * {@link #facts}.
 *
 * <p>Units nest. All that an inner one sends, the outer ones have sent as well. The outermost that
 * may be rerun is rerun; an inner one leaves a failure to it. On another connection an inner one is
 * a unit of its own: see {@link Nesting}.
 *
 * <p>A little long, for all that may happen to it is told here.
 */
final class Unit implements UnitObserver, AutoCloseable {

  private final UnitRunner runner;
  private final LeaseManager leases;
  private final PooledConnection face;
  final @Nullable Unit outer;
  private final @Nullable UnitObserver heardBefore;
  private final UnitLog log = new UnitLog();
  final UnitFailure failure;
  final UnitRecovery recovery;
  final WorkOptions options;
  final OptionsOnConnection set;
  final UnitWatch watch;
  private final @Nullable UnitDeadline deadline;
  private final DeadlineChain deadlines;
  private final Nesting nesting;
  final long begunAt;

  /** Whether it was begun within a transaction. */
  private final boolean withinTransaction;

  /** How many runs before the present one have lost their connection. */
  int lostRuns;

  /**
   * Begins to hear what is sent by {@code face}, until it is closed.
   *
   * @param deadline when it must have ended, on the pool's clock; it means nothing if its options
   *     have none
   * @param watch those who watch it
   */
  Unit(
      UnitRunner runner, PooledConnection face, WorkOptions options, long deadline, UnitWatch watch)
      throws SQLException {
    this.runner = runner;
    this.leases = runner.leases;
    this.face = face;
    this.outer = (Unit) face.observer();
    this.failure = new UnitFailure(leases, face, log, outer == null ? null : outer.failure);
    this.options = options;
    this.watch = watch;
    this.begunAt = runner.time.nanoTime();
    this.recovery = new UnitRecovery(face, failure, options, outer == null ? null : outer.recovery);
    // This comes after the reading of the connection's state, which may begin a transaction.
    this.withinTransaction = face.current().isWithinTransaction();
    // The transaction counts as the outer unit's even if nothing was sent in it yet.
    boolean part = outer != null && !face.current().autoCommit();
    this.set = new OptionsOnConnection(face, options, withinTransaction, part);
    Duration allowed = options.deadline();
    this.deadline =
        allowed == null
            ? null
            : new UnitDeadline(
                leases, runner.told, face, options.label(), deadline, UnitRunner.nanos(allowed));
    this.deadlines = new DeadlineChain(this.deadline, outer == null ? null : outer.deadlines);
    this.nesting = Nesting.enter(face, recovery.openBefore(), outer == null ? null : outer.nesting);
    this.heardBefore = face.observer(this);
  }

  @Override
  public void close() {
    boolean late = deadline != null && deadline.end(); // this comes first: the driver may hang next
    try {
      if (nesting.isWithinAnothers() && !isPromised() && log.mayLeaveSomething(face)) {
        nesting.committed();
      }
      recovery.end(late);
    } finally {
      face.observer(heardBefore);
      nesting.leave();
      failure.unitEnded();
    }
  }

  // ---- its runs

  /**
   * A run begins, in which nothing has been sent yet.
   *
   * @param lost how many runs before it have failed otherwise than by a conflict
   * @param again whether it isn't the first
   */
  void begin(int lost, boolean again) {
    lostRuns = lost;
    nesting.begin();
    for (Unit unit = outer; unit != null; unit = unit.outer) {
      unit.failure.countWithin(log, again);
    }
    log.begin(face.session());
    failure.begin();
    set.begin();
    if (deadline != null) {
      deadline.watch();
    }
  }

  /**
   * Waits until a server is found that takes the write that was refused; the session counts as lost
   * then. False if there is none, or no time left; then the session is as good as before.
   */
  boolean awaitPrimary(Exception refused) throws InterruptedException {
    long spent = runner.time.nanoTime() - begunAt;
    long patience = Math.min(nanosLeft(), runner.retry.maxDuration().toNanos() - spent);
    if (!leases.awaitPrimary(patience)) {
      failure.soughtInVain();
      return false;
    }
    failed(Verdict.READ_ONLY_SERVER, UnitFailure.sql(refused));
    return true;
  }

  /** Whether the failed run has left its session as good as it was, but for writing. */
  boolean isToldToRead(Verdict verdict) {
    return verdict == Verdict.READ_ONLY_SERVER && !failure.hasLostSession();
  }

  /**
   * Takes a session in place of one that was let go.
   *
   * @return whether a run may begin; false if a deadline has passed meanwhile, for upkeep has
   *     cancelled what was there then, and would not cancel that run
   */
  boolean renewIfLetGo() throws SQLException {
    boolean good =
        recovery.orLetGo(
            () -> {
              if (face.isGivenBack()) {
                long acquireTimeout = leases.config().acquireTimeout().toNanos();
                runner.renewal.renew(face, options, Math.min(acquireTimeout, nanosLeft()));
                settleAll(effectsOfAll()); // what the lost session has proved stays
                for (Unit unit = outer; unit != null; unit = unit.outer) {
                  unit.oneShots().moves(face.session());
                }
              }
              return !isCancelled();
            });
    forgetFailure();
    return good;
  }

  // ---- what it hears

  @Override
  public void executing() {
    Session session = face.session();
    boolean lifts =
        session != null
            && (!session.readOnly()
                || session.mayHaveLiftedReadOnly()
                || session.mayLeaveReadOnlyTransaction()
                || session.mayWriteUnrefused());
    boolean mayCommit =
        session != null
            && (lifts || !onlyReads(session))
            && (session.autoCommit() || session.commitsBySql());
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.failure.goesOn();
      unit.log.executing(mayCommit, unit.failure.answers());
      if (lifts) {
        unit.set.liftedReadOnly();
      }
    }
  }

  /**
   * Whether the unit only reads: all else is refused, or its caller has promised to do nothing
   * else.
   */
  private boolean onlyReads(Session session) {
    return session.refusesWrites() || (options.readOnly() && session.readOnly());
  }

  @Override
  public void exposed() {
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.log.exposed();
      unit.set.liftedReadOnly();
    }
  }

  @Override
  public void failed(Verdict verdict, SQLException thrown) {
    failure.heard(verdict, thrown);
  }

  @Override
  public SQLException commitUnanswered(Session session, SQLException lost) {
    return failure.findsOut() ? lost : Commit.unanswered(runner, this, face, session, lost);
  }

  @Override
  public void writeRefused() {
    failure.heardRefusal();
  }

  @Override
  public void rollingBack() {
    failure.rollingBack();
  }

  @Override
  public void moves(@Nullable Session to) {
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.log.settle(unit.log.effects(), to); // what was seen up to now stays
      unit.oneShots().moves(to);
    }
  }

  @Override
  public OneShots oneShots() {
    return nesting.oneShots;
  }

  /**
   * Commits. Throws if the driver would keep silent (a transaction that has failed is rolled back
   * by its COMMIT), and finds out the outcome if the answer is lost.
   */
  @Override
  public void commit() throws SQLException {
    failure.findLostCommit(null);
    SQLException loss = failure.loss();
    if (loss != null) {
      throw loss; // with that session its transaction is gone
    }
    Session session = face.current();
    if (session.broken()) {
      throw new SQLException(
          "The transaction isn't committed: the driver has thrown something unexpected within it,"
              + " and nobody knows what a COMMIT would mean",
          "25P02");
    }
    if (session.transactionFailed()) {
      throw new SQLException(
          "The transaction can't be committed: a statement in it has failed, and the failure was"
              + " caught. Let it pass, or roll back to a savepoint",
          "25P02");
    }
    oneShots().requireWhole();
    face.requireNotHeldUp();
    if (!deadlines.suspend()) {
      throw new SQLException(
          "The transaction isn't committed: its work has run over its deadline", "57014");
    }
    try {
      failure.committing(true);
      commit(session);
    } finally {
      failure.committing(false);
      deadlines.watch();
    }
  }

  private void commit(Session session) throws SQLException {
    boolean reads = onlyReads(session) && !mayHaveLiftedReadOnly();
    List<Effects> before = effectsOfAll();
    if (reads || !session.mayBeInTransaction() || session.isBegunAhead()) {
      Commit.ofNothing(this, face, before);
    } else {
      new Commit(runner, this, face, before).run();
    }
  }

  /** What is certain of each unit from this one outwards. */
  private List<Effects> effectsOfAll() {
    List<Effects> all = new ArrayList<>(2);
    for (Unit unit = this; unit != null; unit = unit.outer) {
      all.add(unit.log.effects());
    }
    return all;
  }

  void settleAll(List<Effects> known) {
    int i = 0;
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.log.settle(known.get(i++), face.session());
    }
  }

  /** The session was lost and another is there: all units forget the loss. */
  void forgetFailure() {
    for (Unit unit = this; unit != null; unit = unit.outer) {
      unit.failure.forgetLoss();
    }
  }

  /**
   * The session was lost, another is there already, and what was sent since a COMMIT was begun is
   * undone.
   *
   * @param before the effects of each unit from this one outwards before that COMMIT
   * @param sideEffects whether SQL had set state in the lost session
   */
  void undone(Verdict verdict, SQLException lost, List<Effects> before, boolean sideEffects) {
    failed(verdict, lost);
    settleAll(before);
    failure.renewed(sideEffects);
  }

  // ---- its deadline, and those of the units around it

  /** How long there is until the first of these deadlines; nanoseconds. */
  private long nanosLeft() {
    return deadlines.left(runner.time.nanoTime());
  }

  /** Whether one of them has passed, and what ran was cancelled. */
  boolean isCancelled() {
    return deadlines.hasPassed();
  }

  /** Its own deadline if that has passed and what ran was cancelled; otherwise null. */
  @Nullable UnitDeadline passed() {
    return deadline != null && deadline.hasPassed() ? deadline : null;
  }

  // ---- what follows

  /** What the failure of a run means. */
  Verdict judge(Throwable thrown) {
    return failure.judge(thrown);
  }

  boolean isPromised() {
    return promise() != Promise.NONE;
  }

  private Promise promise() {
    mayHaveLiftedReadOnly();
    return set.promise();
  }

  /**
   * Whether something in this run may have lifted the ban on writes, by its text or by the server.
   */
  private boolean mayHaveLiftedReadOnly() {
    if (log.tookWrites()) {
      set.liftedReadOnly();
    }
    return set.mayHaveLiftedReadOnly();
  }

  /** The facts after a failure, to be asked for before anything is done about it. */
  UnitFacts facts(
      FailureKind failed, boolean commitTraceable, boolean refused, int runs, long pause) {
    return new UnitFacts(
        failed,
        log.effects(),
        nesting.hasCommittedElsewhere(),
        promise(),
        isLeftToAnOuterOne(failed),
        withinTransaction,
        commitTraceable,
        recovery.sessionChanged(),
        recovery.prepared(),
        recovery.holdsStatement(),
        oneShots().usedUp(),
        refused,
        runs,
        runner.time.nanoTime() - begunAt + pause,
        isCancelled(),
        nanosLeft() - pause,
        Thread.currentThread().isInterrupted() || failure.tellsOfAnInterrupt());
  }

  /** Whether a unit around it would be run again if that had just begun. */
  private boolean isLeftToAnOuterOne(FailureKind failed) {
    for (Unit unit = outer; unit != null; unit = unit.outer) {
      UnitFacts facts = unit.facts(failed, false, false, 0, 0);
      RerunRule.Decision decision = RerunRule.of(facts, runner.unbounded()).decision();
      if (decision == RerunRule.Decision.RERUN || decision == RerunRule.Decision.LEAVE_TO_OUTER) {
        return true;
      }
    }
    return false;
  }

  /** Whether nobody knows if its last request has had its effect. */
  boolean lastInDoubt() {
    return log.lastInDoubt();
  }

  /**
   * Notes that a failure is final; true the first time that this is said of it, by any of the units
   * that it passes.
   */
  boolean report(Throwable thrown) {
    if (failure.lacksSideEffects()) {
      recovery.close(); // its user would go on believing that what SQL had set is set
    }
    if (!failure.report(thrown)) {
      return false;
    }
    for (Unit unit = outer; unit != null; unit = unit.outer) {
      unit.failure.report(thrown);
    }
    return true;
  }
}
