package io.everpool.core.upkeep;

import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent.ConnectFailed;
import io.everpool.api.observe.PoolEvent.Recovered;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.Fencing;
import io.everpool.core.policy.StartUp;
import java.sql.SQLException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What the pool's connects have shown of the server: whether it can be reached, why not and since
 * when, and what that means for callers who wait. Only the upkeep thread writes here, and any
 * thread may read; but {@link #awaited} and {@link #dispensable} are called by whoever opens the
 * pool.
 */
public final class Reachability {
  private static final Logger log = PoolEvents.log();
  static final long LOG_EVERY = 10_000_000_000L;

  /** How long an answer counts though a connect has failed since; nanoseconds. */
  private static final long OF_LATE = 2_000_000_000L;

  private final String product;
  private final String target;
  private final TimeSource time;
  private final PoolEvents events;
  private final Engine engine;
  private final ConnectPace pace;
  private final FailureReports reports;
  private final PrimarySearch search;
  private final OutageLog outages;

  private final FailureDuration failing = new FailureDuration();
  private long succeededAt;
  private long lastLogged;
  private volatile int failures;
  private volatile Verdict verdict = Verdict.STATEMENT_FAILED;
  private volatile @Nullable SQLException lastFailure;

  /** Whether the last failure lies in this process, and not with the server or the way there. */
  private volatile boolean ownFailure;

  /** Whether the pool has stopped trying since, so that what it knows may be out of date. */
  private volatile boolean old;

  /** When a connect last failed; meaningful while there are {@link #failures}. */
  private volatile long failedAt;

  /** When an open connection was asked something that it has answered; others may be later. */
  private volatile long answeredAt;

  /**
   * Whether somebody waits for the pool to open. He is told early if nothing listens at the
   * address, for waiting won't change that.
   */
  private volatile boolean awaited;

  /**
   * Tells whether an operator has taken this server away and left others; null if whoever waits for
   * this one can't go to others.
   */
  private volatile @Nullable BooleanSupplier takenAway;

  /** Since when every connect has found nobody there; meaningful while {@link #absences} > 0. */
  private long absentSince;

  /** How many failures of the present row no longer count: something was changed after them. */
  private int forgiven;

  /** The generation that began with that change; connects of earlier ones don't count any more. */
  private int changedAt;

  /** Whether something was changed that upkeep hasn't heard of yet. */
  private volatile boolean changing;

  private int absences;
  private volatile boolean hopeless;

  Reachability(
      String product,
      String target,
      TimeSource time,
      PoolEvents events,
      Engine engine,
      ConnectPace pace,
      FailureReports reports,
      PrimarySearch search,
      OutageLog outages,
      long now) {
    this.product = product;
    this.target = target;
    this.time = time;
    this.events = events;
    this.engine = engine;
    this.pace = pace;
    this.reports = reports;
    this.search = search;
    this.outages = outages;
    this.succeededAt = now;
    this.failedAt = now;
    this.answeredAt = now - OF_LATE;
  }

  // ---- learnt, on the upkeep thread

  /** A connect of the present generation has succeeded. */
  void succeeded() {
    long now = time.nanoTime();
    pace.succeeded(now);
    letsIn(now);
  }

  /** A scout's connection was let in, which the pool doesn't keep. */
  void letIn() {
    long now = time.nanoTime();
    pace.letIn(now);
    letsIn(now);
  }

  private void letsIn(long now) {
    succeededAt = now;
    lastFailure = null;
    forgiven = 0;
    absences = 0;
    hopeless = false;
    OutageLog.Toll toll = outages.recovered();
    String cost = toll == null ? "" : "; " + toll;
    if (failures > 0) {
      failures = 0;
      boolean back = failing.wasAway();
      String after =
          failing.tries()
              ? " after {} ms{}"
              : "; connects had failed for {} ms, until nobody needed one{}";
      String line =
          back
              ? "Pool {}: {} at {} answers again"
              : "Pool {}: connections to {} at {} can be opened again";
      long lasted = failing.end(now);
      log.info(line + after, events.pool(), product, target, lasted / 1_000_000, cost);
      if (back) { // otherwise it has answered all the while, or wasn't asked
        events.post(new Recovered(events.pool(), lasted));
      }
    } else if (toll != null) {
      log.info(
          "Pool {}: connected to {} at {} again, {} ms after the first loss{}",
          events.pool(),
          product,
          target,
          toll.nanos() / 1_000_000,
          cost);
    }
  }

  /**
   * A connect has failed; {@code judged} is what the rules say of that.
   *
   * @param born the generation in which it was begun
   */
  void failed(SQLException failure, Verdict judged, int born) {
    if (engine.isClosed()) {
      return;
    }
    if (born < changedAt) {
      log.debug("Pool {}: a connect of before has failed ({})", events.pool(), judged, failure);
      return;
    }
    long now = time.nanoTime();
    Verdict means =
        failure instanceof ConnectFailures.OfTheDriver broken
            ? broken.verdict(judged, failures + 1 - forgiven)
            : judged;
    int inARow = failures + 1;
    failedAt = now;
    verdict = means;
    lastFailure = failure;
    noteAbsence(failure, now);
    ownFailure =
        means == Verdict.PROCESS_LIMIT
            || failure instanceof ConnectFailures.OfTheDriver
            || failure instanceof CredentialsException;
    pace.failed(means, inARow - forgiven, now);
    failures = inARow;
    old = false;
    failing.failed(now, failsAsAway());
    tellWaiters(now);
    search.connectFailed(means);
    reports.connectFailed(means, failure);
    events.post(new ConnectFailed(events.pool(), means, FailureText.whole(failure), inARow));
    tell(failure, means, inARow, now);
  }

  /**
   * Nobody needs a connection, and none is being opened: until somebody needs one, nobody will know
   * whether the server is back.
   */
  void nobodyTries() {
    if (failures > 0 && !old) {
      old = true;
      failing.stops();
    }
  }

  private void noteAbsence(SQLException failure, long now) {
    if (failure instanceof CredentialsException || !Absence.nobodyThere(failure)) {
      absences = 0;
      hopeless = false;
      return;
    }
    if (absences++ == 0) {
      absentSince = now;
    }
    hopeless = StartUp.hopeless(absences, now - absentSince);
  }

  /**
   * Logs the first failure in a row at once, unless the fence has just said so, and then one every
   * ten seconds: an outage must not flood the log.
   */
  private void tell(SQLException failure, Verdict means, int inARow, long now) {
    boolean known = outages.connectFailed() && Fencing.isEvidence(means);
    boolean first = inARow - forgiven == 1;
    if (first && known) {
      lastLogged = now;
    }
    if ((!first || known) && now - lastLogged < LOG_EVERY) {
      log.debug("Pool {}: connect failed ({})", events.pool(), means, failure);
      return;
    }
    lastLogged = now;
    log.warn(
        "Pool {}: cannot connect to {} at {} ({} in a row, {}): {}",
        events.pool(),
        product,
        target,
        inARow,
        means,
        FailureText.whole(failure));
  }

  /**
   * Sends away all who wait in vain: because the server refuses for good and no connection is left
   * that could be returned to them, because the pool is just being opened and nobody is there, or
   * because this server is gone and they can go to another one.
   */
  void tellWaiters(long now) {
    boolean inVain = refusal(now) != null || isHopeless() || (takenAway != null && isGone());
    if (engine.waiting() > 0 && inVain) {
      engine.rejectAll();
    }
  }

  /**
   * Somebody changes something about the server or the way there, and wants it to be asked anew:
   * from now on nobody is sent away because of earlier failures. From any thread.
   */
  void changes() {
    changing = true;
  }

  /**
   * From now on it is as if nothing had failed yet, except that it stays known for how long there
   * was no connection.
   *
   * @param generation the generation that begins with the change
   */
  void changed(int generation) {
    changedAt = generation;
    forgiven = failures;
    absences = 0;
    hopeless = false;
    pace.anew(time.nanoTime());
    changing = false;
  }

  /** Whether a connection was opened at that time or later. Upkeep thread only. */
  boolean opensSince(long moment) {
    return succeededAt - moment >= 0;
  }

  // ---- known, to any thread

  /** Whether the last connect has failed. */
  public boolean isFailing() {
    return failures > 0;
  }

  /** Where connections go. */
  String target() {
    return target;
  }

  /** The last failure, unless a connection has been opened since. */
  public @Nullable SQLException lastFailure() {
    return lastFailure;
  }

  /** What the last failure means; says nothing while there is none. */
  public Verdict lastVerdict() {
    return verdict;
  }

  /** Whether the server is known to be away now; false if the pool has stopped trying. */
  public boolean down() {
    return failsAsAway() && !old;
  }

  /**
   * Whether the last connect failed because no server answered. A server that refuses is there, and
   * nothing is known of one behind a proxy that lets nobody in.
   */
  public boolean failsAsAway() {
    return failures > 0
        && !ownFailure
        && switch (verdict) {
          case OUT_OF_SLOTS, PROXY_UNAVAILABLE, ACCESS_DENIED, REFUSED -> false;
          default -> true;
        };
  }

  /** Whether connects fail for a reason in this process: its limits, or its driver. */
  public boolean failsHere() {
    return failures > 0 && ownFailure;
  }

  /**
   * The failure to give to every caller at once instead of letting it wait: the server has just
   * refused for good and will not be asked again for a while. Null if it is worth waiting.
   */
  public @Nullable SQLException refusal(long now) {
    return failures > 0
            && !changing
            && verdict.fatal()
            && !verdict.reconnectable()
            && pace.untilAllowed(now) > 0
            && !engine.anyLive()
        ? lastFailure
        : null;
  }

  /**
   * Whether the server counts as gone: an operator has taken it away, or connects fail and no
   * connection is left, or they fail as if it were away. In this last case connections that are
   * left still count if one has {@link #answered} since the last connect failed, or of late.
   */
  public boolean isGone() {
    return (failures > 0 && ((failsAsAway() && !answers()) || !engine.anyLive())) || isTakenAway();
  }

  private boolean answers() {
    long last = answeredAt;
    return last - failedAt > 0 || time.nanoTime() - last < OF_LATE;
  }

  /**
   * An open connection has answered what it was asked at that time: so the server serves those that
   * it has, whatever becomes of connects. Any thread may call this, one at a time.
   */
  public void answered(long askedAt) {
    answeredAt = askedAt;
  }

  /** Whether an operator has taken it away, and left the other servers. */
  boolean isTakenAway() {
    BooleanSupplier known = takenAway;
    return known != null && known.getAsBoolean();
  }

  /** Whether there is a connection, though it may be in use. */
  public boolean isLive() {
    return engine.anyLive();
  }

  /**
   * Says that callers can go to another server: they are told at once when this one {@link
   * #isGone() is gone}.
   *
   * @param away whether an operator has taken this one away, and left the others
   */
  public void dispensable(BooleanSupplier away) {
    takenAway = away;
  }

  /** Says whether somebody waits for the pool to open. */
  public void awaited(boolean value) {
    awaited = value;
  }

  /** Whether whoever waits for the pool to open is to be told now that nobody is there. */
  public boolean isHopeless() {
    return awaited && hopeless;
  }
}
