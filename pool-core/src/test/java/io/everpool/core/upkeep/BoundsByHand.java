package io.everpool.core.upkeep;

/** Sets what upkeep would, for tests of other rooms. */
public final class BoundsByHand {

  private BoundsByHand() {}

  public static void set(SharedState shared, int minSize, int maxSize) {
    shared.bounds().set(minSize, maxSize);
  }

  public static void suspend(SharedState shared, boolean value) {
    shared.bounds().suspend(value);
  }
}
