package io.everpool.core.upkeep;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.IntConsumer;

/** Slots that have been moved though they may have been at rest: a bit for each. */
final class StirredSlots {
  private final AtomicLongArray bits;

  StirredSlots(int slots) {
    bits = new AtomicLongArray((slots + Long.SIZE - 1) / Long.SIZE);
  }

  /** Called from any thread, after the move. Writes nothing if the bit is set already. */
  void add(int slot) {
    int place = slot / Long.SIZE;
    long bit = 1L << slot;
    long before;
    do {
      before = bits.get(place);
    } while ((before & bit) == 0 && !bits.compareAndSet(place, before, before | bit));
  }

  boolean isEmpty() {
    for (int place = 0; place < bits.length(); place++) {
      if (bits.get(place) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Passes each one on, and forgets it. Upkeep thread only. */
  void drainTo(IntConsumer slots) {
    for (int place = 0; place < bits.length(); place++) {
      if (bits.get(place) != 0) {
        for (long some = bits.getAndSet(place, 0); some != 0; some &= some - 1) {
          slots.accept(place * Long.SIZE + Long.numberOfTrailingZeros(some));
        }
      }
    }
  }
}
