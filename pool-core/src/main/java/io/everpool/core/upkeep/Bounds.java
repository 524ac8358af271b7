package io.everpool.core.upkeep;

import io.everpool.core.engine.State;

/**
 * Between how many connections the pool keeps itself: as configured, until an operator says
 * otherwise; none while he has suspended it. The row of slots stays as long as it is, so the pool
 * can be made smaller, and large again, but never larger than it was opened. Set on the upkeep
 * thread; read by anyone.
 */
public final class Bounds {
  private final int slots;
  private volatile Sizes sizes;

  /** All at once, so that nobody reads some of the old and some of the new. */
  private record Sizes(int min, int max, boolean suspended) {}

  Bounds(int minSize, int maxSize) {
    this.slots = maxSize;
    this.sizes = new Sizes(minSize, maxSize, false);
  }

  /** From now on there are between so many, or will be when the pool is resumed. */
  void set(int minSize, int maxSize) {
    sizes = new Sizes(minSize, maxSize, sizes.suspended());
  }

  void suspend(boolean value) {
    sizes = new Sizes(sizes.min(), sizes.max(), value);
  }

  /** How many are kept, but for a suspension. */
  public int minSize() {
    return sizes.min();
  }

  /** How many there may be, but for a suspension. */
  public int maxSize() {
    return sizes.max();
  }

  /** Whether there are to be none just now. */
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
