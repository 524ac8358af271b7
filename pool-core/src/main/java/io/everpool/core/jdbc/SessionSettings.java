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
 * What was set on a session by JDBC, which is undone when its lease ends; and what the server was
 * told of it, where the driver doesn't. For the holder of the lease.
 *
 * <p>A little long, for what the server is told hangs on all that was set.
 */
abstract class SessionSettings extends SessionFacts {
  private static final Setting[] ALL = Setting.values();

  /** Has the side effects of every statement that sets something for the session. */
  private static final String SETS =
      "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE";

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

  /** The moment at which a transaction was begun ahead of what comes in it; else 0, or unknown. */
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

  /** Whether what is sent now is committed by itself; rather yes if unknown. */
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
   * Whether a transaction may be open that a procedure has begun with autocommit on, or autocommit
   * off by it, and the driver may know nothing of it. Rather yes; but most procedures begin none,
   * so nothing depends on it but that it is rolled back.
   */
  public final boolean mayHaveBegunInCall() {
    return has(SqlTexts.CALLS) && has(RAN) && !commitsAtOnce && isBlind();
  }

  /** Whether the connection was set read-only by JDBC, or was to be; rather no if unknown. */
  public final boolean readOnly() {
    try {
      return has(SAID_READ_ONLY) || (has(CHANGED) && Boolean.TRUE.equals(ask(Setting.READ_ONLY)));
    } catch (SQLException e) {
      return false;
    }
  }

  /**
   * Whether what is sent now is refused if it writes, as the connection was set read-only: by the
   * server, which was told, or in a transaction that the driver has begun so. To some drivers it is
   * a hint.
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
   * Whether something of this lease may be sent behind the end of a transaction that the driver has
   * begun as read-only, together with that, so that the driver begins no other first. Rather yes.
   */
  public final boolean mayLeaveReadOnlyTransaction() {
    return has(SqlTexts.GOES_ON) && !autoCommit();
  }

  /** Whether a text of this lease writes, by its words, and nobody refuses that. */
  public final boolean mayWriteUnrefused() {
    return has(SqlTexts.WRITES) && !refusesWrites();
  }

  /**
   * Whether the statement that was sent last may be there for good though its answer has not come:
   * it may write, and is committed by itself. To be asked once the connection is lost. Where the
   * driver doesn't see what is sent the texts of this lease say so, and what it says of
   * transactions; a query counts if a text of the lease may write in one.
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
      default -> said || inQuery || isHandedOut();
    };
  }

  private boolean saysTransaction() {
    TransactionState state = transactionState();
    return state == TransactionState.OPEN || state == TransactionState.FAILED;
  }

  /** As {@link PhysicalConnection#unanswered}; a driver that fails at it says nothing. */
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

  /** What it has now may be another's by the time that it is asked for. */
  private void readBeforeExposure() {
    for (Setting setting : ALL) {
      if (isRestoredBySetter(setting) && !read(setting)) {
        return;
      }
    }
  }

  /** Returns whether the connection can be asked more. What can't be read is not restored. */
  private boolean read(Setting setting) {
    try {
      settings().read(setting);
    } catch (SQLException e) {
      marks |= FAILED;
      return !verdict(e).fatal();
    } catch (RuntimeException | AbstractMethodError e) {
      marks |= FAILED; // a driver without it, which nobody but us has asked for it
    } catch (Throwable e) {
      marks |= BROKEN;
      throw e;
    }
    return true;
  }

  /**
   * A lease's end: what may have been set by other ways than the setters, and is brought back by
   * nothing else, has to be looked at.
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
   * What is declared read-only is refused by the server when it writes, in autocommit as well,
   * which not every driver's {@code setReadOnly} does. The server is told before the first
   * statement that it concerns, and left so when the lease ends: leases of the same kind cost one
   * round trip among them all.
   *
   * <p>Transactions that the driver begins as read-only need none of it; but by its own object it
   * may begin others (pgjdbc for COPY and fastpath).
   *
   * <p>Where nothing can be set for the session, each transaction is begun with its level of
   * isolation and its schema, and as read-only where the driver may not begin it so. A statement by
   * itself runs at the server's level, which is told; in another schema it might write to somebody
   * else's tables, and is refused.
   *
   * @param largeObject whether it is for a large object: by fastpath, too
   */
  final void settle(boolean largeObject) throws SQLException {
    if (inTransaction()) {
      return; // it goes on as it was begun; asked again at the next statement
    }
    payBack();
    boolean wanted = Boolean.TRUE.equals(ask(Setting.READ_ONLY));
    boolean begins = wanted && !autoCommit();
    // the driver may begin the transaction, and not as read-only
    boolean unlike =
        begins && (largeObject || isExposed() || physical.refusesWritesInTransactions());
    if (shared && (unlike || settings().changesTransactions())) {
      settleTransaction(wanted);
      return; // asked again at the next statement, which may begin another transaction
    }
    if (begins && !unlike) {
      unsettled = false; // turning autocommit on asks again
      return;
    }
    if (canRefuseWrites && (wanted || writesRefused)) {
      canRefuseWrites = physical.refuseWrites(wanted);
      writesRefused = wanted && canRefuseWrites;
    }
    unsettled = false;
  }

  /**
   * Refuses what would run behind the end of a transaction without what is told at the beginning of
   * each: in another schema it might write to somebody else's tables.
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

  /** The lease is over that was declared read-only. Outside of a transaction. */
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
   * Whether the open transaction was begun ahead of what might come in it, by the driver's own
   * object say, and nothing was sent in it; no if the driver can't see that.
   */
  public final boolean isBegunAhead() {
    return begunAhead != 0
        && begunAhead == moment()
        && effectsSince(begunAhead) == Effects.NONE; // else it has lost sight
  }

  /** What was sent since was no use of the transaction that was begun ahead. */
  final void keepBegunAhead() {
    begunAhead = moment();
  }

  /** The driver's answer; what it sends for that is no use of what was begun ahead. */
  final boolean isValid(int seconds) throws SQLException {
    boolean ahead = isBegunAhead();
    boolean valid = jdbc.isValid(seconds);
    if (ahead) {
      keepBegunAhead();
    }
    return valid;
  }

  /** Returns whether that meant anything. */
  final boolean liftCommandTimeout() throws SQLException {
    marks |= CHANGED;
    unlimited = true; // before: nobody knows what a failure leaves
    unlimited = physical.limitStatements(false);
    return unlimited;
  }

  /** What was set, and may have to be carried to another session. */
  final SessionState state() throws SQLException {
    return settings().state(unlimited);
  }

  /**
   * As {@link Settings#owe}; it is done before the next statement that is in no transaction, or
   * when somebody asks.
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

  /** Not where a setter might commit what the program has begun by the driver's own object. */
  private void payBack() throws SQLException {
    if (settings != null
        && settings.owesAnything()
        && !(isHandedOut() && isBlind() && mayBeInTransaction())) {
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

  /** What is set now; of a failure that says that the connection is lost, somebody takes note. */
  private @Nullable Object ask(Setting setting) throws SQLException {
    try {
      return settings().get(setting);
    } catch (SQLException e) {
      marks |= verdict(e).fatal() ? BROKEN : FAILED;
      throw e;
    } catch (Throwable e) {
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
    } catch (SQLException e) {
      if (verdict(e).fatal()) {
        throw e;
      }
      known.unreadable(setting); // it can be set all the same, and the session is closed after
    }
    return known;
  }

  /** Frameworks ask for these before they go on, and the connection may be lost by then. */
  private void readAhead(Setting before) throws SQLException {
    try {
      ask(Setting.AUTO_COMMIT);
    } catch (SQLException e) {
      if (verdict(e).fatal()) {
        throw e;
      }
    }
    if (before != Setting.READ_ONLY && !read(Setting.READ_ONLY)) { // or that is read in any case
      marks |= BROKEN;
    }
  }

  /** Whether the driver may, with autocommit off, in order to set it. */
  private boolean mayBeginTransaction(Setting setting) {
    return switch (setting) {
      case READ_ONLY, AUTO_COMMIT -> false;
      // There it isn't the driver that sets the first two, and for the others it sends nothing.
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
   * isn't read. So it is for the schema if the reset clears it: PostgreSQL's getSchema() tells only
   * one schema of the path. And where the schema goes with each transaction ({@code shared}) it
   * must not be read: with autocommit off the driver would begin the transaction for that, and
   * without the schema. For the others it is so while SQL may have set them: what could be read now
   * would be taken for a new connection's value for good.
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
   * Whether the level that was set is the next transaction's, which is begun with it: outside of
   * one the server has another.
   */
  final boolean saysLevel() throws SQLException {
    return shared && settings().isChanged(Setting.ISOLATION) && !inTransaction();
  }

  /** Whether SQL of this lease may have set something for the session. */
  private boolean mayHaveSetSettings() {
    SideEffects done = effectsToClear();
    return !done.isNone() && done.and(sideEffectsOf(SETS)).equals(done);
  }

  /** What has to be reset besides SQL's side effects, for changes that were left to that. */
  final SideEffects leftToReset() {
    SideEffects left = SideEffects.NONE;
    for (Setting setting : ALL) {
      if (settings().needsReset(setting)) {
        left = left.and(sideEffectsOf(setting));
      }
    }
    return left;
  }

  /** By what side effects the reset brings this setting back; none if it does not. */
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
