package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.policy.Growth;
import io.everpool.core.policy.Reconnect;
import java.util.function.DoubleSupplier;

/**
 * When the next connect may begin, and how many may be in progress at once: with pauses that grow
 * while the server is away, and one, two, four at a time when it is back. Written by the upkeep
 * thread alone; what callers have to know of it may be read by anyone.
 */
final class ConnectPace {
  private static final int FEW = 4;

  /**
   * Once the first waiter has waited for this long, {@link FullServer}'s limit out of regard for
   * other pools no longer applies; nanoseconds.
   */
  private static final long HURRY = 1_000_000_000L;

  /**
   * Who has waited for this long isn't well served, however long he would wait; nanoseconds, half
   * of the default of acquire-timeout.
   */
  private static final long LONG_WAIT = 15_000_000_000L;

  /** Between two attempts to find a thread for a connect; nanoseconds. */
  private static final long WITHOUT_THREAD = 100_000_000L;

  private final PoolConfig config;
  private final DoubleSupplier random;
  private final Workers workers;
  private final Engine engine;
  private final FullServer full;

  /** How long the first waiter waits in good time; nanoseconds. */
  private final long goodTime;

  private long took;

  /** Since when the server has been there, as far as is known: others waited for it, till then. */
  private long backSince;

  /** When the last connect was begun. */
  private long begun;

  /** How many had asked in vain by then. */
  private int inVainBefore;

  /**
   * The next connect needn't wait for those that hang in the driver, because one has succeeded
   * since, or the server was changed.
   */
  private boolean unspared;

  private volatile int allowance;

  /** When the next connect may begin; {@link #watchFrom} instead while callers wait. */
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

  /** How long until another connect may begin; 0 or less: now. Upkeep thread only. */
  long pause(long now) {
    long allowed = full.isRoomKnown() ? 0 : untilAllowed(now);
    long ofFull = full.connectAt() - now;
    if (ofFull > allowed && isContented(now)) {
      allowed = ofFull;
    }
    return Math.max(allowed, spared(now));
  }

  /**
   * Whether there are connections, and whoever waits for one gets it in good time. Where callers
   * set themselves limits that are shorter than acquire-timeout, nobody waits for long.
   */
  private boolean isContented(long now) {
    long waited = now - engine.firstWaitsSince(now);
    return waited < goodTime && engine.inVain() == inVainBefore && engine.anyLive();
  }

  /** As {@link #pause}, if somebody waits for what the connect shows. Upkeep thread only. */
  long pauseIfWatched(long now) {
    return Math.max(Math.min(notBefore - now, watchFrom - now), spared(now));
  }

  /** How long threads that hang hold back another. */
  private long spared(long now) {
    long begins =
        begun
            + Reconnect.sparing(
                workers.stuck(), stuckBearable(), config.connectTimeout().toNanos());
    return unspared || workers.stuck() < stuckBearable() ? 0 : begins - now;
  }

  /** So many connects may hang in the driver before the pool becomes sparing with further ones. */
  private int stuckBearable() {
    return Math.max(FEW, config.maxSize());
  }

  /**
   * How long the last failure still holds the next connect back; 0 or less: not any more. Whoever
   * begins to wait doesn't sit out the long pause of a pool that nobody needed. From any thread.
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
    boolean patient = now - engine.firstWaitsSince(now) < HURRY; // else one that hangs may be why
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

  /** What the end of a connect means is not known yet, and until then nothing more is begun. */
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
   * A connect took so long, whatever has become of it since. What the one took that has found the
   * server, or woken it, says nothing of the next.
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
        // After an outage, and there may be other pools: not all of them at once.
        holdBack(now + Growth.breath(took, random.getAsDouble()));
      }
    }
    // Where there was one place of a full server there needn't be two.
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

  /** A connect has failed, for the so manieth time in a row. */
  void failed(Verdict means, int inARow, long now) {
    allowance = 1;
    double drawn = random.getAsDouble();
    notBefore = now + pauseAfter(means, inARow, false, drawn);
    watchFrom = now + pauseAfter(means, inARow, true, drawn);
    if (means == Verdict.OUT_OF_SLOTS) {
      inVainBefore = engine.inVain(); // whoever leaves in vain from now on
      full.refused(begun, now);
    } else {
      full.hasRoom(now);
    }
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

  /** What has failed before holds nothing back, nor what hangs. */
  void anew(long now) {
    holdBack(now);
    unspared = true;
  }

  /** After an outage, or a sleep, connections come back one, two, four at a time. */
  void slowStart() {
    allowance = 1;
  }
}
