package io.everpool.core.upkeep;

import io.everpool.core.engine.Slot;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One round of health checks. It examines the connections that were idle when it began, one after
 * the other on one worker: so the others can be lent meanwhile, and a large pool needs no thread
 * for each. All pools whose rounds begin in the same moment share that worker. If an examination
 * hangs, here or in another pool, {@link #advance} puts another worker on the rest.
 */
final class CheckRound {
  private static final String WHAT = "examining the idle connections";

  private final Probes probes;
  private final Workers workers;
  private final Slot[] slots;
  private final long[] words;

  /** The index of the next connection to examine; beyond the last when all were taken. */
  private final AtomicInteger next = new AtomicInteger();

  /** How many were taken so far: examined, being examined, or found lent. */
  private final AtomicInteger begun = new AtomicInteger();

  /**
   * The value of {@link #begun} at the last change that upkeep saw; {@link #seenAt} is the time of
   * that change, or of the last extra worker.
   */
  private int seen = -1;

  private long seenAt;

  /**
   * A round that has not begun.
   *
   * @param words the slots' words when they were seen idle
   */
  CheckRound(Probes probes, Workers workers, Slot[] slots, long[] words) {
    this.probes = probes;
    this.workers = workers;
    this.slots = slots;
    this.words = words;
  }

  /**
   * Starts another worker if the round has stood still for {@link Upkeep#PASS} (passes may come
   * sooner than that). Upkeep thread only.
   *
   * @return whether the round has taken every connection; their slots show which are still being
   *     examined
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
      workers.start(WHAT, this::run); // without a thread it is tried after another PASS
    }
    return false;
  }

  /** Starts the round; false if there is no thread, and then {@link #advance} starts it later. */
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
