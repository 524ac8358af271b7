package io.everpool.core.work;

import io.everpool.api.CommitOutcomeUnknownException;
import io.everpool.api.Verdict;
import io.everpool.api.WorkDeadlineException;
import io.everpool.api.WriteOutcomeUnknownException;
import io.everpool.api.driver.Causes;
import io.everpool.core.jdbc.LeaseManager;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What has gone wrong in a unit's present run: what was heard of its connection, and what the
 * exception means that the run ended with. Used on the unit's thread.
 *
 * <p>A little long, because what becomes of a COMMIT in doubt depends on all that is noted here.
 */
final class UnitFailure {

  private final LeaseManager leases;
  private final PooledConnection face;
  private final UnitLog log;
  private final @Nullable UnitFailure outer;

  /** Whether a framework runs its transactions and rolls back before it lets a failure pass. */
  private boolean rollsBackFirst;

  /** A failure of its transaction that has left the connection good; the work may hide it. */
  private @Nullable Verdict transactionFailure;

  /** Whether the transaction was rolled back as a whole after that, and nothing was sent since. */
  private boolean rolledBack;

  private @Nullable Verdict fatal;
  private @Nullable SQLException fatalFailure;

  /** Whether the present session is another than the one that {@link #fatal} speaks of. */
  private boolean renewed;

  /** What was thrown because nobody knows the outcome of a COMMIT in the lost session. */
  private @Nullable CommitOutcomeUnknownException commitUnknown;

  /** What tells of a COMMIT without an answer that a further run would have repeated. */
  private @Nullable Runnable commitToRepeat;

  /** Answers that run had before it ({@link UnitLog#commits}): a run with more has repeated it. */
  private int answeredBefore;

  /** Whether it is the present run that has left such a COMMIT. */
  private boolean leftNow;

  /** Whether the unit is committing: it finds out itself what became of that after a loss. */
  private boolean committing;

  /** Whether the session was lost while the unit was committing. */
  private boolean lostCommitting;

  private boolean lostSideEffects;

  /** Whether a write was refused by a server that takes none; the session is kept. */
  private boolean writeRefused;

  /** Whether a server that takes the write was looked for and not found. */
  private boolean soughtInVain;

  private @Nullable Throwable judged;
  private Verdict judgement = Verdict.STATEMENT_FAILED;
  private @Nullable Throwable reported;

  /**
   * @param log what the unit's present run has sent
   * @param outer that of the unit around it, which hears the same
   */
  UnitFailure(
      LeaseManager leases, PooledConnection face, UnitLog log, @Nullable UnitFailure outer) {
    this.leases = leases;
    this.face = face;
    this.log = log;
    this.outer = outer;
  }

  /** Notes that a framework ends the unit's transactions before it lets a failure pass. */
  void rollsBackFirst() {
    rollsBackFirst = true;
  }

  /** A run begins, in which nothing has gone wrong yet. The runs around it go on. */
  void begin() {
    for (UnitFailure at = outer; at != null; at = at.outer) {
      at.goesOn();
    }
    transactionFailure = null;
    rolledBack = false;
    forgetLoss();
    lostSideEffects = false;
    writeRefused = false;
    judged = null;
    leftNow = false;
  }

  /** A call has failed for a reason that isn't the caller's SQL or data. */
  void heard(Verdict verdict, SQLException failure) {
    for (UnitFailure at = this; at != null; at = at.outer) {
      if (verdict.fatal()) {
        at.fatal = verdict;
        at.fatalFailure = failure;
        at.lostCommitting |= committing;
        at.renewed = false;
      } else {
        at.transactionFailure = verdict;
        at.rolledBack = false;
      }
    }
  }

  /**
   * A framework rolls back before it lets a failure of its work pass. When that is judged, no
   * transaction shows any more why it failed: so the reason is kept until something else is sent.
   * Without a framework it is the work that rolls back, and so has dealt with the failure.
   */
  void rollingBack() {
    Session session = face.session();
    if (!rollsBackFirst || transactionFailure == null || session == null) {
      return;
    }
    boolean failed = session.transactionFailed();
    for (UnitFailure at = this; at != null; at = at.outer) {
      at.rolledBack |= failed && at.transactionFailure != null;
    }
  }

  /**
   * The run goes on. If its transaction is good, or none is open, it has dealt with the failure
   * that was heard before: by a savepoint, say.
   */
  void goesOn() {
    if (transactionFailure != null) {
      Session session = face.session();
      if (session == null || !session.transactionFailed()) {
        transactionFailure = null;
        rolledBack = false;
      }
    }
  }

  /** A write was refused by a server that takes none, and another server is looked for. */
  void heardRefusal() {
    for (UnitFailure at = this; at != null; at = at.outer) {
      at.writeRefused = true;
    }
  }

  /** No server was found that takes the write; the search has logged that itself. */
  void soughtInVain() {
    soughtInVain = true;
  }

  boolean wasSoughtInVain() {
    return soughtInVain;
  }

  /** The unit begins to commit, or has ended that. */
  void committing(boolean value) {
    committing = value;
    for (UnitFailure at = this; value && at != null; at = at.outer) {
      at.log.committing();
    }
  }

  /** A COMMIT of what may have written is done, and settled. */
  void committed() {
    for (UnitFailure at = this; at != null; at = at.outer) {
      at.log.committed();
    }
  }

  /** Whether the unit finds out, or has, what became of a COMMIT in the lost session. */
  boolean findsOut() {
    return committing || lostCommitting || commitUnknown != null;
  }

  /** Notes that nobody knows what became of a COMMIT; the work may hide that. */
  void commitUnknown(CommitOutcomeUnknownException thrown) {
    commitUnknown = thrown;
  }

  /** What was thrown because nobody knows the outcome of a COMMIT; null if nothing was. */
  @Nullable CommitOutcomeUnknownException commitUnknown() {
    return commitUnknown;
  }

  /**
   * Notes a COMMIT without an answer of which nobody asks what became, for this unit or one around
   * it is run again. If an earlier run has left such a COMMIT, that one stays noted until it is
   * repeated: this run may have come less far.
   *
   * @param telling what tells of it if there is no such run
   */
  void commitToRepeat(Runnable telling) {
    for (UnitFailure at = this; at != null; at = at.outer) {
      int answered = at.log.commits(false);
      if (!at.leftNow && answered > at.answeredBefore) {
        at.nothingToRepeat(); // this run has repeated it
      }
      if (at.commitToRepeat == null) {
        at.commitToRepeat = telling;
        at.answeredBefore = answered;
      }
      at.leftNow = true;
    }
  }

  /**
   * The run has failed, and may have repeated what the run before it has left in doubt. What the
   * present run of a unit has left in doubt, only a later one repeats: what that run commits after
   * it is something else.
   */
  void runFailed() {
    for (UnitFailure at = this; at != null; at = at.outer) {
      if (!at.leftNow && at.log.commits(at.answers()) > at.answeredBefore) {
        at.nothingToRepeat();
      }
    }
  }

  /**
   * A run of a unit within this one begins. Of its runs only the latest counts here: a run that has
   * come less far than the one before it has repeated less.
   *
   * @param within what its last run has sent
   * @param again whether it had one
   */
  void countWithin(UnitLog within, boolean again) {
    if (again) {
      log.repeatsWithin(within);
    } else {
      log.beginsWithin(answers());
    }
  }

  /** Whether what was sent last has its answer. */
  boolean answers() {
    Session session = face.session();
    return session != null && !session.broken() && !hasLostSession();
  }

  /**
   * The run has gone well, and so has repeated what earlier runs have left in doubt. If it has left
   * a COMMIT in doubt itself, its work has hidden that, and only a unit around it may repeat it.
   */
  void wentWell() {
    if (!leftNow) {
      nothingToRepeat();
    }
  }

  /** The unit is over, however it has ended. What it has left only one around it may repeat. */
  void unitEnded() {
    if (outer == null) {
      commitNotRepeated(false);
    }
  }

  /**
   * There is no run that would repeat the COMMIT in doubt: so it is told. But a failure of the
   * unit's own comes out as it is, for it may be that COMMIT's doing.
   *
   * @param own whether the unit ends with such a failure; one around it may go on behind that
   */
  void commitNotRepeated(boolean own) {
    if (own && outer != null) {
      return;
    }
    Runnable telling = nothingToRepeat();
    if (telling != null && commitUnknown == null && !own) {
      telling.run();
    }
  }

  /** Forgets it here and in outer units that were left the same one; returns what tells of it. */
  private @Nullable Runnable nothingToRepeat() {
    Runnable telling = commitToRepeat;
    for (UnitFailure at = this; telling != null && at != null; at = at.outer) {
      at.commitToRepeat = at.commitToRepeat == telling ? null : at.commitToRepeat;
    }
    return telling;
  }

  /**
   * Looks whether the connection was lost in a COMMIT that was sent by the driver's own object: of
   * what that has thrown the pool hears only if the work lets it pass.
   *
   * @param thrown what came out of the work; null if it goes on
   */
  void findLostCommit(@Nullable Throwable thrown) {
    Session session = face.session();
    if (fatal == null && session != null && session.isExposedInWork() && session.hasLostCommit()) {
      face.foundBroken(
          Verdict.CONNECTION_LOST,
          new SQLException(
              "The connection was lost in a COMMIT that was sent by the driver's own object",
              "08006",
              thrown));
    }
  }

  /** Forgets that the session was lost: another goes on as if it were the same. */
  void forgetLoss() {
    fatal = null;
    fatalFailure = null;
    commitUnknown = null;
    lostCommitting = false;
    renewed = false;
    writeRefused = false;
  }

  /**
   * The lost session has a successor already, on which the run can't go on.
   *
   * @param sideEffects whether SQL had set state in the lost one
   */
  void renewed(boolean sideEffects) {
    for (UnitFailure at = this; at != null; at = at.outer) {
      at.renewed = true;
      at.lostSideEffects = sideEffects;
    }
  }

  /** Whether the present session is lost. */
  boolean hasLostSession() {
    return fatal != null && !renewed;
  }

  /** How the present session was lost; null if it was not. */
  @Nullable SQLException loss() {
    return renewed ? null : fatalFailure;
  }

  /** Whether the present session lacks what SQL had set in the one before. */
  boolean lacksSideEffects() {
    return renewed && lostSideEffects;
  }

  /** What the failure of a run means. */
  Verdict judge(Throwable failure) {
    if (judged != failure) {
      judged = failure;
      judgement = verdict(failure);
    }
    return judgement;
  }

  /**
   * Whether the work was interrupted while it waited, and has passed that on instead of the flag.
   */
  boolean tellsOfAnInterrupt() {
    return judged != null && Causes.first(judged, InterruptedException.class) != null;
  }

  /** The kind of a failure that was judged so. */
  FailureKind kind(Verdict verdict) {
    return commitUnknown == null ? FailureKind.of(verdict) : FailureKind.COMMIT;
  }

  private Verdict verdict(Throwable failure) {
    if (failure instanceof Error) {
      return Verdict.STATEMENT_FAILED;
    }
    findLostCommit(failure);
    if (commitUnknown != null) {
      return Verdict.CONNECTION_LOST; // it is, even if another thread has closed this meanwhile
    }
    if (isSettled(failure)) {
      return Verdict.STATEMENT_FAILED;
    }
    if (fatal != null) {
      return fatal; // it counts, whatever the work has made of it
    }
    if (writeRefused) {
      return Verdict.READ_ONLY_SERVER;
    }
    Session session = face.session();
    if (session == null || session.broken()) {
      // The work has closed its connection, or the driver is at fault.
      return Verdict.STATEMENT_FAILED;
    }
    Verdict verdict = leases.classify(failure);
    if (verdict.fatal()) {
      // Only the driver's own object has met it, or it is the failure of another database.
      return face.foundBroken(verdict, sql(failure)) ? verdict : Verdict.STATEMENT_FAILED;
    }
    return transactionFailure != null && (rolledBack || session.transactionFailed())
        ? transactionFailure
        : verdict;
  }

  private static boolean isSettled(Throwable failure) {
    return Causes.first(
            failure,
            at ->
                at instanceof WriteOutcomeUnknownException
                    || at instanceof WorkDeadlineException
                    || at instanceof CommitOutcomeUnknownException)
        != null;
  }

  /** The SQLException in a failure, or one around it. */
  static SQLException sql(Throwable failure) {
    SQLException found = Causes.first(failure, SQLException.class);
    return found == null ? new SQLException(failure) : found;
  }

  /** Notes that a failure is final; true the first time. */
  boolean report(Throwable failure) {
    boolean first = failure != reported;
    reported = failure;
    return first;
  }
}
