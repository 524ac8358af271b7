package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.TransactionState;
import io.everpool.api.driver.Verdict;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One physical connection and its books. Made by the opener.
 *
 * <p>The books are plain fields. Only the holder of the lease writes them, and the move that ends
 * his lease publishes them to the next. A holder whose lease is over may still read them (a close
 * that lost a race), so what he concludes must not matter until he has claimed the lease.
 */
public final class Session implements PooledEntry {

  /** Statements were sent in this lease. The lower bits are those of {@link SqlTexts}. */
  static final int RAN = 1 << 8;

  /** Statements were sent since the last commit or rollback. */
  static final int PENDING = 1 << 9;

  /** Something was set that may have to be restored. */
  static final int CHANGED = 1 << 10;

  /** Some statement closes itself when its results are. */
  static final int CLOSES_ITSELF = 1 << 11;

  /** A plan of the driver's doesn't fit its tables any more. */
  static final int STALE_PLANS = 1 << 12;

  /** The driver has thrown what no driver should; nobody knows what state it is in. */
  static final int BROKEN = 1 << 16;

  /** A call has failed in this lease. */
  static final int FAILED = 1 << 17;

  /** The driver is told where the uses of a connection begin and end, and has a use begun. */
  private static final int IN_REQUEST = 1 << 18;

  /** The driver may put warnings on the connection though nothing was sent. */
  private static final int WARNS = 1 << 19;

  private static final int FEWEST_TO_SWEEP = 16;

  final LeaseManager leases;
  private final Initialization initialization;
  final Connection jdbc;
  private final Slot slot;
  private final long number;
  private final PhysicalConnection physical;
  private final SqlTexts texts;
  private final ResetMode reset;
  private final long maxQueries;

  /** Written by a holder who has not even a frame left to call anybody; else 0. */
  volatile long stranded;

  private long queries;

  /** What is so of every lease. */
  private int marksAtFirst;

  /** What was done in this lease; 0 for nothing. */
  int marks;

  /** What the texts of this lease may have left in the session. */
  int sideEffects;

  private boolean settingUp;

  /** The driver's own object was handed out, and not to a framework that sets itself up. */
  private boolean exposedForGood;

  /** Requests to cancel a statement that are under way. */
  final AtomicInteger cancels = new AtomicInteger();

  /** Closed statements that could not be taken out of the face's list at once; about. */
  int strays;

  int sweepAt = FEWEST_TO_SWEEP;

  private @Nullable Settings settings;
  private boolean looksUpCommits = true;

  /** Whether the server may have to be told, before the next statement, to refuse writes or not. */
  boolean readOnlyUnsettled;

  /** Whether the server was told to refuse writes, as far as is known here. */
  private boolean writesRefused;

  private boolean canRefuseWrites = true;

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
    this.slot = slot;
    this.initialization = initialization;
    this.number = number;
    this.physical = physical;
    this.leases = leases;
    jdbc = physical.jdbc();
    marksAtFirst =
        (physical.warnsUnasked() ? WARNS : 0) | (physical.wantsRequests() ? IN_REQUEST : 0);
    texts = leases.texts();
    reset = leases.config().reset();
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
  public long queries() {
    return queries;
  }

  @Override
  public long stranded() {
    return stranded;
  }

  @Override
  public String toString() {
    return "connection " + number + " of " + leases.config().name();
  }

  /** A lease begins. What the last one left was cleaned up; its marks are wiped only now. */
  void leaseStarted() {
    if (marks != marksAtFirst) {
      marks = marksAtFirst;
      sideEffects = 0;
      exposedForGood = false;
      settingUp = false;
      strays = 0;
      sweepAt = FEWEST_TO_SWEEP;
    }
  }

  /** A text is about to be sent, or will be. */
  void show(String sql) {
    SqlTexts.Text text = texts.of(sql);
    sideEffects |= text.sideEffects();
    marks |= text.marks();
  }

  /** A statement is about to be executed. */
  void executing() {
    queries++;
    marks |= RAN | PENDING;
  }

  /** Something is about to be sent by other ways than statements. */
  void querying() {
    marks |= RAN | PENDING;
  }

  /** The program has the driver's own object: what it does by that is not seen from now on. */
  void exposed() {
    marks |= RAN | PENDING;
    sideEffects |= PhysicalConnection.EXPOSED;
    exposedForGood |= !settingUp;
    readOnlyMayBeUnsettled();
  }

  boolean isExposed() {
    return (sideEffects & PhysicalConnection.EXPOSED) != 0;
  }

  /** A transaction ended, and nothing has been sent since. */
  void settled() {
    marks &= ~PENDING;
  }

  /** The face's list of statements was swept, and so many are left. */
  void swept(int left) {
    strays = 0;
    sweepAt = Math.max(FEWEST_TO_SWEEP, left);
  }

  boolean has(int mark) {
    return (marks & mark) != 0;
  }

  boolean reachedMaxQueries() {
    return queries >= maxQueries;
  }

  /** Whether SQL has left, or may have left, what JDBC knows nothing of; and it matters. */
  boolean traced() {
    return sideEffects != 0 && has(RAN) && reset != ResetMode.NONE;
  }

  /** Whether the program has had the driver's own object in this lease. */
  boolean exposedToProgram() {
    return (sideEffects & PhysicalConnection.EXPOSED) != 0;
  }

  /**
   * Whether the session may be asked anything: no answer is outstanding, no request to cancel is on
   * its way, nobody else is in the driver.
   */
  boolean inStep() {
    return cancels.get() == 0 && physical.inStep();
  }

  /**
   * Whether nothing has to be cleaned up, by local knowledge only. Changes nothing but the driver's
   * warnings.
   */
  boolean isClean() throws SQLException {
    if (has(CHANGED | STALE_PLANS | BROKEN | IN_REQUEST)
        || mayBeShut()
        || cancels.get() != 0
        || exposedToProgram()
        || traced()
        || (has(RAN) && reset == ResetMode.DISCARD_ALL)) {
      return false;
    }
    if (inTransaction()) {
      return false;
    }
    jdbc.clearWarnings();
    return true;
  }

  // ---- facts, for those who have to know what may be repeated ---------------------------------

  /** Whether a transaction is open, however it was begun. */
  public boolean inTransaction() throws SQLException {
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

  private TransactionState transactionState() {
    try {
      return physical.transactionState();
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /** As {@link PhysicalConnection#moment()}. */
  public long moment() {
    try {
      return physical.moment();
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /** As {@link PhysicalConnection#commitUnanswered()}. */
  boolean commitUnanswered() {
    try {
      return physical.commitUnanswered();
    } catch (Throwable e) {
      marks |= BROKEN;
      return false;
    }
  }

  /** As {@link PhysicalConnection#effectsSince}; a driver that fails at it says nothing. */
  public Effects effectsSince(long moment) {
    try {
      return physical.effectsSince(moment);
    } catch (Throwable e) {
      marks |= BROKEN;
      return Effects.UNPROVEN;
    }
  }

  /** Whether a transaction is open and takes nothing but a rollback; rather no if unknown. */
  public boolean transactionFailed() {
    return transactionState() == TransactionState.FAILED;
  }

  /** Whether a text may have set the level of isolation, or an earlier lease's may have. */
  boolean isolationMayBeSetBySql() {
    return has(SqlTexts.ISOLATES) || isExposed() || reset == ResetMode.NONE;
  }

  /** Whether anything was sent since the last commit or rollback. */
  public boolean pending() {
    return has(PENDING);
  }

  /** Whether what is sent now is committed by itself; rather yes if unknown. */
  public boolean autoCommit() {
    try {
      return !Boolean.FALSE.equals(ask(Setting.AUTO_COMMIT));
    } catch (SQLException e) {
      return true;
    }
  }

  /** Whether the program has set the connection read-only by JDBC; rather no if unknown. */
  public boolean readOnly() {
    try {
      return has(CHANGED) && Boolean.TRUE.equals(ask(Setting.READ_ONLY));
    } catch (SQLException e) {
      return false;
    }
  }

  /** Whether a text of this lease may have had the server take writes again. */
  public boolean mayHaveLiftedReadOnly() {
    return has(SqlTexts.LIFTS_READ_ONLY);
  }

  /** Whether a text of this lease may commit a transaction that JDBC knows to be open. */
  public boolean commitsBySql() {
    return has(SqlTexts.ENDS)
        || (has(SqlTexts.DEFINES) && transactionState() == TransactionState.UNKNOWN);
  }

  /**
   * Whether SQL may have left something in the session that another doesn't have. What was only
   * prepared has not.
   */
  public boolean hasSideEffects() {
    return ((sideEffects & ~PhysicalConnection.EXPOSED) != 0 && has(RAN)) || exposedForGood;
  }

  /**
   * Whether a framework sets its own handle up just now: what it does by the driver's own object it
   * does again on another session, so that nothing is missing there.
   */
  public void settingUp(boolean value) {
    settingUp = value;
  }

  /** Whether a write is refused because of the server, not of what the program has asked for. */
  boolean serverBecameReadOnly() {
    return physical.readOnlyServer(sideEffects);
  }

  /**
   * Whether the server writes no more, where that could not be told before: what the program's SQL
   * had set is cleared now, and the driver was told what is so without it.
   */
  boolean foundReadOnly() {
    return traced() && physical.readOnlyServer(0);
  }

  /** Whether the driver can look up commits; until it says no. */
  public boolean looksUpCommits() {
    return looksUpCommits;
  }

  /** The driver has said that it can't. */
  public void cannotLookUpCommits() {
    looksUpCommits = false;
  }

  /** Whether the driver has thrown what no driver should: it is not to be asked for anything. */
  public boolean broken() {
    return has(BROKEN);
  }

  /** Whether something has happened by which the driver may have closed it, and nobody was told. */
  boolean mayBeShut() {
    return has(FAILED) || (sideEffects & PhysicalConnection.EXPOSED) != 0;
  }

  /** Whether the driver says that it is closed; rather yes if it can't say. Sends nothing. */
  boolean shut() {
    try {
      return jdbc.isClosed();
    } catch (SQLException e) {
      return true;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  /**
   * Whether a fatal failure says something of the server. What the program itself has asked for
   * does not: it may have closed the driver's own connection (08003 is what a driver says of one
   * that was closed before), or set a time-out of its own. Nor does what the driver throws of
   * itself.
   */
  boolean isEvidence(Verdict verdict, SQLException failure) {
    boolean timeout = settings != null && settings.isChanged(Setting.NETWORK_TIMEOUT);
    boolean exposed = (sideEffects & PhysicalConnection.EXPOSED) != 0;
    return !has(BROKEN)
        && !"08003".equals(failure.getSQLState())
        && !(verdict == Verdict.CONNECTION_LOST && (timeout || exposed));
  }

  /** Whether the connection is closed already, on this side or the other. Sends nothing. */
  boolean dead() {
    try {
      return jdbc.isClosed() || physical.look() == Look.DEAD;
    } catch (SQLException e) {
      return true;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  // ---- reading only -----------------------------------------------------------------------------

  /**
   * What is declared read-only is refused by the server when it writes, in autocommit as well,
   * which not every driver's {@code setReadOnly} does. The server is told before the first
   * statement that it concerns, and left so when the lease ends: leases of the same kind cost one
   * round trip among them all.
   *
   * <p>Transactions that the driver begins as read-only need none of it; but by its own object it
   * may begin others (pgjdbc for COPY and fastpath).
   */
  void settleReadOnly() throws SQLException {
    if (inTransaction()) {
      return; // it goes on as it was begun; asked again at the next statement
    }
    boolean wanted = Boolean.TRUE.equals(ask(Setting.READ_ONLY));
    if (wanted && !isExposed() && !autoCommit() && !physical.refusesWritesInTransactions()) {
      readOnlyUnsettled = false; // turning autocommit on asks again
      return;
    }
    if (canRefuseWrites && (wanted || writesRefused)) {
      canRefuseWrites = physical.refuseWrites(wanted);
      writesRefused = wanted && canRefuseWrites;
    }
    readOnlyUnsettled = false;
  }

  /** Autocommit was turned on or off. */
  void readOnlyMayBeUnsettled() {
    readOnlyUnsettled |= writesRefused || readOnly();
  }

  /** As {@link PhysicalConnection#forgetPlans()}. */
  void forgetPlans() throws SQLException {
    physical.forgetPlans();
    marks &= ~STALE_PLANS;
  }

  // ---- what was set ----------------------------------------------------------------------------

  /** What is set now; of a failure that says that the connection is lost, somebody takes note. */
  private @Nullable Object ask(Setting setting) throws SQLException {
    try {
      return settings().get(setting);
    } catch (SQLException e) {
      marks |= leases.classify(e).fatal() ? BROKEN : FAILED;
      throw e;
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
  }

  Settings settings() {
    Settings known = settings;
    if (known == null) {
      known = new Settings(jdbc);
      settings = known;
    }
    return known;
  }

  /** As {@link Settings#changing}. */
  Settings changing(Setting setting) throws SQLException {
    Settings known = settings();
    if (setting == Setting.SCHEMA && schemaSideEffects() != 0) {
      known.cleared(setting);
    }
    marks |= CHANGED;
    if (readOnlyUnsettled && setting != Setting.READ_ONLY && setting != Setting.AUTO_COMMIT) {
      settleReadOnly(); // the driver may begin a transaction in order to set it
    }
    try {
      known.changing(setting);
    } catch (SQLException e) {
      if (leases.classify(e).fatal()) {
        throw e;
      }
      known.unreadable(setting); // it can be set all the same, and the session is closed after
    }
    return known;
  }

  /** As {@link Settings#become}. */
  void become(SessionState state) throws SQLException {
    if (schemaSideEffects() != 0) {
      settings().cleared(Setting.SCHEMA);
    }
    marks |= CHANGED;
    settings().become(state);
  }

  /**
   * What the reset of SQL's side effects does about a changed schema. Where it does, the schema is
   * left to it: PostgreSQL's getSchema() tells but one of the path that a new connection has.
   */
  private int schemaSideEffects() {
    return reset == ResetMode.NONE ? 0 : texts.of("SET SCHEMA 'x'").sideEffects();
  }

  // ---- requests, as JDBC calls the uses of a connection
  // ------------------------------------------

  boolean hasRequests() {
    return (marksAtFirst & IN_REQUEST) != 0;
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
    if (settings != null) {
      settings.restore(Setting.NETWORK_TIMEOUT);
    }
  }

  /** Has the user set it up: a new one, or one whose session state was cleared. */
  public void initialize() throws SQLException {
    initialization.run(physical);
  }

  /** Brings the session back to what a new connection is. Outside of a transaction. */
  void restore() throws SQLException {
    Settings known = settings;
    if (known != null) {
      known.restore(Setting.AUTO_COMMIT);
    }
    int left = sideEffects | (known != null && known.needsReset() ? schemaSideEffects() : 0);
    boolean all = reset == ResetMode.DISCARD_ALL && has(RAN);
    if (all || (left != 0 && reset != ResetMode.NONE)) {
      physical.reset(reset, left);
      initialize();
    }
    if (known != null) {
      known.restore();
    }
    if (has(STALE_PLANS)) {
      forgetPlans();
    }
    readOnlyUnsettled = writesRefused;
    if (exposedToProgram()) {
      physical.prove();
    }
    jdbc.clearWarnings();
    endRequest();
  }
}
