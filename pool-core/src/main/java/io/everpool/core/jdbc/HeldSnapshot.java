package io.everpool.core.jdbc;

import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import java.util.Arrays;

/** What was held at one moment; tells later whether any of it has come back since. Immutable. */
final class HeldSnapshot {
  private final Slot[] slots;
  private final long[] words;

  private HeldSnapshot(Slot[] slots, long[] words) {
    this.slots = slots;
    this.words = words;
  }

  /** What is held now. */
  static HeldSnapshot of(Engine engine) {
    Slot[] slots = engine.slots();
    return new HeldSnapshot(slots, Arrays.stream(slots).mapToLong(Slot::word).toArray());
  }

  /** Whether nothing has come back. */
  boolean isStill() {
    return isStillButFor(0);
  }

  /**
   * Whether nothing has come back, apart from slots that the given thread holds now.
   *
   * @param caller its id; 0 for none
   */
  boolean isStillButFor(long caller) {
    for (int i = 0; i < slots.length; i++) {
      boolean same = Slot.isOf(slots[i].word(), words[i]);
      if (!same && (caller == 0 || slots[i].holder() != caller)) {
        return false;
      }
    }
    return true;
  }
}
