package io.everpool.core.upkeep;

import io.everpool.core.engine.State;

/**
 * How many connections the pool keeps at least and at most: as configured, until an operator sets
 * other numbers, and none while he has suspended the pool. The number of slots never changes, so
 * the pool can be made smaller and large again, but never larger than it was opened. The upkeep
 * thread writes this, and any thread may read it.
 */
public final class Bounds {
  private final int slots;
  private volatile Sizes sizes;

  /** All three are replaced at once, so that nobody reads some old and some new ones. */
  private record Sizes(int min, int max, boolean suspended) {}

  Bounds(int minSize, int maxSize) {
    this.slots = maxSize;
    this.sizes = new Sizes(minSize, maxSize, false);
  }

  /** Sets the numbers that hold from now on, or from when the pool is resumed. */
  void set(int minSize, int maxSize) {
    sizes = new Sizes(minSize, maxSize, sizes.suspended());
  }

  void suspend(boolean value) {
    sizes = new Sizes(sizes.min(), sizes.max(), value);
  }

  /** How many are kept while the pool isn't suspended. */
  public int minSize() {
    return sizes.min();
  }

  /** How many there may be while the pool isn't suspended. */
  public int maxSize() {
    return sizes.max();
  }

  /** Whether the pool is suspended, so that there are to be none. */
  public boolean suspended() {
    return sizes.suspended();
  }

  /** How many are kept now. */
  int least() {
    Sizes now = sizes;
    return now.suspended() ? 0 : now.min();
  }

  /** How many there may be now. */
  int most() {
    Sizes now = sizes;
    return now.suspended() ? 0 : now.max();
  }

  /** How many more may be opened: the empty slots, as far as the maximum lets them be filled. */
  int room(SlotActivity activity) {
    int empty = activity.count(State.EMPTY);
    return Math.max(0, Math.min(empty, most() - (slots - empty)));
  }
}
