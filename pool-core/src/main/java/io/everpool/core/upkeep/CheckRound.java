package io.everpool.core.upkeep;

import io.everpool.core.engine.Slot;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One round of health checks: the connections that were idle when it began, one after the other on
 * a worker, so that the others can be lent meanwhile and a large pool needs no thread for each.
 * While an examination hangs another worker goes on with the rest.
 */
final class CheckRound {
  private final Probes probes;
  private final Workers workers;
  private final Slot[] slots;
  private final long[] words;

  /** Whether the driver may learn of the database; one connection is enough. */
  private final AtomicBoolean refresh;

  /** The next to be examined, and how many have been or are, or were lent in between. */
  private final AtomicInteger next = new AtomicInteger();

  private final AtomicInteger begun = new AtomicInteger();

  /** How far it was when upkeep last saw it. */
  private int seen = -1;

  /**
   * A round that has not begun.
   *
   * @param words the slots' when they were seen idle
   */
  CheckRound(Probes probes, Workers workers, Slot[] slots, long[] words, boolean refresh) {
    this.probes = probes;
    this.workers = workers;
    this.slots = slots;
    this.words = words;
    this.refresh = new AtomicBoolean(refresh);
  }

  /**
   * Gets ahead, if it is at a standstill: once in a pass. Returns whether it is through, and what
   * it has begun can be seen in the slots. Upkeep thread only.
   */
  boolean advance() {
    int now = begun.get();
    if (now == slots.length) {
      return true;
    }
    boolean standstill = now == seen;
    seen = now;
    // No thread to be had says nothing of the connections: they are examined another time.
    return standstill && !start();
  }

  /** Begins it; false if there is no thread for it. */
  boolean start() {
    return workers.start("examining the idle connections", this::run);
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
        probes.examine(slots[i], probing, Probes.Extent.AS_CONFIGURED, refresh.getAndSet(false));
      }
    }
  }
}
