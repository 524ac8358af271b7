package io.everpool.core.upkeep;

import io.everpool.core.engine.State;

/**
 * Between how many connections the pool keeps itself: as configured, until an operator says
 * otherwise. The row of slots stays as long as it is, so the pool can be made smaller, and large
 * again, but never larger than it was opened. Set on the upkeep thread; read by anyone.
 */
public final class Bounds {
  private final int slots;
  private volatile Sizes sizes;

  /** Both at once, so that nobody reads one of the old and one of the new. */
  private record Sizes(int min, int max) {}

  Bounds(int minSize, int maxSize) {
    this.slots = maxSize;
    this.sizes = new Sizes(minSize, maxSize);
  }

  void set(int minSize, int maxSize) {
    sizes = new Sizes(minSize, maxSize);
  }

  /** How many are kept. */
  public int minSize() {
    return sizes.min();
  }

  /** How many there may be. */
  public int maxSize() {
    return sizes.max();
  }

  /** How many more may be opened: the empty slots, as far as the maximum lets them be filled. */
  int room(SlotActivity activity) {
    int empty = activity.count(State.EMPTY);
    return Math.max(0, Math.min(empty, sizes.max() - (slots - empty)));
  }
}
