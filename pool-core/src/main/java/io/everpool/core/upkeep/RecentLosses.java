package io.everpool.core.upkeep;

import io.everpool.core.policy.LossRate;
import java.util.ArrayDeque;

/** Notices that connections are lost again and again. Upkeep thread only. */
final class RecentLosses {
  private final ArrayDeque<Long> times = new ArrayDeque<>();
  private long lostBefore;
  private long saidAt;

  RecentLosses(long now) {
    saidAt = now - LossRate.SILENCE;
  }

  /**
   * Whether it is time to say that losses are frequent.
   *
   * @param lost connections lost since the pool was opened
   */
  boolean frequent(long lost, long now) {
    if (lost == lostBefore) {
      return false;
    }
    lostBefore = lost;
    while (!times.isEmpty() && now - times.peek() > LossRate.WINDOW) {
      times.remove();
    }
    if (times.isEmpty() || now - times.getLast() >= LossRate.ONE_CAUSE) {
      times.add(now);
    }
    if (!LossRate.frequent(times.size(), now - saidAt)) {
      return false;
    }
    saidAt = now;
    return true;
  }

  /** How often within the window. */
  int times() {
    return times.size();
  }
}
