package io.everpool.core.sim;

import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.upkeep.Reachability;

/**
 * How a pool may open connections: one at a time while the server doesn't let it in, and 1, 2, 4
 * and so on when it does again. Its own books, kept from the pool's events alone.
 */
final class ConnectLaws {
  /** How long at the most upkeep has not heard of a connect's end; nanoseconds. */
  private static final long UNHEARD = 60_000;

  private final Slot[] slots;
  private final boolean[] connecting;
  private final Reachability server;
  private int ramp;
  private int lately;
  private long latest;
  private int fences;
  private boolean failing;
  private long refusedSince;
  private int refusals;

  ConnectLaws(Slot[] slots, Reachability server) {
    this.slots = slots;
    this.connecting = new boolean[slots.length];
    this.server = server;
    this.ramp = slots.length;
  }

  /** How often every connection was given up. */
  int fences() {
    return fences;
  }

  void hear(PoolEvent event, long now) {
    if (event instanceof PoolEvent.ConnectFailed failed) {
      startOver(now);
      count(failed.verdict(), now);
    } else if (event instanceof PoolEvent.Fenced) {
      startOver(now);
      fences++;
    } else if (event instanceof PoolEvent.ConnectionOpened) {
      lately = now - latest < UNHEARD ? lately + 1 : 1;
      latest = now;
      ramp = Math.min(slots.length, 2 * ramp);
      refusals = 0;
    }
  }

  /** Successes that upkeep has yet to hear of come after the failure, for it. */
  private void startOver(long now) {
    ramp = now - latest < UNHEARD ? Math.min(slots.length, 1 << lately) : 1;
  }

  private void count(Verdict verdict, long now) {
    if (verdict != Verdict.ACCESS_DENIED && verdict != Verdict.OUT_OF_SLOTS) {
      refusals = 0;
    } else if (refusals++ == 0) {
      refusedSince = now;
    }
  }

  /** Looks after a step; returns the law that was broken, or the empty text. */
  String broken(long now) {
    int inProgress = 0;
    boolean begun = false;
    for (int i = 0; i < slots.length; i++) {
      boolean connects = slots[i].state() == State.CONNECTING;
      inProgress += connects ? 1 : 0;
      begun |= connects && !connecting[i];
      connecting[i] = connects;
    }
    boolean failingBefore = failing;
    failing = server.lastFailure() != null;
    if (begun && failingBefore && failing && inProgress > 1) {
      return "more than one connect at a time while the server is away: " + inProgress;
    }
    if (begun && inProgress > ramp) {
      return inProgress + " connects at once where the ramp allows " + ramp;
    }
    // Those under way at the first refusal come as well; then half a second lies between two.
    if (refusals > 0 && refusals > slots.length + 1 + (now - refusedSince) / 500_000_000L) {
      return "a storm of connects on a server that refuses them";
    }
    return "";
  }
}
