package io.everpool.core.work;

import io.everpool.api.driver.Effects;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import org.jspecify.annotations.Nullable;

/**
 * The evidence of a unit's present run: what of all that was sent may be there for good.
 *
 * <p>The first source is the driver: if it has seen the protocol it knows for certain, whoever sent
 * something. If it says {@link Effects#UNPROVEN}, the calls that passed the faces count instead;
 * they can't show what was sent by the driver's own object.
 */
final class UnitLog {

  /** What is known of the run up to {@link #since}, on this session and those before it. */
  private Effects settled = Effects.NONE;

  private @Nullable Session on;
  private long since;

  /** The moment before the last request that passed a face. */
  private long beforeLast;

  // ---- what the calls show since the same moment

  private Effects called = Effects.NONE;
  private boolean lastMayCommit;

  private boolean tookWrites;

  // ---- how far it has come

  /** How many requests were answered that have, or may have, left something for good. */
  private int commits;

  /** The moment up to which they are counted. */
  private long counted;

  /** Whether what was sent since then may be one of them, as far as the calls show. */
  private boolean uncounted;

  /** A run begins on this session; null if there is none any more. */
  void begin(@Nullable Session session) {
    settle(Effects.NONE, session);
    tookWrites = false;
    commits = 0;
  }

  /** Notes what is certain of the run up to now; what follows is sent on this session. */
  void settle(Effects known, @Nullable Session session) {
    tookWrites = tookWrites();
    settled = known;
    on = session;
    since = moment();
    beforeLast = since;
    counted = since;
    uncounted = false;
    called = exposedInWork();
    lastMayCommit = false;
  }

  /**
   * An object of the driver's that was handed out before, in this lease, may be used from now on as
   * well.
   */
  private Effects exposedInWork() {
    return on != null && on.isExposedInWork() ? Effects.UNPROVEN : Effects.NONE;
  }

  private long moment() {
    return on == null ? 0 : on.moment();
  }

  /**
   * A statement is about to be sent.
   *
   * @param mayCommit whether, by its text and the state of the connection, it may be there for good
   *     once it is carried out
   * @param answered whether what was sent before has its answer
   */
  void executing(boolean mayCommit, boolean answered) {
    count(answered);
    uncounted = mayCommit;
    beforeLast = counted;
    if (lastMayCommit) {
      called = called.and(Effects.COMMITTED); // it was answered, or this one would not be sent
    }
    lastMayCommit = mayCommit;
    if (mayCommit) {
      called = called.and(Effects.IN_DOUBT);
    }
  }

  /** The driver's own object was handed out. */
  void exposed() {
    count(true);
    beforeLast = counted;
    called = Effects.UNPROVEN;
  }

  /** {@code commit()} is about to be sent, and what was sent before has its answer. */
  void committing() {
    count(true);
  }

  /** A unit within this one begins: what was sent before it is this one's alone. */
  void beginsWithin(boolean answered) {
    count(answered);
  }

  /** That unit's run has failed: it begins anew, and sends again what it has sent. */
  void repeatsWithin(UnitLog within) {
    commits -= within.commits; // since it began, whatever it counts is counted here, too
    counted = moment();
    uncounted = false;
  }

  /** The COMMIT is done, and {@link #settle settled}. */
  void committed() {
    commits++;
  }

  private void count(boolean answered) {
    commits = commits(answered);
    counted = moment();
    uncounted = false;
  }

  /**
   * How many requests of the run were answered that have, or may have, left something for good. A
   * next run has repeated what came after them once its number is higher. Several that the driver's
   * own object sends, one after another, count as one.
   *
   * @param answered whether the last that passed a face is among them
   */
  int commits(boolean answered) {
    // nobody knows how many requests of the driver's own object came before an unanswered one
    boolean more = answered || exposedInWork() == Effects.UNPROVEN;
    Effects byCalls = answered && uncounted ? Effects.COMMITTED : Effects.NONE;
    return more && since(counted, byCalls) == Effects.COMMITTED ? commits + 1 : commits;
  }

  /** Whether the server has come to take writes in this run though it was told to refuse them. */
  boolean tookWrites() {
    return tookWrites || (on != null && on.takesWritesSince(since));
  }

  /** What of the run may be there for good. */
  Effects effects() {
    return settled.and(since(since, called));
  }

  /**
   * Whether something of the run, which is over, may be there for good, or may come to be so by the
   * COMMIT of a transaction that goes on. If the work has closed its connection nobody knows, for
   * that may be another's by now: so the answer is yes.
   */
  boolean mayLeaveSomething(PooledConnection face) {
    if (face.isOver()) {
      return true;
    }
    Session session = face.session();
    try {
      return effects() != Effects.NONE
          || (session != null && session.mayBeInTransaction() && !session.isBegunAhead());
    } catch (Throwable e) {
      return true; // the driver can't say
    }
  }

  /** Whether the last request may be there for good and has no answer. */
  boolean lastInDoubt() {
    boolean calls = lastMayCommit || called == Effects.UNPROVEN;
    return since(beforeLast, calls ? Effects.IN_DOUBT : Effects.NONE) == Effects.IN_DOUBT;
  }

  private Effects since(long moment, Effects byCalls) {
    Effects seen = on == null ? Effects.UNPROVEN : on.effectsSince(moment);
    return seen == Effects.UNPROVEN ? byCalls : seen;
  }
}
