package io.everpool.core.runtime;

import org.jspecify.annotations.Nullable;

/** Takes all the memory that there is, to the last object. For a process of its own. */
public final class FullHeap {
  private static Object @Nullable [] large;
  private static @Nullable Link small;

  private FullHeap() {}

  /** No object is smaller: 16 bytes. */
  private static final class Link {
    @SuppressWarnings("unused")
    private final @Nullable Link next;

    Link(@Nullable Link next) {
      this.next = next;
    }
  }

  public static void fill() {
    for (int size = 1 << 20; size > 0; size /= 2) {
      try {
        while (true) {
          large = new Object[] {large, new byte[size]};
        }
      } catch (OutOfMemoryError e) {
        // smaller ones
      }
    }
    try {
      while (true) {
        small = new Link(small);
      }
    } catch (OutOfMemoryError e) {
      // that was the last
    }
  }

  public static void free() {
    large = null;
    small = null;
  }
}
