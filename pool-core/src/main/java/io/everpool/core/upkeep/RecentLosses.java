package io.everpool.core.upkeep;

import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.LossRate;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Notices that connections are lost again and again, and says what to do about it. Upkeep thread
 * only.
 */
final class RecentLosses {
  private static final Logger log = PoolEvents.log();

  private @Nullable ArrayDeque<Long> times; // null before the first: in most pools it stays so
  private long lostBefore;
  private long saidAt;

  RecentLosses(long now) {
    saidAt = now - LossRate.SILENCE;
  }

  /** Says it in the log, if it is time to. */
  void advise(PoolEvents events, long now) {
    if (frequent(events.lost(), now)) {
      log.warn(
          "Frequent reconnections (pool {}): connections were lost {} times within {} s. If it is"
              + " idle ones, something closes them: set idle-timeout and max-lifetime below the"
              + " time-outs of the server, of poolers and of firewalls in between, and keep sleep"
              + " on for a database that suspends itself. Otherwise look into the server's log for"
              + " restarts, killed processes and terminated sessions",
          events.pool(),
          times(),
          LossRate.WINDOW / 1_000_000_000L);
    }
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
    ArrayDeque<Long> all = times == null ? new ArrayDeque<>() : times;
    times = all;
    while (!all.isEmpty() && now - all.peek() > LossRate.WINDOW) {
      all.remove();
    }
    if (all.isEmpty() || now - all.getLast() >= LossRate.ONE_CAUSE) {
      all.add(now);
    }
    if (!LossRate.frequent(all.size(), now - saidAt)) {
      return false;
    }
    saidAt = now;
    return true;
  }

  /** How often connections were lost within the window. */
  int times() {
    return times == null ? 0 : times.size();
  }
}
