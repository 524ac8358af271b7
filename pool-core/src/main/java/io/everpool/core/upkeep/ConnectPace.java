package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.policy.Growth;
import io.everpool.core.policy.Reconnect;
import java.util.function.DoubleSupplier;

/**
 * Decides when the next connect may begin, and how many may be in progress at once. While the
 * server is away the pauses grow; when it is back, there are one, two, four connects at a time.
 * Only the upkeep thread writes here; any thread may read what callers have to know.
 */
final class ConnectPace {
  private static final int FEW = 4;

  /**
   * Once the first waiter has waited for this long, {@link FullServer}'s limit out of regard for
   * other pools no longer applies; nanoseconds.
   */
  private static final long HURRY = 1_000_000_000L;

  /**
   * A caller who has waited for this long isn't well served, however long he may wait; nanoseconds.
   * It is half of the default of acquire-timeout.
   */
  private static final long LONG_WAIT = 15_000_000_000L;

  /** The pause between two attempts to find a thread for a connect; nanoseconds. */
  private static final long WITHOUT_THREAD = 100_000_000L;

  private final PoolConfig config;
  private final DoubleSupplier random;
  private final Workers workers;
  private final Engine engine;
  private final FullServer full;

  /** How long the first waiter may wait and still count as well served; nanoseconds. */
  private final long goodTime;

  private long took;

  /** Since when the server has been there, as far as is known; earlier waits were waits for it. */
  private long backSince;

  /** When the last connect was begun. */
  private long begun;

  /** How many callers had gone without a connection by then. */
  private int inVainBefore;

  /**
   * The next connect needn't wait for those that hang in the driver, because one has succeeded
   * since, or the server was changed.
   */
  private boolean unspared;

  private volatile int allowance;

  /** When the next connect may begin; while callers wait, {@link #watchFrom} counts instead. */
  private volatile long notBefore;

  private volatile long watchFrom;

  ConnectPace(
      PoolConfig config, Environment environment, Workers workers, Engine engine, FullServer full) {
    this.config = config;
    this.random = environment.random();
    this.workers = workers;
    this.engine = engine;
    this.full = full;
    this.goodTime = Math.min(LONG_WAIT, config.acquireTimeout().toNanos() / 2);
    this.allowance = config.maxSize();
    this.notBefore = environment.time().nanoTime();
    this.watchFrom = notBefore;
    this.backSince = notBefore;
  }

  // ---- asked

  /** How long until another connect may begin; 0 or less if it may now. Upkeep thread only. */
  long pause(long now) {
    long allowed = full.isRoomKnown() ? 0 : untilAllowed(now);
    long ofFull = full.connectAt() - now;
    if (ofFull > allowed && isContented(now)) {
      allowed = ofFull;
    }
    return Math.max(allowed, spared(now));
  }

  /**
   * Whether there are connections, and whoever waits gets one in good time. Callers who set
   * themselves limits shorter than acquire-timeout never wait for long; so nobody must have gone
   * without one either.
   */
  private boolean isContented(long now) {
    long waited = now - engine.firstWaitsSince(now);
    return waited < goodTime && engine.inVain() == inVainBefore && engine.anyLive();
  }

  /** As {@link #pause}, for a connect whose outcome somebody waits for. Upkeep thread only. */
  long pauseIfWatched(long now) {
    return Math.max(Math.min(notBefore - now, watchFrom - now), spared(now));
  }

  /** How long the connects that hang in the driver hold back another one. */
  private long spared(long now) {
    long begins =
        begun
            + Reconnect.sparing(
                workers.stuck(), stuckBearable(), config.connectTimeout().toNanos());
    return unspared || workers.stuck() < stuckBearable() ? 0 : begins - now;
  }

  /** How many connects may hang in the driver before the pool becomes sparing with others. */
  private int stuckBearable() {
    return Math.max(FEW, config.maxSize());
  }

  /**
   * How long the last failure still holds the next connect back; 0 or less if it doesn't any more.
   * A caller who begins to wait doesn't have to wait out the long pause that the pool makes while
   * nobody needs it. May be called from any thread.
   */
  long untilAllowed(long now) {
    boolean watched = engine.waiting() > 0 && watchFrom - notBefore < 0;
    return (watched ? watchFrom : notBefore) - now;
  }

  /** For how long the server has been there, as far as is known; nanoseconds. */
  long backFor(long now) {
    return now - backSince;
  }

  /** How many connects may be in progress at once. */
  int allowance(long now) {
    // If the first waits for longer, a connect that hangs may be the reason.
    boolean patient = now - engine.firstWaitsSince(now) < HURRY;
    return patient ? Math.min(allowance, full.bearable()) : allowance;
  }

  /** What a connect takes, nanoseconds; 0 before the first. Upkeep thread only. */
  long takes() {
    return took;
  }

  // ---- told, on the upkeep thread

  /** A connect was begun. */
  void begun(long now) {
    begun = now;
    inVainBefore = engine.inVain();
    unspared = false;
  }

  /** A connect has found no thread. */
  void withoutThread(long now) {
    holdBack(now + WITHOUT_THREAD);
  }

  /** A connect has ended; until it is known what that means, no other is begun. */
  void undecided(long now) {
    allowance = 1;
    full.undecided();
    holdBack(now + config.retry().initialBackoff().toNanos());
  }

  private void holdBack(long until) {
    notBefore = until;
    watchFrom = until;
  }

  /**
   * Notes how long a connect took, whatever has become of it since. The connect that found the
   * server back, or woke it, doesn't count: its time says nothing of the next one's.
   */
  void measured(long tookNanos) {
    if (took == 0 || allowance > 1) {
      took = took == 0 ? tookNanos : took + (tookNanos - took) / 4;
    }
  }

  /** A connect of the present generation has succeeded. */
  void succeeded(long now) {
    full.opened(now);
    unspared = true;
    if (allowance < config.maxSize()) {
      if (allowance == 1) {
        backSince = now;
        holdBack(now + Growth.FIRST_BREATH);
      } else {
        // This is after an outage, and other pools must not all connect at the same moment.
        holdBack(now + Growth.breath(took, random.getAsDouble()));
      }
    }
    // If a full server had room for one connection, it needn't have room for two.
    allowance = full.isCrowded(now) ? 1 : Growth.opened(allowance, config.maxSize());
  }

  /**
   * A scout got in: the server accepts logins, so the pool may connect again, one at a time at
   * first.
   */
  void letIn(long now) {
    full.hasRoom(now);
    unspared = true;
    if (allowance < config.maxSize()) {
      holdBack(now + Growth.FIRST_BREATH);
    }
  }

  /** A connect has failed, the last of {@code inARow} that failed one after the other. */
  void failed(Verdict means, int inARow, long now) {
    allowance = 1;
    double drawn = random.getAsDouble();
    notBefore = now + pauseAfter(means, inARow, false, drawn);
    watchFrom = now + pauseAfter(means, inARow, true, drawn);
    if (means == Verdict.OUT_OF_SLOTS) {
      inVainBefore = engine.inVain(); // only those who go without from now on count
      full.refused(begun, now);
    } else {
      full.hasRoom(now);
    }
  }

  /**
   * The connect that has just failed was refused by one of several hosts, though another may let
   * the next one in. The host that refuses bears the cost of each attempt, so the next one isn't
   * begun as soon as if all were away. The pause doesn't grow, for the other may be back.
   */
  void refusedByOne(long now) {
    long from = now + pauseAfter(Verdict.ACCESS_DENIED, 1, true, random.getAsDouble());
    notBefore = notBefore - from < 0 ? from : notBefore;
    watchFrom = watchFrom - from < 0 ? from : watchFrom;
  }

  private long pauseAfter(Verdict means, int inARow, boolean someoneWaits, double drawn) {
    return Reconnect.pause(
        means,
        inARow,
        someoneWaits,
        config.retry().initialBackoff().toNanos(),
        config.retry().maxBackoff().toNanos(),
        drawn);
  }

  /** Earlier failures and connects that hang hold nothing back any more. */
  void anew(long now) {
    holdBack(now);
    unspared = true;
  }

  /** After an outage, or a sleep, connections come back one, two, four at a time. */
  void slowStart() {
    allowance = 1;
  }
}
