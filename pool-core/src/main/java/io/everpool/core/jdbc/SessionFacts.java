package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNull;
import static java.util.Objects.requireNonNullElse;

import io.everpool.api.Verdict;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.driver.CommitTicket;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.StreamedData;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import org.jspecify.annotations.Nullable;

/**
 * What the driver says of a session: facts for those who have to know what may be repeated, and
 * what may still be asked. A driver that fails to answer has broken the session, which is then
 * closed. Only the holder of the lease may ask.
 *
 * <p>A little long, for each question to the driver is here with what its failure means.
 */
abstract class SessionFacts extends SessionMarks {
  /** SQLState: a function sequence error. */
  private static final String HELD_UP = "HY010";

  private static final AtomicIntegerFieldUpdater<SessionFacts> CANCELS =
      AtomicIntegerFieldUpdater.newUpdater(SessionFacts.class, "cancels");

  final LeaseManager leases;
  final Connection jdbc;
  final PhysicalConnection physical;

  /** Requests to cancel a statement that are under way. */
  private volatile int cancels;

  private boolean looksUpCommits = true;

  /** Whether the driver compares what is streamed with what an earlier run has streamed. */
  boolean compares;

  SessionFacts(PhysicalConnection physical, LeaseManager leases) {
    super(
        leases.texts(),
        leases.config().reset(),
        (physical.warnsUnasked() ? WARNS : 0) | (physical.wantsRequests() ? IN_REQUEST : 0));
    this.leases = leases;
    this.physical = physical;
    this.jdbc = requireNonNull(physical.jdbc(), "the adapter has no connection of JDBC's");
  }

  /** Whether a transaction is open, however it was begun. */
  public final boolean inTransaction() throws SQLException {
    try {
      TransactionState state = physical.transactionState();
      return state == TransactionState.UNKNOWN
          ? has(PENDING) && !jdbc.getAutoCommit()
          : state != TransactionState.NONE;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /**
   * Whether a COMMIT may have something to commit. If the driver doesn't say whether a transaction
   * is open, the answer is yes once anything was sent in this lease: otherwise what is written
   * after a COMMIT without passing the faces would go unseen.
   */
  public final boolean mayBeInTransaction() throws SQLException {
    try {
      TransactionState state = physical.transactionState();
      return state == TransactionState.UNKNOWN
          ? has(RAN) && !jdbc.getAutoCommit()
          : state != TransactionState.NONE;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /**
   * Whether a text of this lease may have begun a transaction, or switched autocommit, and the
   * driver may know nothing of it: some answer {@code getAutoCommit()} by what its setter was last
   * told.
   */
  final boolean mayHaveBegunBySql() {
    return has(SqlTexts.BEGINS) && has(RAN) && isBlind();
  }

  /**
   * Whether what is sent now may be a part of a transaction that was begun before; the answer is
   * yes if a text may have begun one.
   */
  public final boolean isWithinTransaction() throws SQLException {
    return inTransaction() || (has(PENDING) && mayHaveBegunBySql());
  }

  /** Whether a transaction is open that a call of JDBC's may commit unseen. */
  final boolean mayBeCommittedUnseen() throws SQLException {
    return isBlind() && inTransaction();
  }

  /** Whether the driver doesn't say whether a transaction is open. */
  final boolean isBlind() {
    return transactionState() == TransactionState.UNKNOWN;
  }

  /** What the driver says of autocommit now. */
  final boolean saysAutoCommit() throws SQLException {
    try {
      return jdbc.getAutoCommit();
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  final TransactionState transactionState() {
    try {
      return physical.transactionState();
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /** As {@link PhysicalConnection#moment()}. */
  public final long moment() {
    try {
      return physical.moment();
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /** As {@link PhysicalConnection#commitUnanswered()}. */
  final boolean commitUnanswered() {
    try {
      return physical.commitUnanswered();
    } catch (Throwable e) {
      marks |= BROKEN;
      return false;
    }
  }

  /**
   * Whether it is dead and a COMMIT that was sent on it has no answer; no if the driver can't say.
   */
  public final boolean hasLostCommit() {
    try {
      return commitUnanswered() && dead();
    } catch (RuntimeException e) {
      return false; // the session is marked as broken
    }
  }

  /** As {@link PhysicalConnection#effectsSince}; unproven if the driver fails to answer. */
  public final Effects effectsSince(long moment) {
    try {
      return requireNonNullElse(physical.effectsSince(moment), Effects.UNPROVEN);
    } catch (Throwable e) {
      marks |= BROKEN;
      return Effects.UNPROVEN;
    }
  }

  /** As {@link PhysicalConnection#streamedSince}; nothing if the driver fails to answer. */
  public final List<StreamedData> streamedSince(long moment) {
    try {
      return requireNonNullElse(physical.streamedSince(moment), List.of());
    } catch (Throwable e) {
      marks |= BROKEN;
      return List.of();
    }
  }

  /** As {@link PhysicalConnection#expectStreamed}; it ends with the lease at the latest. */
  public final void expectStreamed(List<StreamedData> before) {
    compares = !before.isEmpty();
    marks |= compares ? ASKED : 0; // this makes the lease's end look for what is left
    try {
      physical.expectStreamed(before);
    } catch (Throwable e) {
      marks |= BROKEN;
    }
  }

  /** As {@link PhysicalConnection#refusedStreamed}; no if the driver fails to answer. */
  public final boolean refusedStreamed() {
    try {
      return physical.refusedStreamed();
    } catch (Throwable e) {
      marks |= BROKEN;
      return false;
    }
  }

  /** As {@link PhysicalConnection#explained}; the failure itself if the adapter answers null. */
  final SQLException explained(SQLException e, SideEffects left) {
    return requireNonNullElse(physical.explained(e, left), e);
  }

  /** As {@link PhysicalConnection#commitStatus}; unknown if the adapter answers null. */
  final CommitStatus commitStatus(CommitTicket ticket) throws SQLException {
    return requireNonNullElse(physical.commitStatus(ticket), CommitStatus.UNKNOWN);
  }

  /** As {@link PhysicalConnection#replicaLag}. */
  final Duration replicaLag(long timeoutNanos) throws SQLException {
    return told(physical.replicaLag(timeoutNanos));
  }

  /** As {@link PhysicalConnection#position}. */
  final String position(long timeoutNanos) throws SQLException {
    return told(physical.position(timeoutNanos));
  }

  /** Returns the answer. An adapter that answers null counts as one that can't tell. */
  private static <T> T told(@Nullable T answer) throws SQLException {
    if (answer == null) {
      throw new SQLFeatureNotSupportedException("The driver's adapter has answered null");
    }
    return answer;
  }

  /** As {@link PhysicalConnection#takesWritesSince}; yes if the driver fails to answer. */
  public final boolean takesWritesSince(long moment) {
    try {
      return physical.takesWritesSince(moment);
    } catch (Throwable e) {
      marks |= BROKEN;
      return true;
    }
  }

  /** Whether a transaction is open and takes nothing but a rollback; no if unknown. */
  public final boolean transactionFailed() {
    return transactionState() == TransactionState.FAILED;
  }

  /** Whether a text of this lease may commit a transaction that JDBC knows to be open. */
  public final boolean commitsBySql() {
    return has(SqlTexts.ENDS) || (has(SqlTexts.MAY_END) && isBlind());
  }

  /**
   * Whether a write is refused because of the server, and not because the program has asked for
   * that. If a text of the program may have asked for it, the server has to say so itself;
   * otherwise, through a pooler, the refusal alone would count.
   */
  final boolean isWriteRefusedByServer() {
    SideEffects left = effectsToClear();
    return physical.isWriteRefusedByServer(left)
        && (!has(SqlTexts.ASKS_READ_ONLY) || physical.isServerReadOnly(left));
  }

  /**
   * Whether the server takes no writes any more, if that couldn't be told before because of what
   * the program's SQL may have set. Called when that is cleared and the driver knows what holds
   * without it.
   */
  final boolean foundReadOnly() {
    return traced() && physical.isServerReadOnly(SideEffects.NONE);
  }

  /** Whether the driver can look up commits; yes until it says that it can't. */
  public final boolean looksUpCommits() {
    return looksUpCommits;
  }

  /** Notes that the driver has said that it can't. */
  public final void cannotLookUpCommits() {
    looksUpCommits = false;
  }

  /**
   * What a failure of this session in use means.
   *
   * <p>Some databases say of a mere statement what others say of a login or of a connection ({@link
   * AmbiguousFailures}). So if the session isn't dead, such a failure is taken for the statement's.
   * But it isn't if the adapter can see the state of the session, for then it may know that the
   * session must end (PgCat). The session is asked whether it lives when the lease ends.
   */
  public final Verdict verdict(SQLException e) {
    Verdict verdict = leases.classify(e);
    if (!verdict.fatal()
        || !AmbiguousFailures.include(e, verdict, leases::classify)
        || dead()
        || !isBlind()) {
      return verdict;
    }
    marks |= DOUBTED;
    return Verdict.STATEMENT_FAILED;
  }

  /** Clears the warnings. A driver that has the method but not the feature has none to clear. */
  static void clearWarnings(Connection jdbc) throws SQLException {
    try {
      jdbc.clearWarnings();
    } catch (SQLFeatureNotSupportedException
        | UnsupportedOperationException
        | AbstractMethodError e) {
      // there are none, so the next borrower gets none either
    }
  }

  /**
   * Whether the failure says that the connection was lost just now; later failures only say that it
   * is closed (08003). If nobody knows the SQLState, it was lost if the driver has closed it at
   * that failure.
   */
  final boolean isLoss(SQLException e) {
    Verdict verdict = verdict(e);
    boolean fatal = verdict.fatal() && verdict != Verdict.READ_ONLY_SERVER;
    return (fatal || (StacklessLoss.isOf(loss, e) && shut())) && !"08003".equals(e.getSQLState());
  }

  /** Whether the driver says that it is closed; yes if it can't say. Sends nothing. */
  final boolean shut() {
    try {
      return jdbc.isClosed();
    } catch (SQLException e) {
      return true;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /** Whether the driver says that it is closed; no if it can't say. Sends nothing. */
  final boolean isClosedForCertain() {
    try {
      return jdbc.isClosed();
    } catch (SQLException e) {
      return false;
    }
  }

  /** Whether it is dead, and no transaction was lost with it; no if nobody knows. */
  final boolean isDeadInNone() {
    try {
      return dead() && !mayBeInTransaction();
    } catch (SQLException e) {
      return false; // the driver would have to be asked, and is closed
    }
  }

  /** Whether the connection is closed already, on this side or the other. Sends nothing. */
  final boolean dead() {
    try {
      return jdbc.isClosed() || physical.look() == Look.DEAD;
    } catch (SQLException e) {
      return true;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /** A request to cancel a statement begins, on any thread; {@link #cancelEnded} follows. */
  final void cancelBegins() {
    CANCELS.incrementAndGet(this);
  }

  /** The request is over. */
  final void cancelEnded() {
    CANCELS.decrementAndGet(this);
  }

  /** Whether such a request is under way. */
  final boolean isBeingCancelled() {
    return cancels != 0;
  }

  /**
   * Whether the session may be asked anything: no answer is outstanding, no request to cancel is on
   * its way, nobody else is in the driver.
   */
  final boolean inStep() {
    return !isBeingCancelled() && physical.inStep();
  }

  /**
   * Whether the program has left something under way by the driver's own object, a copy say, behind
   * which nothing can be asked: as {@link PhysicalConnection#isHeldUp()}. If the driver can't say,
   * the answer is yes, and nothing more is asked of it.
   */
  public final boolean isHeldUp() {
    try {
      return mayBeHeldUp() && physical.isHeldUp() && !shut();
    } catch (Throwable e) {
      marks |= BROKEN;
      return true;
    }
  }

  /**
   * Whether nobody can tell whether this can be asked anything more: the program has had the
   * driver's own object, by which it may have left a copy under way, and of that driver {@link
   * PhysicalConnection#mayHangUnseen()} holds.
   */
  public final boolean mayHangUnseen() {
    try {
      return has(EXPOSED_IN_WORK) && physical.mayHangUnseen();
    } catch (Throwable e) {
      marks |= BROKEN;
      return true;
    }
  }

  /** Whether anybody has the driver's own object, from this lease or an earlier one. */
  final boolean mayBeHeldUp() {
    return has(MAY_BE_KEPT);
  }

  /** Whether this failure was made by {@link #heldUp}. */
  static boolean isHeldUp(@Nullable SQLException failure) {
    return failure != null && HELD_UP.equals(failure.getSQLState());
  }

  /** What to throw if something is asked nonetheless. */
  static SQLException heldUp(@Nullable SQLException cause) {
    return new SQLException(
        "A copy, a replication stream or another answer of the driver's own object is still under"
            + " way on this connection, and whatever is asked now would wait for it or be given its"
            + " answer. End that first (cancel the copy, or read it to its end), or close the"
            + " connection, which rolls back",
        HELD_UP,
        cause);
  }

  /**
   * Whether somebody has kept the driver's own object of an earlier lease and uses it while nobody
   * is lent this session: something is under way, or a transaction is open in which the next
   * borrower would be. Asked by whoever is about to lend it; sends nothing.
   */
  final boolean isUsedByOthers() {
    if ((marksAtFirst & MAY_BE_KEPT) == 0) {
      return false;
    }
    if (!inStep()) {
      return true;
    }
    TransactionState state = transactionState();
    return state == TransactionState.OPEN || state == TransactionState.FAILED;
  }
}
