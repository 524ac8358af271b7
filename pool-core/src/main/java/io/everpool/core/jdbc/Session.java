package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Causes;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import java.io.InterruptedIOException;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTimeoutException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;

/**
 * One physical connection and its state. Made by the opener.
 *
 * <p>The state is plain fields in layers of their own, of which {@link SessionMarks} says who may
 * read and write them: what was done ({@link SessionMarks}), what the driver says ({@link
 * SessionFacts}), what was set ({@link SessionSettings}). Here is how a session begins, and how it
 * comes back to that beginning.
 */
public final class Session extends SessionSettings implements PooledEntry {
  private static final AtomicIntegerFieldUpdater<Session> LOSS_TOLD =
      AtomicIntegerFieldUpdater.newUpdater(Session.class, "lossTold");

  private final Initialization initialization;
  private final Slot slot;
  private final long number;
  private final long maxQueries;

  /** 1 once somebody has told that it is lost. Several threads may try to write it at once. */
  private volatile int lossTold;

  /**
   * The lease that upkeep has to end, written by a holder who hasn't even a frame of stack left for
   * a call; otherwise 0.
   */
  volatile long stranded;

  /**
   * The lease in which the driver's own object was handed out, outside of units of work; otherwise
   * 0, or the name of a lease that is over. Written by the holder, and read by upkeep: see {@code
   * KeptObjects}.
   */
  private volatile long handedOut;

  /**
   * Whether the server is being asked something for which it has less than {@code
   * validation-timeout}. Written by the holder.
   */
  boolean hurried;

  /** Called by an opener, who will put it into {@code slot}. */
  public Session(Slot slot, long number, PhysicalConnection physical, LeaseManager leases) {
    this(slot, number, physical, leases, Initialization.NONE);
  }

  /**
   * Called by an opener, who sets it up before he puts it into {@code slot}.
   *
   * @param initialization what is done to set it up
   */
  public Session(
      Slot slot,
      long number,
      PhysicalConnection physical,
      LeaseManager leases,
      Initialization initialization) {
    super(physical, leases);
    this.slot = slot;
    this.initialization = initialization;
    this.number = number;
    maxQueries = leases.config().maxQueries() == 0 ? Long.MAX_VALUE : leases.config().maxQueries();
  }

  /** The slot that it is in. */
  public Slot slot() {
    return slot;
  }

  @Override
  public long number() {
    return number;
  }

  @Override
  public PhysicalConnection physical() {
    return physical;
  }

  @Override
  public long stranded() {
    return stranded;
  }

  @Override
  public boolean mayBeUsedBesides() {
    try {
      return isExposed() || (physical.waits() & 1) != 0;
    } catch (Throwable e) {
      return true; // the driver can't say
    }
  }

  @Override
  public long handedOut() {
    return handedOut;
  }

  /** As {@link #handedOut()}; 0 while a unit of work runs in the lease. */
  void handedOut(long lease) {
    handedOut = lease;
  }

  @Override
  public String toString() {
    return "connection " + number + " of " + leases.config().name();
  }

  /** Whether the caller has to tell that it is lost: the first who asks has to, on any thread. */
  boolean claimTellingOfLoss() {
    return lossTold == 0 && LOSS_TOLD.compareAndSet(this, 0, 1);
  }

  /** Whether this lease goes on, though its connection may be doomed. */
  boolean isUnder(long lease) {
    return Slot.isOf(slot().word(), lease);
  }

  /** Whether it has run as many queries as a connection may. */
  boolean reachedMaxQueries() {
    return queries() >= maxQueries;
  }

  /**
   * Whether nothing has to be cleaned up, by local knowledge only. Changes nothing but the driver's
   * warnings. This has no deadline, so nothing is asked of a driver of which little is known: that
   * is done in a clean-up, which has one.
   */
  boolean isClean() throws SQLException {
    if (has(CHANGED | STALE_PLANS | BROKEN | IN_REQUEST | WARNS | SHARDED | SqlTexts.ISOLATES)
        || compares
        || mayBeShut()
        || isBeingCancelled()
        || isExposed()
        || traced()
        || (has(RAN) && reset == ResetMode.DISCARD_ALL)) {
      return false;
    }
    if (has(RAN | ASKED | MAY_BE_KEPT) && !inStep()) {
      return false; // what follows would wait for whoever is in the driver
    }
    TransactionState state = transactionState();
    if (state != TransactionState.NONE && (state != TransactionState.UNKNOWN || has(RAN))) {
      return false;
    }
    clearWarnings(jdbc);
    return true;
  }

  /**
   * Whether something of this lease may have written of which an adapter finds no trace if it
   * doesn't see what is sent: a transaction that writes to a foreign table, or notifies, has no id.
   */
  public boolean mayHaveWrittenUnseen() {
    return (isExposed() || has(SqlTexts.WRITES | SqlTexts.MAY_END))
        && !refusesWrites()
        && effectsSince(moment()) == Effects.UNPROVEN;
  }

  /**
   * Whether a fatal failure says something of the server. A failure that the program itself has
   * brought about does not: it may have closed the driver's own connection (08003 is what a driver
   * says of one that was closed before), or set a time-out of its own. Nor does an exception that
   * no driver should throw; nor silence for less time than an answer may take. The end of the
   * stream says something, however little time was left.
   */
  boolean isEvidence(Verdict verdict, SQLException failure) {
    boolean timeout = settings != null && settings.isChanged(Setting.NETWORK_TIMEOUT);
    return !has(BROKEN)
        && !"08003".equals(failure.getSQLState())
        && !(verdict == Verdict.CONNECTION_LOST
            && (timeout || (hurried && isSilence(failure)) || isExposed()));
  }

  private static boolean isSilence(SQLException failure) {
    return Causes.first(
            failure,
            at -> at instanceof InterruptedIOException || at instanceof SQLTimeoutException)
        != null;
  }

  /**
   * As {@link PhysicalConnection#forgetPlans()}. Statements that SQL has prepared may go with them.
   * So if sessions are set up by the user, the mark stays, and this one is set up again when the
   * lease ends.
   */
  void forgetPlans() throws SQLException {
    physical.forgetPlans();
    if (!initialization.doesAnything()) {
      marks &= ~STALE_PLANS;
    }
  }

  /**
   * Whether a statement may have been prepared when the session was set up; such a statement is
   * prepared again only if the session is begun anew.
   */
  public boolean setUpMayHavePrepared() {
    return interceptorsMayHavePrepared()
        || initialization.mayPrepare(sql -> mayPrepare(sideEffectsOf(sql)));
  }

  // ---- requests, as JDBC calls the uses of a connection --------------------------------------

  boolean hasRequests() {
    return (marksAtFirst & IN_REQUEST) != 0;
  }

  /**
   * Whether something has to be done or asked before it is lent, even if it was idle only shortly.
   */
  boolean wantsCare() {
    return (marksAtFirst & (IN_REQUEST | MAY_BE_KEPT)) != 0;
  }

  /** Tells the driver that a use begins, if the driver wants to know. */
  void beginRequest() throws SQLException {
    if (!hasRequests()) {
      return;
    }
    try {
      jdbc.beginRequest();
    } catch (SQLFeatureNotSupportedException
        | UnsupportedOperationException
        | AbstractMethodError e) {
      marksAtFirst &= ~IN_REQUEST; // the driver has the method, but not the feature
    }
  }

  private void endRequest() throws SQLException {
    if (has(IN_REQUEST)) {
      jdbc.endRequest();
    }
  }

  // ---- back to the beginning -----------------------------------------------------------------

  /** Restores the network timeout, so that the clean-up has the time that the pool gives it. */
  void restoreNetworkTimeout() throws SQLException {
    doubtUnseen();
    if (settings != null) {
      settings.restore(Setting.NETWORK_TIMEOUT);
    }
  }

  /**
   * Whether JDBC's setters have set something since {@code state} was taken that {@link #become}
   * can't set back, but only {@link #beginAnew}.
   *
   * @param level whether the level of isolation counts, too
   */
  public boolean needsReset(SessionState state, boolean level) {
    return settings != null && settings.needsReset(state, level);
  }

  /** Does what the user wants done to a new session, or to one whose session state was cleared. */
  public void initialize() throws SQLException {
    initialization.run(physical);
    readAutoCommit();
  }

  /**
   * Reads whether autocommit is on, if SQL may switch it unseen. If the driver can't say so now, it
   * is read before the setter is first called, as all other settings are.
   */
  private void readAutoCommit() throws SQLException {
    if (!isBlind()) {
      return;
    }
    try {
      settings().read(Setting.AUTO_COMMIT);
    } catch (SQLException e) {
      if (verdict(e).fatal()) {
        throw e;
      }
    }
  }

  /**
   * Rolls back what was begun in SQL: JDBC refuses to roll back what it didn't begin. If the driver
   * may know nothing of it, autocommit is switched off and on again as well: the text may have
   * switched it on the server alone, and a driver may send nothing if it believes that autocommit
   * is so already. Autocommit is on afterwards.
   */
  void rollBackBySql() throws SQLException {
    if (!isBlind()) {
      executeRollback();
      return;
    }
    if (jdbc.getAutoCommit()) {
      try {
        executeRollback(); // this comes first: switching autocommit might commit
      } catch (SQLException e) {
        if (verdict(e).fatal()) {
          throw e;
        }
        // most likely nothing is open, which some databases take for a mistake
      }
      jdbc.setAutoCommit(false);
    }
    jdbc.rollback();
    jdbc.setAutoCommit(true);
  }

  /** Ends what was begun by {@link #beginAside()}, if it was. */
  void endAside() throws SQLException {
    marks &= ~BEGUN_ASIDE;
    if (autoCommit() && inTransaction()) { // with autocommit off it would be the program's
      rollBackBySql();
    }
  }

  private void executeRollback() throws SQLException {
    try (Statement statement = jdbc.createStatement()) {
      statement.execute("ROLLBACK");
    }
  }

  /**
   * Brings the session back to what a new connection is in the middle of a lease, which goes on.
   * Must be called outside of a transaction. The marks stay: a statement that was prepared before
   * may be executed again, and leave the same.
   */
  void beginAnew() throws SQLException {
    restoreNetworkTimeout();
    restore();
    beginRequest();
  }

  /**
   * Brings the session back to what a new connection is. Must be called outside of a transaction.
   */
  void restore() throws SQLException {
    if (has(SHARDED)) {
      throw new SQLException(
          "A sharding key was set, and JDBC has no way to ask which there was before", "HY000");
    }
    if (compares) {
      expectStreamed(List.of());
    }
    Settings known = settings;
    if (known != null) {
      known.restore(Setting.AUTO_COMMIT);
    }
    SideEffects left = effectsToClear();
    if (known != null) {
      left = left.and(leftToReset());
    }
    boolean all = reset == ResetMode.DISCARD_ALL && has(RAN);
    boolean cleared = all || (left.mayBeLeft() && reset != ResetMode.NONE);
    if (unlimited) {
      physical.limitStatements(true);
    }
    if (cleared) {
      physical.reset(reset, left);
    }
    boolean stale = has(STALE_PLANS);
    if (stale) {
      forgetPlans(); // this comes first: it may drop what is prepared next
    }
    if ((cleared || unlimited || stale) && initialization.doesAnything()) {
      allowWrites(); // the set-up may write, as it may in a new session
      initialize();
    }
    marks &= ~STALE_PLANS;
    unlimited = false;
    if (known != null) {
      known.restore();
    }
    unsettled = writesRefused; // no level of isolation is set any more
    if (isExposed()) {
      physical.prove();
    }
    clearWarnings(jdbc);
    endRequest();
  }
}
