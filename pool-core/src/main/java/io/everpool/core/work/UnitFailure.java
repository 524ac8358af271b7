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
 * exception means that the run ended with. On the unit's thread.
 */
final class UnitFailure {

  private final LeaseManager leases;
  private final PooledConnection face;
  private final UnitLog log;
  private final @Nullable UnitFailure outer;

  /** Transactions within it are a framework's, which rolls back before the failure comes out. */
  private boolean rollsBackFirst;

  /** A failure of its transaction that leaves the connection good, though the work may hide it. */
  private @Nullable Verdict transactionFailure;

  /** The transaction was rolled back as a whole after that, and nothing has come since. */
  private boolean rolledBack;

  private @Nullable Verdict fatal;
  private @Nullable SQLException fatalFailure;

  /** The present session is another than the one that {@link #fatal} speaks of. */
  private boolean renewed;

  /** What was thrown of a COMMIT in the lost session whose outcome nobody knows. */
  private @Nullable CommitOutcomeUnknownException commitUnknown;

  /** What tells of a COMMIT without an answer that a further run would have repeated. */
  private @Nullable Runnable commitToRepeat;

  /** How many of the run had their answer before it: the one that has more has repeated it. */
  private int answeredBefore;

  /** It is the present run that has left one so. */
  private boolean leftNow;

  /** The unit commits, and finds out itself what became of that if the session is lost. */
  private boolean committing;

  /** It was lost in that. */
  private boolean lostCommitting;

  private boolean lostSideEffects;

  /** A write was refused by a server that takes none; the session is kept. */
  private boolean writeRefused;

  /** A server that takes the write was looked for, and none was found. */
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

  /** Whoever runs the unit's work ends its transactions, and lets a failure pass after that. */
  void rollsBackFirst() {
    rollsBackFirst = true;
  }

  /** A run begins: nothing has gone wrong. Those around it go on. */
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
   * A framework rolls back before it lets a failure of its work pass, and when that is judged no
   * transaction shows any more what it failed of: so it is kept until something else is sent. Where
   * no framework is between, it is the work that rolls back, and by that has dealt with it.
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
   * The run goes on. Where it does so in a good transaction, or in none, it has dealt with what was
   * heard of that before: by a savepoint, say.
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

  /** A server that takes the write was looked for, and none was found: which is told of itself. */
  void soughtInVain() {
    soughtInVain = true;
  }

  boolean wasSoughtInVain() {
    return soughtInVain;
  }

  /** The unit commits from now on, or has ended that. */
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

  /** Whether what became of a COMMIT in the lost session is found out, or was. */
  boolean findsOut() {
    return committing || lostCommitting || commitUnknown != null;
  }

  /** Nobody knows what became of a COMMIT; the work may hide that. */
  void commitUnknown(CommitOutcomeUnknownException thrown) {
    commitUnknown = thrown;
  }

  /** What was thrown of a COMMIT in the lost session whose outcome nobody knows; null if none. */
  @Nullable CommitOutcomeUnknownException commitUnknown() {
    return commitUnknown;
  }

  /**
   * A COMMIT has no answer, and nobody asks what became of it, for this or one around it is run
   * again. One that an earlier run has left so stays what is told of until that is repeated: this
   * run may have come less far.
   *
   * @param telling what tells of it if there is no such run
   */
  void commitToRepeat(Runnable telling) {
    for (UnitFailure at = this; at != null; at = at.outer) {
      int answered = at.log.commits(false);
      if (at.commitToRepeat == null || answered > at.answeredBefore) {
        at.commitToRepeat = telling;
        at.answeredBefore = answered;
      }
      at.leftNow = true;
    }
  }

  /** The run has failed, and may have repeated before what the one before it has left in doubt. */
  void runFailed() {
    for (UnitFailure at = this; at != null; at = at.outer) {
      if (at.log.commits(at.answers()) > at.answeredBefore) {
        at.nothingToRepeat();
      }
    }
  }

  /**
   * A run of a unit within this one begins. What that sends in each of its runs counts once here: a
   * run that has come less far than the one before it has repeated less.
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
   * The run has gone well, and with that has repeated what those before it have left in doubt. What
   * it has left so itself its work has kept from this unit: nobody repeats that, but for a unit
   * around it.
   */
  void wentWell() {
    if (!leftNow) {
      nothingToRepeat();
    } else if (outer == null) {
      commitNotRepeated();
    }
  }

  /** There is no run that would repeat it. */
  void commitNotRepeated() {
    Runnable telling = nothingToRepeat();
    if (telling != null && commitUnknown == null) {
      telling.run();
    }
  }

  /** Those around it were left the same; what they had of their own stays theirs. */
  private @Nullable Runnable nothingToRepeat() {
    Runnable telling = commitToRepeat;
    for (UnitFailure at = this; telling != null && at != null; at = at.outer) {
      at.commitToRepeat = at.commitToRepeat == telling ? null : at.commitToRepeat;
    }
    return telling;
  }

  /**
   * Looks whether the connection was lost in a COMMIT that was sent by the driver's own object:
   * what that has thrown the pool hears of only where the work lets it pass.
   *
   * @param thrown what came out of the work; null if it goes on
   */
  void findLostCommit(@Nullable Throwable thrown) {
    Session session = face.session();
    if (fatal == null && session != null && session.isHandedOut() && session.hasLostCommit()) {
      face.foundBroken(
          Verdict.CONNECTION_LOST,
          new SQLException(
              "The connection was lost in a COMMIT that was sent by the driver's own object",
              "08006",
              thrown));
    }
  }

  /** The session was lost, and another goes on as if it were the same. */
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

  /** What a failed run has failed of. */
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

  /** What kind of failure it is that was judged so. */
  FailureKind kind(Verdict verdict) {
    return commitUnknown == null ? FailureKind.of(verdict) : FailureKind.COMMIT;
  }

  private Verdict verdict(Throwable failure) {
    if (failure instanceof Error) {
      return Verdict.STATEMENT_FAILED;
    }
    findLostCommit(failure);
    if (commitUnknown != null) {
      return Verdict.CONNECTION_LOST; // though another thread has closed this meanwhile
    }
    if (isSettled(failure)) {
      return Verdict.STATEMENT_FAILED;
    }
    if (fatal != null) {
      return fatal; // whatever the work has made of it
    }
    if (writeRefused) {
      return Verdict.READ_ONLY_SERVER;
    }
    Session session = face.session();
    if (session == null || session.broken()) {
      return Verdict
          .STATEMENT_FAILED; // the work has closed its connection, or the driver is at fault
    }
    Verdict verdict = leases.classify(failure);
    if (verdict.fatal()) {
      // Seen by the driver's own object only, or the failure of another database.
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

  /** A failure is final; true the first time that is said of it. */
  boolean report(Throwable failure) {
    boolean first = failure != reported;
    reported = failure;
    return first;
  }
}
