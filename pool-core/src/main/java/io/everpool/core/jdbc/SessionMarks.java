package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.SideEffects;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What was done in a lease of a session, as far as it has passed the faces: marks and side effects,
 * which tell what has to be cleaned up and what may be repeated.
 *
 * <p>Plain fields. Only the holder of the lease writes them, and the move that ends his lease
 * publishes them to the next. A holder whose lease is over may still read them (a close that lost a
 * race), so what he concludes must not matter until he has claimed the lease.
 */
abstract class SessionMarks {

  /**
   * Statements were sent in this lease. The lower bits, and some more, are those of {@link
   * SqlTexts}.
   */
  static final int RAN = 1 << 8;

  /** Statements were sent since the last commit or rollback. */
  static final int PENDING = 1 << 9;

  /** Something was set that may have to be restored. */
  static final int CHANGED = 1 << 10;

  /** Some statement closes itself when its results are closed. */
  static final int CLOSES_ITSELF = 1 << 11;

  /** A plan of the driver's doesn't fit its tables any more. */
  static final int STALE_PLANS = 1 << 12;

  /** The driver has thrown what no driver should; nobody knows what state it is in. */
  static final int BROKEN = 1 << 16;

  /** A call has failed in this lease. */
  static final int FAILED = 1 << 17;

  /**
   * A driver that can't tell its transaction state has reported what may be said of a statement as
   * well ({@link AmbiguousFailures}), and its connection is still open: it is validated when the
   * lease ends.
   */
  static final int DOUBTED = 1 << 24;

  /** The driver is told when each use of the connection begins and ends, and a use has begun. */
  static final int IN_REQUEST = 1 << 18;

  /** The driver may put warnings on the connection though nothing was sent. */
  static final int WARNS = 1 << 19;

  /** The driver's own object was handed out, in this lease or an earlier one, and may be kept. */
  static final int MAY_BE_KEPT = 1 << 20;

  /** A sharding key may have been set, and nobody can say which there was before. */
  static final int SHARDED = 1 << 21;

  /**
   * A call that may cost a round trip (isValid, isolation, metadata) was made; it leaves no state,
   * but may still be under way, so a release checks inStep() first.
   */
  static final int ASKED = 1 << 22;

  /**
   * The driver's own object was handed out in this lease while nobody was setting the session up:
   * {@link #isExposedInWork}.
   */
  static final int EXPOSED_IN_WORK = 1 << 23;

  /**
   * Whoever lends the connection says that it is read-only, and the driver has refused to be told.
   */
  static final int SAID_READ_ONLY = 1 << 25;

  /** A transaction is open for the driver's own question alone, in the midst of autocommit. */
  static final int BEGUN_ASIDE = 1 << 27;

  private static final int FEWEST_TO_SWEEP = 16;

  private final SqlTexts texts;
  final ResetMode reset;
  private long queries;

  /** The marks that each lease begins with. */
  int marksAtFirst;

  /** What was done in this lease; 0 for nothing. */
  int marks;

  /**
   * The failure by which the connection was found lost, after which it is never lent again. A
   * session stays in its slot until another comes there, and the stack of a failure keeps the
   * classes of the program that got it, even if the program is gone by then: so no more than its
   * words is kept once the lease was ended on its holder's thread ({@link #keepWordsOfLoss}).
   */
  @Nullable SQLException loss;

  /** What statements of this lease were given and have not sent; null for nothing. */
  @Nullable Unsent unsent;

  /** What the texts of this lease may have left in the session. */
  SideEffects sideEffects = SideEffects.NONE;

  /**
   * What the texts of interceptors may have left: it is cleared when the lease ends, and the
   * interceptors do it again on any other session.
   */
  private SideEffects setUpEffects = SideEffects.NONE;

  private boolean settingUp;

  /**
   * Whether something was done that can't be seen, or can't be done again on another session: the
   * driver's own object was handed out, or a sharding key was set. It doesn't count while the
   * session is being set up.
   */
  private boolean boundForGood;

  /** About how many closed statements could not be taken out of the face's list at once. */
  int strays;

  int sweepAt = FEWEST_TO_SWEEP;

  SessionMarks(SqlTexts texts, ResetMode reset, int marksAtFirst) {
    this.texts = texts;
    this.reset = reset;
    this.marksAtFirst = marksAtFirst;
  }

  /** A lease begins. What the last one left was cleaned up; its marks are wiped only now. */
  final void leaseStarted() {
    if (unsent != null) {
      unsent = null; // its statement wasn't closed by its face: a driver may have closed it
    }
    if (marks != marksAtFirst) {
      marks = marksAtFirst;
      sideEffects(SideEffects.NONE);
      setUpEffects(SideEffects.NONE);
      boundForGood = false;
      settingUp = false;
      strays = 0;
      sweepAt = FEWEST_TO_SWEEP;
    }
  }

  /**
   * Writes the field only if the value is another one: sessions are old objects, and a reference
   * that is written into one costs G1's barrier. Without it a lease with a statement takes a tenth
   * less time.
   */
  @SuppressWarnings("ReferenceEquality") // writing an equal object does no harm
  private void sideEffects(SideEffects value) {
    if (sideEffects != value) {
      sideEffects = value;
    }
  }

  /** As {@link #sideEffects(SideEffects)}. */
  @SuppressWarnings("ReferenceEquality")
  private void setUpEffects(SideEffects value) {
    if (setUpEffects != value) {
      setUpEffects = value;
    }
  }

  /** A text is about to be sent, or will be. */
  final void show(String sql) {
    SqlTexts.Text text = texts.of(sql);
    sideEffects(sideEffects.and(text.sideEffects()));
    marks |= text.marks();
  }

  /** A text will be sent with others, which are shown as well. */
  final void showInBatch(String sql) {
    show(sql);
    if ((texts.of(sql).marks() & SqlTexts.ENDS_OR_UNDOES) != 0) {
      marks |= SqlTexts.ENDS | SqlTexts.GOES_ON;
    }
  }

  /**
   * Whether a transaction ends in such a text and something goes on behind its end, in the text,
   * the batch or the next transaction. A body in dollar quotes can't be told from that: the answer
   * is no if there is a dollar.
   */
  final boolean goesOnBehindAnEnd(String sql, boolean batched) {
    int marks = texts.of(sql).marks();
    if ((marks & SqlTexts.ENDS_OR_UNDOES) == 0 || sql.indexOf('$') >= 0) {
      return false;
    }
    String small = SqlTexts.small(sql);
    boolean ends = // a text that merely prepares a statement ends nothing
        !SqlTexts.hasWord(small, "prepare")
            || SqlTexts.hasWord(small, "transaction")
            || SqlTexts.hasWord(small, "commit")
            || SqlTexts.hasWord(small, "rollback");
    return ends && (batched || (marks & SqlTexts.GOES_ON) != 0 || SqlTexts.hasWord(small, "chain"));
  }

  /** What such a text may leave in the session. */
  final SideEffects sideEffectsOf(String sql) {
    return texts.of(sql).sideEffects();
  }

  /** A statement is about to be executed. */
  final void executing() {
    queries++;
    marks |= RAN | PENDING;
  }

  /** Something is about to be sent by other ways than statements. */
  final void querying() {
    marks |= RAN | PENDING;
  }

  /** The program has the driver's own object: what it does by that is not seen from now on. */
  final void markExposed() {
    marksAtFirst |= MAY_BE_KEPT;
    marks |= RAN | PENDING | MAY_BE_KEPT;
    sideEffects(sideEffects.and(SideEffects.EXPOSED));
    if (!settingUp) {
      marks |= EXPOSED_IN_WORK;
      boundForGood = true;
    }
  }

  /**
   * A sharding key was set, or may have been: it can neither be set back nor be carried over to
   * another session.
   */
  final void markSharded() {
    marks |= SHARDED;
    boundForGood |= !settingUp;
  }

  /**
   * Whether the driver's own object was handed out in this lease, to whomever. Decides what has to
   * be cleaned up. Unlike {@link #isExposedInWork}, this counts the set-up, too.
   */
  final boolean isExposed() {
    return sideEffects.isExposed();
  }

  /**
   * Whether the driver's own object was handed out in this lease to the program's work, so that the
   * program may send by it. Decides what may be repeated. Unlike {@link #isExposed}, this leaves
   * out the set-up ({@link #settingUp}): an interceptor, or a framework for its own handle, does
   * there what it does again on another session.
   */
  public final boolean isExposedInWork() {
    return has(EXPOSED_IN_WORK);
  }

  /** A transaction ended, and nothing has been sent since. */
  final void settled() {
    marks &= ~PENDING;
  }

  /** The face's list of statements was swept, and so many are left. */
  final void swept(int left) {
    strays = 0;
    sweepAt = Math.max(FEWEST_TO_SWEEP, left);
  }

  final boolean has(int mark) {
    return (marks & mark) != 0;
  }

  /**
   * Whether SQL may have left something of which JDBC knows nothing, and the pool has to clear it.
   */
  final boolean traced() {
    boolean any = sideEffects.mayBeLeft() || setUpEffects.mayBeLeft();
    return any && has(RAN) && reset != ResetMode.NONE;
  }

  /** What the texts of this lease may have left in the session, whoever has sent them. */
  final SideEffects effectsToClear() {
    return sideEffects.and(setUpEffects);
  }

  /**
   * The set-up is over: all that was done so far in this lease is done again on any session that
   * follows.
   */
  final void setUp() {
    settingUp = false;
    setUpEffects = setUpEffects.and(sideEffects);
    sideEffects = isExposed() ? SideEffects.EXPOSED : SideEffects.NONE;
  }

  /** How many statements were executed, in all leases. */
  public final long queries() {
    return queries;
  }

  /**
   * Whether a text of this lease may have set the level of isolation, or one of an earlier lease.
   */
  final boolean isolationMayBeSetBySql() {
    return has(SqlTexts.ISOLATES) || isExposed() || reset == ResetMode.NONE;
  }

  /** Whether a text of this lease may have had the server take writes again. */
  public final boolean mayHaveLiftedReadOnly() {
    return has(SqlTexts.LIFTS_READ_ONLY);
  }

  /**
   * Whether the session may have something that another session doesn't have, left by SQL or by
   * what nothing carries over. A text that was only prepared has left nothing.
   */
  public final boolean hasSideEffects() {
    return (sideEffects.hasKinds() && has(RAN)) || boundForGood;
  }

  /** Whether there is {@linkplain #hasSideEffects() something}, and the pool may clear it. */
  public final boolean hasSideEffectsToClear() {
    return hasSideEffects() && reset != ResetMode.NONE;
  }

  /** Whether the driver has said that a plan doesn't fit its tables any more. */
  public final boolean hasStalePlans() {
    return has(STALE_PLANS);
  }

  /** Whether SQL may have prepared a statement, which may go when the plans are forgotten. */
  public final boolean mayHavePrepared() {
    return hasSideEffects() && mayPrepare(sideEffects);
  }

  /** Whether a prepared statement may be among what interceptors have left. */
  final boolean interceptorsMayHavePrepared() {
    return mayPrepare(setUpEffects);
  }

  /** Whether texts that have left these side effects may have prepared a statement. */
  final boolean mayPrepare(SideEffects left) {
    SideEffects prepares = sideEffectsOf("PREPARE everpool AS SELECT 1");
    return !prepares.isNone() && left.equals(left.and(prepares));
  }

  /**
   * Says whether interceptors, or a framework for its own handle, are setting the session up just
   * now: what they do by the driver's own object they do again on another session, so that nothing
   * is missing there.
   */
  public final void settingUp(boolean value) {
    settingUp = value;
  }

  final boolean isSettingUp() {
    return settingUp;
  }

  /** Whether the driver has thrown what no driver should: it is not to be asked for anything. */
  public final boolean broken() {
    return has(BROKEN);
  }

  /** Whether something has happened by which the driver may have closed it, and nobody was told. */
  final boolean mayBeShut() {
    return has(FAILED) || isExposed();
  }

  /**
   * To be called once this session is never lent again: it stays in its slot until another comes
   * there, and would keep the classes of a program by what its statements were given.
   */
  final void forgetUnsent() {
    unsent = null;
  }

  /**
   * Called when the lease is over, or is about to be. Somebody may still be told of its loss, but a
   * failure with its stack would make this session keep the classes of its application, and so
   * would a statement with what it was given. A session that was lost is never lent again.
   */
  final void keepWordsOfLoss() {
    SQLException whole = loss;
    if (whole != null) {
      loss = StacklessLoss.of(whole);
      unsent = null;
    }
  }
}
