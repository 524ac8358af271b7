package io.everpool.core.jdbc;

import io.everpool.api.ResetMode;
import io.everpool.api.driver.SideEffects;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What was done in a lease of a session, as far as it has passed the faces: marks and side effects,
 * by which is known what has to be cleaned up and what may be repeated.
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

  /** Some statement closes itself when its results are. */
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

  /** The driver is told where the uses of a connection begin and end, and has a use begun. */
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

  /** The driver's own object was handed out in this lease, and not to what sets the session up. */
  static final int HANDED_OUT = 1 << 23;

  /**
   * It is to be read-only by the word of whoever lends it, and the driver has refused to be told.
   */
  static final int SAID_READ_ONLY = 1 << 25;

  /** A transaction is open for the driver's own question alone, in the midst of autocommit. */
  static final int BEGUN_ASIDE = 1 << 27;

  private static final int FEWEST_TO_SWEEP = 16;

  private final SqlTexts texts;
  final ResetMode reset;
  private long queries;

  /** What is so of every lease. */
  int marksAtFirst;

  /** What was done in this lease; 0 for nothing. */
  int marks;

  /**
   * The failure by which the connection was found lost, after which it is never lent again. A
   * session stays in its place until another comes there, and the stack of what a program was
   * thrown keeps that program's classes, be it gone by then: so it goes with the lease.
   */
  @Nullable SQLException loss;

  /** What statements of this lease were given and have not sent; null for nothing. */
  @Nullable Unsent unsent;

  /** What the texts of this lease may have left in the session. */
  SideEffects sideEffects = SideEffects.NONE;

  /** What the texts of interceptors may have left: it is cleared, and done again elsewhere. */
  private SideEffects setUpEffects = SideEffects.NONE;

  private boolean settingUp;

  /**
   * What was done can't be seen or not be done again on another session: the driver's own object
   * was handed out, or a sharding key was set; and not to or by a framework that sets itself up.
   */
  private boolean boundForGood;

  /** Closed statements that could not be taken out of the face's list at once; about. */
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
      unsent = null; // of a statement that nobody has closed here: a driver may close its own
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
   * Writes what is new only: sessions are old objects, and a reference that is written into one
   * costs G1's barrier; without it a lease with a statement takes a tenth less.
   */
  @SuppressWarnings("ReferenceEquality") // equal ones that are two are written, which does no harm
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
   * Whether a transaction ends in such a text and something goes on behind that, in the text, the
   * batch or the next transaction. A body in dollar quotes isn't told from that: rather no.
   */
  final boolean goesOnBehindAnEnd(String sql, boolean batched) {
    int marks = texts.of(sql).marks();
    if ((marks & SqlTexts.ENDS_OR_UNDOES) == 0 || sql.indexOf('$') >= 0) {
      return false;
    }
    String small = SqlTexts.small(sql);
    boolean ends = // and doesn't merely prepare a statement
        !SqlTexts.hasWord(small, "prepare")
            || SqlTexts.hasWord(small, "transaction")
            || SqlTexts.hasWord(small, "commit")
            || SqlTexts.hasWord(small, "rollback");
    return ends && (batched || (marks & SqlTexts.GOES_ON) != 0 || SqlTexts.hasWord(small, "chain"));
  }

  /** What such a text may leave behind. */
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
      marks |= HANDED_OUT;
      boundForGood = true;
    }
  }

  /** A sharding key was set, or may have been: there is no way back, and none to carry it over. */
  final void markSharded() {
    marks |= SHARDED;
    boundForGood |= !settingUp;
  }

  /** Whether the program has had the driver's own object in this lease. */
  final boolean isExposed() {
    return sideEffects.isExposed();
  }

  /** Whether the program may send by the driver's own object, which it has had in this lease. */
  public final boolean isHandedOut() {
    return has(HANDED_OUT);
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

  /** Whether SQL has left, or may have left, what JDBC knows nothing of; and it matters. */
  final boolean traced() {
    boolean any = sideEffects.mayBeLeft() || setUpEffects.mayBeLeft();
    return any && has(RAN) && reset != ResetMode.NONE;
  }

  /** What the texts of this lease may have left in the session, whoever has sent them. */
  final SideEffects effectsToClear() {
    return sideEffects.and(setUpEffects);
  }

  /** All that was done so far in this lease is done again on whatever session follows. */
  final void setUp() {
    settingUp = false;
    setUpEffects = setUpEffects.and(sideEffects);
    sideEffects = isExposed() ? SideEffects.EXPOSED : SideEffects.NONE;
  }

  /** How many statements were executed, in all leases. */
  public final long queries() {
    return queries;
  }

  /** Whether a text may have set the level of isolation, or an earlier lease's may have. */
  final boolean isolationMayBeSetBySql() {
    return has(SqlTexts.ISOLATES) || isExposed() || reset == ResetMode.NONE;
  }

  /** Whether a text of this lease may have had the server take writes again. */
  public final boolean mayHaveLiftedReadOnly() {
    return has(SqlTexts.LIFTS_READ_ONLY);
  }

  /**
   * Whether SQL, or what nothing carries over, may have left something in the session that another
   * doesn't have. What was only prepared has not.
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

  /** Whether such a statement may be among what interceptors have left. */
  final boolean interceptorsMayHavePrepared() {
    return mayPrepare(setUpEffects);
  }

  /** Whether texts that have left this may have prepared a statement. */
  final boolean mayPrepare(SideEffects left) {
    SideEffects prepares = sideEffectsOf("PREPARE everpool AS SELECT 1");
    return !prepares.isNone() && left.equals(left.and(prepares));
  }

  /**
   * Whether a framework sets its own handle up just now: what it does by the driver's own object it
   * does again on another session, so that nothing is missing there.
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
   * The lease is over. Somebody may be told of its loss yet, and with its stack this would keep the
   * classes of its application. A session that was lost is never lent again.
   */
  final void keepWordsOfLoss() {
    SQLException whole = loss;
    if (whole != null && !(whole instanceof StacklessLoss)) {
      loss = new StacklessLoss(whole);
    }
  }
}
