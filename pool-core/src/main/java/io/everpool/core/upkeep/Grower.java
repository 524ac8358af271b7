package io.everpool.core.upkeep;

import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.policy.Growth;

/**
 * Decides how large the pool is: opens connections for those who wait and up to the minimum, and
 * has the leases keep to as few slots as they need, so that the others can idle out. Upkeep thread
 * only.
 */
final class Grower {

  /** After how long without need the leases keep to one slot fewer; nanoseconds. */
  private static final long NARROW_AFTER = 20 * Upkeep.PASS;

  private final Bounds bounds;
  private final Engine engine;
  private final Slot[] slots;
  private final SlotActivity activity;
  private final SleepSwitch sleep;
  private final Sleepers sleepers;
  private final ConnectPace pace;
  private final FullServer full;
  private final Reachability server;
  private final PrimarySearch search;
  private final Closer closer;
  private final Connects connects;
  private final Expiry expiry;
  private long narrowedAt;

  /** How many callers had gone without a connection at the last pass. */
  private int inVainSeen;

  /** How many had done so when a pass last saw to them. */
  private int inVainConsidered;

  Grower(SharedState shared, Connects connects, Expiry expiry, long now) {
    this.bounds = shared.bounds;
    this.engine = shared.engine;
    this.slots = engine.slots();
    this.activity = shared.activity;
    this.sleep = shared.sleep;
    this.sleepers = shared.sleepers;
    this.pace = shared.pace;
    this.full = shared.full;
    this.server = shared.server;
    this.search = shared.search;
    this.closer = shared.closer;
    this.connects = connects;
    this.expiry = expiry;
    this.narrowedAt = now;
  }

  /**
   * Whether a caller has gone without a connection since the last call of this; that he asked is
   * work like any other. A caller who can't wait, or may not, is gone before a pass sees him.
   */
  boolean wasAskedInVain() {
    int seen = engine.inVain();
    boolean news = seen != inVainSeen;
    inVainSeen = seen;
    return news;
  }

  /** Begins the connects that are wanted; returns when to look again, nanoseconds from now. */
  long grow(long now) {
    long pause = pace.pause(now);
    if (pause > 0 || server.isTakenAway()) { // otherwise a connect shows what becomes of them
      server.tellWaiters(now);
    }
    if (pause > 0) {
      boolean usedUp = bounds.room(activity) == 0;
      closer.full(usedUp);
      if (!usedUp && engine.waiting() > 0) {
        full.wonder(now);
      }
      return pause;
    }
    int waiting = engine.waiting(); // read before inVain(), which says why
    int inVain = engine.inVain();
    // One connect for all of them: callers who don't wait need a connection for a moment only.
    boolean wanted = waiting == 0 && inVain != inVainConsidered;
    Growth.Facts facts = facts(now, wanted ? 1 : waiting);
    int begin = Growth.connects(facts);
    if (begin > 0 && full.takeLastPlace()) {
      return grow(now); // this happens once: the server counts as full now
    }
    int begun = 0;
    for (int i = 0; i < slots.length && begun < begin; i++) {
      if (connects.begin(slots[i])) {
        begun++;
      } else if (pace.pause(now) > 0) {
        break; // there was no thread for it
      }
    }
    if (begun > 0 || (begin == 0 && sleepers.underExamination() == 0)) {
      inVainConsidered = inVain; // a connection is or will be there for the next, or can't be
    }
    if (waiting == 0
        && facts.connecting() == 0
        && Growth.wanted(facts) == 0
        && !search.isUnderWay()) {
      server.nobodyTries();
    }
    closer.full(facts.empty() - begun <= 0);
    return Growth.lookAgainIn(facts);
  }

  private Growth.Facts facts(long now, int waiting) {
    int minSize = sleep.asleep() ? 0 : bounds.least();
    int kept = activity.live() - expiry.overdue(); // the overdue go when they have substitutes
    boolean provesNothing =
        (expiry.wantsProof() || isInDoubt()) && activity.count(State.CONNECTING) == 0;
    // The time that they waited for a server that was away or asleep shows no lack of connections.
    long firstWaited = Math.min(now - engine.firstWaitsSince(now), pace.backFor(now));
    int answering = Growth.answersSoon(firstWaited) ? sleepers.underExamination() : 0;
    return new Growth.Facts(
        provesNothing ? Math.min(kept, minSize - 1) : kept,
        activity.count(State.IDLE) + answering + (waiting > 0 ? onOffer() : 0),
        activity.count(State.CONNECTING),
        bounds.room(activity),
        minSize,
        waiting,
        firstWaited,
        pace.takes(),
        pace.allowance(now));
  }

  /**
   * How many connections are about to be handed to whoever is first in line. The thread that does
   * it may have got no processor since it took them for that.
   */
  private int onOffer() {
    int count = 0;
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      count += slot.isOnOffer(activity.word(slot.index)) ? 1 : 0;
    }
    return count;
  }

  /**
   * Whether a connect has failed while the connections that are there are enough for all callers:
   * then nothing but another connect would show that the server is back. If no connection is left,
   * only callers who wait need to know, and connects are begun for them anyway. A sleeping pool
   * doesn't ask.
   */
  private boolean isInDoubt() {
    return server.failsAsAway() && activity.live() > 0 && !sleep.asleep();
  }

  /** Lets the far slots idle out once leases have not needed them for a while. */
  void narrow(long now) {
    long steps = (now - narrowedAt) / NARROW_AFTER;
    if (steps == 0) {
      return;
    }
    narrowedAt = now;
    int needed = 2 * activity.takePeak();
    if (needed < engine.width()) {
      engine.narrow((int) Math.max(Math.max(1, needed), engine.width() - steps));
    }
  }
}
