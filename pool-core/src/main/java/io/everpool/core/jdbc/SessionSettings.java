package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNullElse;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.Effects;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.TransactionState;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import org.jspecify.annotations.Nullable;

/**
 * What JDBC's setters have set on a session, which is undone when its lease ends, and what the pool
 * tells the server of it if the driver doesn't. Only the holder of the lease may use this.
 *
 * <p>A little long, for what the server is told depends on all that was set.
 */
abstract class SessionSettings extends SessionFacts {
  private static final Setting[] ALL = Setting.values();

  /** A text that has the side effects of every statement that sets something for the session. */
  private static final String SETS =
      "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE";

  /** What a text may do so that another COMMIT counts than that of a read-only transaction. */
  private static final int ANY_OTHER_COMMIT =
      SqlTexts.LIFTS_READ_ONLY | SqlTexts.BEGINS | SqlTexts.ENDS | SqlTexts.MAY_END;

  @Nullable Settings settings;

  /**
   * Whether the server may have to be told something before the next statement: to refuse writes or
   * not, or at what level of isolation the transaction begins.
   */
  boolean unsettled;

  /** Whether the server was told to refuse writes, as far as is known here. */
  boolean writesRefused;

  /** Whether statements take as long as they need until the lease ends. */
  boolean unlimited;

  private boolean canRefuseWrites = true;

  /**
   * The moment at which a transaction was begun ahead of the first statement in it; 0 if none was,
   * or if nobody knows.
   */
  private long begunAhead;

  /** As {@link PhysicalConnection#isSharedByTransaction()}. */
  private final boolean shared;

  /** As {@link PhysicalConnection#commitsAtOnce()}. */
  private final boolean commitsAtOnce;

  /** As {@link PhysicalConnection#keepsCatalog()}. */
  private final boolean keepsCatalog;

  SessionSettings(PhysicalConnection physical, LeaseManager leases) {
    super(physical, leases);
    this.shared = physical.isSharedByTransaction();
    this.commitsAtOnce = physical.commitsAtOnce();
    this.keepsCatalog = physical.keepsCatalog();
  }

  /** As {@link PhysicalConnection#isSharedByTransaction()}. */
  public final boolean isSharedByTransaction() {
    return shared;
  }

  /** As {@link PhysicalConnection#keepsCatalog()}. */
  final boolean keepsCatalog() {
    return keepsCatalog;
  }

  /** Whether what is sent now is committed by itself; yes if unknown. */
  public final boolean autoCommit() {
    try {
      return commitsAtOnce
          || (mayHaveBegunBySql()
              ? saysAutoCommit() // a text may have switched it
              : !Boolean.FALSE.equals(ask(Setting.AUTO_COMMIT)));
    } catch (SQLException e) {
      return true;
    }
  }

  /**
   * Whether a procedure may have begun a transaction with autocommit on, or turned autocommit off,
   * and the driver may know nothing of it. In doubt the answer is yes; but most procedures begin
   * none, so a rollback is all that depends on it.
   */
  public final boolean mayHaveBegunInCall() {
    return has(SqlTexts.CALLS) && has(RAN) && !commitsAtOnce && isBlind();
  }

  /** Whether the connection was set read-only by JDBC, or was to be; no if unknown. */
  public final boolean readOnly() {
    try {
      return has(SAID_READ_ONLY) || (has(CHANGED) && Boolean.TRUE.equals(ask(Setting.READ_ONLY)));
    } catch (SQLException e) {
      return false;
    }
  }

  /**
   * Whether a write that is sent now is refused because the connection was set read-only: the
   * server was told so, or the driver has begun the transaction as read-only. (To some drivers it
   * is a mere hint.)
   */
  public final boolean refusesWrites() {
    try {
      return readOnly()
          && (writesRefused || (!autoCommit() && !physical.refusesWritesInTransactions()));
    } catch (SQLException e) {
      return false;
    }
  }

  /**
   * Whether a text of this lease may end a transaction that the driver has begun as read-only, and
   * go on behind that end before the driver can begin another one. In doubt the answer is yes.
   */
  public final boolean mayLeaveReadOnlyTransaction() {
    return has(SqlTexts.GOES_ON) && !autoCommit();
  }

  /** Whether a text of this lease writes, by its words, and nobody refuses that. */
  public final boolean mayWriteUnrefused() {
    return has(SqlTexts.WRITES) && !refusesWrites();
  }

  /**
   * Whether the texts of this lease do nothing but read, as far as their words tell, and nothing
   * was done past them.
   */
  final boolean hasOnlyRead() {
    return !isExposed()
        && !has(
            SqlTexts.WRITES | SqlTexts.MAY_WRITE | SqlTexts.MAY_WRITE_IN_QUERY | SqlTexts.CALLS);
  }

  /**
   * Whether what the last statement has written may be there for good though its answer has not
   * come: the statement may write, and is committed by itself. Must be asked once the connection is
   * lost. If the driver doesn't see what is sent, the texts of this lease decide, together with
   * what the driver says of transactions; a query counts if a text of the lease may write in a
   * query.
   */
  final boolean mayHaveWrittenUnanswered() {
    boolean said = has(SqlTexts.MAY_WRITE);
    boolean inQuery = has(SqlTexts.MAY_WRITE_IN_QUERY) && !readOnly();
    if (refusesWrites() && !mayHaveLiftedReadOnly()) {
      return false;
    }
    return switch (unanswered(inQuery)) {
      case NONE -> false;
      case UNPROVEN -> (said || inQuery) && autoCommit() && !saysTransaction();
      default -> said || inQuery || isExposedInWork();
    };
  }

  /**
   * Whether a COMMIT was sent, has no answer, and may have made something permanent. Must be asked
   * once the connection is lost.
   */
  final boolean commitInDoubt() {
    return commitUnanswered() && !commitsNothing();
  }

  /**
   * Whether what this lease commits can't have written, for the server refuses the writes of a
   * connection that was set read-only, and no text of the lease takes that back, or begins or ends
   * a transaction itself. Nor may one have written as far as its words tell, for what the server
   * refuses isn't everything: a query may call {@code pg_notify}, {@code pg_logical_emit_message},
   * or a function that writes elsewhere. It is the same before and behind the COMMIT, by which
   * autocommit may have been turned on.
   */
  final boolean commitsNothing() {
    try {
      return (writesRefused || !physical.refusesWritesInTransactions())
          && !has(ANY_OTHER_COMMIT)
          && hasOnlyRead()
          && readOnly(); // last, for it may ask a driver, and some drivers ask the server
    } catch (SQLException e) {
      return false;
    }
  }

  private boolean saysTransaction() {
    TransactionState state = transactionState();
    return state == TransactionState.OPEN || state == TransactionState.FAILED;
  }

  /** As {@link PhysicalConnection#unanswered}; unproven if the driver fails to answer. */
  private Effects unanswered(boolean queriesWrite) {
    try {
      return requireNonNullElse(physical.unanswered(queriesWrite), Effects.UNPROVEN);
    } catch (Throwable e) {
      marks |= BROKEN;
      return Effects.UNPROVEN;
    }
  }

  /** The program has the driver's own object: what it does by that is not seen from now on. */
  final void exposed() {
    if (!isExposed()) {
      readBeforeExposure();
    }
    markExposed();
    mayBeUnsettled();
  }

  /**
   * Reads what the settings are now: later they may have been changed by the driver's own object.
   */
  private void readBeforeExposure() {
    for (Setting setting : ALL) {
      if (isRestoredBySetter(setting) && !read(setting)) {
        return;
      }
    }
  }

  /**
   * Reads a setting, and returns whether the connection can be asked more. What can't be read is
   * not restored.
   */
  private boolean read(Setting setting) {
    try {
      settings().read(setting);
    } catch (SQLException e) {
      marks |= FAILED;
      return !verdict(e).fatal();
    } catch (RuntimeException | AbstractMethodError e) {
      marks |= FAILED; // the driver doesn't have it, and only the pool has asked
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
    return true;
  }

  /**
   * Called when a lease ends. What may have been set by other ways than the setters, and is brought
   * back by nothing else, has to be looked at.
   */
  final void doubtUnseen() {
    if (isExposed()) {
      for (Setting setting : ALL) {
        if (isRestoredBySetter(setting)) {
          settings().doubt(setting);
        }
      }
    } else if (has(SqlTexts.ISOLATES) && isRestoredBySetter(Setting.ISOLATION)) {
      settings().doubt(Setting.ISOLATION);
    }
    if (has(RAN) && isBlind()) {
      settings().doubt(Setting.AUTO_COMMIT); // SQL may have switched it, be it in a function
    }
  }

  /** Whether nothing but its setter brings it back if it was changed past the setters. */
  private boolean isRestoredBySetter(Setting setting) {
    return switch (setting) {
      case CATALOG -> !keepsCatalog && !shared && reset != ResetMode.NONE;
      case ISOLATION, SCHEMA, CLIENT_INFO ->
          !shared && reset != ResetMode.NONE && sideEffectsOf(setting).isNone();
      case AUTO_COMMIT, READ_ONLY, HOLDABILITY, NETWORK_TIMEOUT, TYPE_MAP -> true;
    };
  }

  // ---- what the server is told before a statement -----------------------------------------------

  /**
   * Tells the server what it has to know before the next statement. On a connection that was
   * declared read-only it has to refuse writes, in autocommit as well, which not every driver's
   * {@code setReadOnly} brings about. The server is told before the first statement that this
   * concerns, and isn't told the opposite when the lease ends: so leases of the same kind cost one
   * round trip altogether.
   *
   * <p>Transactions that the driver begins as read-only don't need that. But through its own object
   * it may begin others (pgjdbc does for COPY and fastpath).
   *
   * <p>If nothing can be set for the session, each transaction is begun with its level of isolation
   * and its schema, and as read-only if the driver may not begin it so. A statement in no
   * transaction runs at the server's level of isolation, and the adapter tells its users so. If a
   * schema was set such a statement is refused, for in another schema it might write to somebody
   * else's tables.
   *
   * @param largeObject whether a large object is about to be used, for which the driver uses
   *     fastpath, too
   */
  final void settle(boolean largeObject) throws SQLException {
    if (inTransaction()) {
      return; // it goes on as it was begun; the next statement settles again
    }
    payBack();
    boolean wanted = Boolean.TRUE.equals(ask(Setting.READ_ONLY));
    boolean begins = wanted && !autoCommit();
    // whether the driver may begin the transaction without making it read-only
    boolean unlike =
        begins && (largeObject || isExposed() || physical.refusesWritesInTransactions());
    if (shared && (unlike || settings().changesTransactions())) {
      settleTransaction(wanted);
      return; // the next statement settles again, for it may begin another transaction
    }
    if (begins && !unlike) {
      unsettled = false; // turning autocommit on sets it again
      return;
    }
    if (canRefuseWrites && (wanted || writesRefused)) {
      canRefuseWrites = physical.refuseWrites(wanted);
      writesRefused = wanted && canRefuseWrites;
    }
    unsettled = false;
  }

  /**
   * Refuses a text that would go on behind the end of a transaction, and so without the schema that
   * is told at the beginning of each: in another schema it might write to somebody else's tables.
   *
   * @param batched whether the text is one of a batch
   */
  final void requireInSchema(String sql, boolean batched) throws SQLException {
    if (shared
        && settings != null
        && settings.isChanged(Setting.SCHEMA)
        && goesOnBehindAnEnd(sql, batched)) {
      throw notInSchema(
          (String) ask(Setting.SCHEMA),
          "send what ends the transaction by itself, without AND CHAIN, or call commit()");
    }
  }

  private static SQLException notInSchema(@Nullable String schema, String instead) {
    return new SQLFeatureNotSupportedException(
        "The schema was set to "
            + schema
            + ", and goes with a transaction alone behind a pooler that lends a server connection"
            + " for each: "
            + instead,
        "0A000");
  }

  /** The level of isolation that was set by its setter, as far as that is known; 0 for none. */
  final int isolationSet() {
    return settings != null
            && settings.isChanged(Setting.ISOLATION)
            && settings.remembered(Setting.ISOLATION) instanceof Integer level
        ? level
        : 0;
  }

  /**
   * Lets the server take writes again after a lease that was declared read-only. Must be called
   * outside of a transaction.
   */
  final void allowWrites() throws SQLException {
    if (settings != null) {
      settings.restore(Setting.READ_ONLY);
    }
    if (writesRefused) {
      physical.refuseWrites(false);
      writesRefused = false;
    }
  }

  private void settleTransaction(boolean readOnly) throws SQLException {
    String schema = settings().isChanged(Setting.SCHEMA) ? (String) ask(Setting.SCHEMA) : null;
    if (!autoCommit()) {
      Object level = settings().isChanged(Setting.ISOLATION) ? ask(Setting.ISOLATION) : null;
      physical.begin(
          level instanceof Integer set ? set : Connection.TRANSACTION_NONE, readOnly, schema);
      begunAhead = moment();
    } else if (schema != null) {
      throw notInSchema(
          schema,
          "call setAutoCommit(false), name the schema in the statement, or set it for the role");
    } else if (settings().isChanged(Setting.ISOLATION)) {
      physical.standsAlone();
    }
  }

  /** Begins a transaction in the schema that was set, for a question within autocommit. */
  final void beginAside() throws SQLException {
    marks |= BEGUN_ASIDE;
    physical.begin(Connection.TRANSACTION_NONE, false, (String) ask(Setting.SCHEMA));
  }

  /**
   * Whether the open transaction was begun ahead of the first statement in it, and nothing was sent
   * in it yet; no if the driver can't see that.
   */
  public final boolean isBegunAhead() {
    return begunAhead != 0
        && begunAhead == moment()
        && effectsSince(begunAhead) == Effects.NONE; // otherwise the driver has lost sight
  }

  /**
   * Notes that what was sent since doesn't count as use of the transaction that was begun ahead.
   */
  final void keepBegunAhead() {
    begunAhead = moment();
  }

  /**
   * The driver's answer. What it sends for that doesn't count as use of a transaction that was
   * begun ahead.
   */
  final boolean isValid(int seconds) throws SQLException {
    boolean ahead = isBegunAhead();
    boolean valid = jdbc.isValid(seconds);
    if (ahead) {
      keepBegunAhead();
    }
    return valid;
  }

  /** Lets statements take as long as they need. Returns whether they had a limit. */
  final boolean liftCommandTimeout() throws SQLException {
    marks |= CHANGED;
    unlimited = true; // set before the call: nobody knows what a failure leaves
    unlimited = physical.limitStatements(false);
    return unlimited;
  }

  /** What was set, and may have to be carried to another session. */
  final SessionState state() throws SQLException {
    return settings().state(unlimited);
  }

  /**
   * As {@link Settings#owe}. The settings are set back before the next statement that is in no
   * transaction, or when somebody asks for one of them.
   */
  final void owe(boolean readOnly, int level) {
    settings().owe(readOnly, level);
    unsettled = true;
  }

  /** Sets back what units have set, unless a transaction is open. */
  final void payBackOutside() throws SQLException {
    if (settings != null && settings.owesAnything() && !inTransaction()) {
      payBack();
      mayBeUnsettled();
    }
  }

  /**
   * Sets back what units have set, unless a setter might commit what the program has begun by the
   * driver's own object.
   */
  private void payBack() throws SQLException {
    if (settings != null
        && settings.owesAnything()
        && !(isExposedInWork() && isBlind() && mayBeInTransaction())) {
      if (settings.owes(Setting.READ_ONLY)) {
        marks &= ~SAID_READ_ONLY;
      }
      settings.payBack();
    }
  }

  /** Autocommit was turned on or off. */
  final void mayBeUnsettled() {
    unsettled |= writesRefused || readOnly();
  }

  /** What is set now. If that fails, the session is marked. */
  private @Nullable Object ask(Setting setting) throws SQLException {
    try {
      return settings().get(setting);
    } catch (SQLException e) {
      marks |= verdict(e).fatal() ? BROKEN : FAILED;
      throw e;
    } catch (Throwable e) {
      if (MissingMethods.isMissed(e)) {
        marks |= FAILED;
        throw new SQLFeatureNotSupportedException("The driver can't tell it: " + e, "0A000", e);
      }
      marks |= BROKEN;
      throw e;
    }
  }

  final Settings settings() {
    Settings known = settings;
    if (known == null) {
      known = new Settings(jdbc, shared);
      settings = known;
    }
    return known;
  }

  /** As {@link Settings#changing}. */
  final Settings changing(Setting setting) throws SQLException {
    Settings known = settings();
    if (isLeftToReset(setting)) {
      known.cleared(setting);
    }
    marks |= CHANGED;
    if (unsettled && mayBeginTransaction(setting)) {
      settle(false);
    }
    if (setting == Setting.READ_ONLY || setting == Setting.ISOLATION) {
      readAhead(setting);
    }
    try {
      known.changing(setting);
    } catch (SQLException | RuntimeException | AbstractMethodError e) {
      boolean lacking = MissingMethods.isLacking(e);
      if (e instanceof SQLException failure ? verdict(failure).fatal() : !lacking) {
        throw e;
      }
      // It can be set all the same; the session is closed after the lease.
      known.unreadable(setting);
      if (setting == Setting.CLIENT_INFO && lacking) {
        known.hasNoClientInfo();
      }
    }
    return known;
  }

  /** Reads what frameworks ask for before they go on: by then the connection may be lost. */
  private void readAhead(Setting before) throws SQLException {
    try {
      ask(Setting.AUTO_COMMIT);
    } catch (SQLException e) {
      if (verdict(e).fatal()) {
        throw e;
      }
    }
    // if READ_ONLY itself is about to be changed it is read in any case
    if (before != Setting.READ_ONLY && !read(Setting.READ_ONLY)) {
      marks |= BROKEN;
    }
  }

  /** Whether the driver may begin a transaction, with autocommit off, in order to set this. */
  private boolean mayBeginTransaction(Setting setting) {
    return switch (setting) {
      case READ_ONLY, AUTO_COMMIT -> false;
      // If it is shared, the driver doesn't set the first two, and sends nothing for the others.
      case ISOLATION, SCHEMA, HOLDABILITY, NETWORK_TIMEOUT, TYPE_MAP -> !shared;
      case CATALOG, CLIENT_INFO -> !shared || !autoCommit();
    };
  }

  /** As {@link Settings#become}. */
  final void become(SessionState state) throws SQLException {
    for (Setting setting : ALL) {
      if (state.has(setting) && isLeftToReset(setting)) {
        settings().cleared(setting);
      }
    }
    if (levelMayBeSetUnseen()) {
      settings().forgetCurrent(Setting.ISOLATION);
    }
    doubtUnseen();
    marks |= CHANGED;
    if (state.unlimited) {
      liftCommandTimeout();
    }
    settings().become(state);
    mayBeUnsettled();
    unsettled |= shared && settings().changesTransactions();
  }

  /**
   * Whether a change of this setting is left to the reset, so that the value of a new connection
   * isn't read. The schema is left to the reset if that clears it, because PostgreSQL's getSchema()
   * tells only one schema of the path. If the schema holds only within transactions ({@code
   * shared}) it must not be read: with autocommit off the driver would begin the transaction for
   * that, and without the schema. The others are left to the reset while SQL may have set them:
   * what is read now would be taken for a new connection's value for good.
   */
  private boolean isLeftToReset(Setting setting) {
    return switch (setting) {
      case SCHEMA -> shared || !sideEffectsOf(setting).isNone();
      case ISOLATION -> levelMayBeSetUnseen() && !sideEffectsOf(setting).isNone();
      case CLIENT_INFO -> !sideEffectsOf(setting).isNone() && (isExposed() || mayHaveSetSettings());
      case AUTO_COMMIT, READ_ONLY, CATALOG, HOLDABILITY, NETWORK_TIMEOUT, TYPE_MAP -> false;
    };
  }

  /** Whether the level of isolation may be another than the one that JDBC has set or read. */
  final boolean levelMayBeSetUnseen() {
    return isolationMayBeSetBySql() || (!shared && mayHaveSetSettings());
  }

  /**
   * Whether the level that was set belongs to the next transaction, which is begun with it: outside
   * of transactions the server has another.
   */
  final boolean saysLevel() throws SQLException {
    return shared && settings().isChanged(Setting.ISOLATION) && !inTransaction();
  }

  /** Whether SQL of this lease may have set something for the session. */
  private boolean mayHaveSetSettings() {
    SideEffects done = effectsToClear();
    return !done.isNone() && done.and(sideEffectsOf(SETS)).equals(done);
  }

  /**
   * What the reset has to clear, besides SQL's side effects, because changes of settings were left
   * to it.
   */
  final SideEffects leftToReset() {
    SideEffects left = SideEffects.NONE;
    for (Setting setting : ALL) {
      if (settings().needsReset(setting)) {
        left = left.and(sideEffectsOf(setting));
      }
    }
    return left;
  }

  /** The side effects by which the reset brings this setting back; none if it does not. */
  private SideEffects sideEffectsOf(Setting setting) {
    if (shared || reset == ResetMode.NONE) {
      return SideEffects.NONE;
    }
    return switch (setting) {
      case SCHEMA -> sideEffectsOf("SET SCHEMA 'x'");
      case ISOLATION, CLIENT_INFO -> sideEffectsOf(SETS);
      case AUTO_COMMIT, READ_ONLY, CATALOG, HOLDABILITY, NETWORK_TIMEOUT, TYPE_MAP ->
          SideEffects.NONE;
    };
  }
}
