package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
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

  /** 1 once it was told that it is lost. From any thread: several may be at it. */
  private volatile int lossTold;

  /** Written by a holder who has not even a frame left to call anybody; else 0. */
  volatile long stranded;

  /** For an opener, who will put it into {@code slot}. */
  public Session(Slot slot, long number, PhysicalConnection physical, LeaseManager leases) {
    this(slot, number, physical, leases, Initialization.NONE);
  }

  /**
   * For an opener, who sets it up before he puts it into {@code slot}.
   *
   * @param initialization how
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

  /** The place it sits in. */
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
      return true; // a driver that can't say
    }
  }

  @Override
  public String toString() {
    return "connection " + number + " of " + leases.config().name();
  }

  /** Whether the caller is the one to tell that it is lost: the first who asks. From any thread. */
  boolean claimTellingOfLoss() {
    return lossTold == 0 && LOSS_TOLD.compareAndSet(this, 0, 1);
  }

  /** Whether this lease goes on, though its connection may be doomed. */
  boolean isUnder(long lease) {
    return Slot.isOf(slot().word(), lease);
  }

  /** Whether it has done as much as a connection may. */
  boolean reachedMaxQueries() {
    return queries() >= maxQueries;
  }

  /**
   * Whether nothing has to be cleaned up, by local knowledge only. Changes nothing but the driver's
   * warnings. Nobody looks at the clock meanwhile, so a driver of which little is known is asked
   * for nothing: whatever that is, it is done in a clean-up, which has a deadline.
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
   * Whether something of this lease may have written of which an adapter that sees nothing of what
   * is sent has no trace: a transaction that writes to a foreign table, or notifies, has no id.
   */
  public boolean mayHaveWrittenUnseen() {
    return (isExposed() || has(SqlTexts.WRITES | SqlTexts.MAY_END))
        && !refusesWrites()
        && effectsSince(moment()) == Effects.UNPROVEN;
  }

  /**
   * Whether a fatal failure says something of the server. What the program itself has asked for
   * does not: it may have closed the driver's own connection (08003 is what a driver says of one
   * that was closed before), or set a time-out of its own. Nor does what the driver throws of
   * itself.
   */
  boolean isEvidence(Verdict verdict, SQLException failure) {
    boolean timeout = settings != null && settings.isChanged(Setting.NETWORK_TIMEOUT);
    return !has(BROKEN)
        && !"08003".equals(failure.getSQLState())
        && !(verdict == Verdict.CONNECTION_LOST && (timeout || isExposed()));
  }

  /**
   * As {@link PhysicalConnection#forgetPlans()}. What SQL has prepared may go along, so that the
   * session has to be set up again: now, or else when the lease ends.
   */
  void forgetPlans() throws SQLException {
    physical.forgetPlans();
    if (!initialization.doesAnything()) {
      marks &= ~STALE_PLANS;
    }
  }

  /**
   * Whether a statement may have been prepared where the session was set up, and so is prepared
   * again only where it is begun anew.
   */
  public boolean setUpMayHavePrepared() {
    return interceptorsMayHavePrepared()
        || initialization.mayPrepare(sql -> mayPrepare(sideEffectsOf(sql)));
  }

  // ---- requests, as JDBC calls the uses of a connection --------------------------------------

  boolean hasRequests() {
    return (marksAtFirst & IN_REQUEST) != 0;
  }

  /** Whether something has to be done or asked before it is lent, however short it has idled. */
  boolean wantsCare() {
    return (marksAtFirst & (IN_REQUEST | MAY_BE_KEPT)) != 0;
  }

  /** Tells the driver, where it wants to know, that a use begins. */
  void beginRequest() throws SQLException {
    if (!hasRequests()) {
      return;
    }
    try {
      jdbc.beginRequest();
    } catch (SQLFeatureNotSupportedException
        | UnsupportedOperationException
        | AbstractMethodError e) {
      marksAtFirst &= ~IN_REQUEST; // it has the method and not the feature
    }
  }

  private void endRequest() throws SQLException {
    if (has(IN_REQUEST)) {
      jdbc.endRequest();
    }
  }

  // ---- back to the beginning -----------------------------------------------------------------

  /** Whatever is done in order to clean up has the time that the pool gives it. */
  void restoreNetworkTimeout() throws SQLException {
    doubtUnseen();
    if (settings != null) {
      settings.restore(Setting.NETWORK_TIMEOUT);
    }
  }

  /**
   * Whether something was set by JDBC since {@code state} was taken that {@link #become} can't set
   * back, as {@link #beginAnew} does.
   *
   * @param level whether that goes for the level of isolation, too
   */
  public boolean needsReset(SessionState state, boolean level) {
    return settings != null && settings.needsReset(state, level);
  }

  /** Has the user set it up: a new one, or one whose session state was cleared. */
  public void initialize() throws SQLException {
    initialization.run(physical);
    readAutoCommit();
  }

  /**
   * Reads whether it has autocommit, where SQL may switch that unseen. What the driver can't say
   * now is read before its setter is first called, as all else.
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
   * Rolls back what was begun in SQL: JDBC refuses to roll back what it didn't begin. Where the
   * driver may know nothing of it, autocommit is switched off and on again as well, for the text
   * may have switched it on the server alone, and a driver may send nothing for what it takes to be
   * so already. It is on afterwards.
   */
  void rollBackBySql() throws SQLException {
    if (!isBlind()) {
      executeRollback();
      return;
    }
    if (jdbc.getAutoCommit()) {
      try {
        executeRollback(); // first: to switch autocommit might be to commit
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
   * Outside of a transaction. The marks stay: a statement that was prepared before may be executed
   * again, and leave the same.
   */
  void beginAnew() throws SQLException {
    restoreNetworkTimeout();
    restore();
    beginRequest();
  }

  /** Brings the session back to what a new connection is. Outside of a transaction. */
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
      forgetPlans(); // first, for they may take along what is prepared next
    }
    if ((cleared || unlimited || stale) && initialization.doesAnything()) {
      allowWrites(); // it may write, as it may in a new session
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
