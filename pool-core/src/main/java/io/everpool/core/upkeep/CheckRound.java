package io.everpool.core.upkeep;

import io.everpool.core.engine.Slot;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One round of health checks: the connections that were idle when it began, one after the other on
 * a worker, so that the others can be lent meanwhile and a large pool needs no thread for each. The
 * worker is that of all pools whose rounds begin in this moment. While an examination hangs, or
 * another pool's, another worker goes on with the rest.
 */
final class CheckRound {
  private static final String WHAT = "examining the idle connections";

  private final Probes probes;
  private final Workers workers;
  private final Slot[] slots;
  private final long[] words;

  /** The next to be examined, and how many have been or are, or were lent in between. */
  private final AtomicInteger next = new AtomicInteger();

  private final AtomicInteger begun = new AtomicInteger();

  /** How far it was when upkeep saw that it had got ahead or was helped on, and when. */
  private int seen = -1;

  private long seenAt;

  /**
   * A round that has not begun.
   *
   * @param words the slots' when they were seen idle
   */
  CheckRound(Probes probes, Workers workers, Slot[] slots, long[] words) {
    this.probes = probes;
    this.workers = workers;
    this.slots = slots;
    this.words = words;
  }

  /**
   * Gets another worker if it has been at a standstill for as long as passes are apart at the most;
   * they may be much closer. Returns whether it is through: what it has begun can then be seen in
   * the slots. Until then it may begin more at any time. Upkeep thread only.
   */
  boolean advance(long now) {
    int far = begun.get();
    if (far == slots.length) {
      return true;
    }
    if (far != seen) {
      seen = far;
      seenAt = now;
    } else if (now - seenAt >= Upkeep.PASS) {
      seenAt = now;
      workers.start(WHAT, this::run); // without a thread to be had the next time
    }
    return false;
  }

  /** Begins it, or has {@link #advance} find out that there is no thread for it. */
  boolean start() {
    return workers.startTogether(WHAT, this::run);
  }

  private void run() {
    for (int i; (i = next.getAndIncrement()) < slots.length; ) {
      long probing;
      try {
        probing = probes.reserve(slots[i], words[i]);
      } finally {
        begun.incrementAndGet();
      }
      if (probing != words[i]) {
        probes.examine(slots[i], probing, Probes.Extent.AS_CONFIGURED);
      }
    }
  }
}
