package io.everpool.console;

/** Durations by size, eight to each doubling from a microsecond on, up to more than an hour. */
final class Buckets {
  private static final int DOUBLINGS = 32;

  /** How many there are. */
  static final int COUNT = DOUBLINGS * 8;

  private Buckets() {}

  /** Where so many nanoseconds belong. */
  static int index(long nanos) {
    long eighths = Math.max(8, nanos / 125); // eighths of a microsecond
    int doubling = 60 - Long.numberOfLeadingZeros(eighths);
    return Math.min(COUNT - 1, doubling * 8 + (int) (eighths >> doubling) - 8);
  }

  /** The middle of what belongs there; nanoseconds. */
  static long nanos(int index) {
    int doubling = index / 8;
    long eighths = (8L + index % 8) << doubling;
    return (2 * eighths + (1L << doubling)) * 125 / 2;
  }

  /** The least that this share of the durations doesn't exceed; 0 where there are none. */
  static long quantile(int[] counts, int total, double share) {
    long rank = (long) Math.ceil(total * share);
    long seen = 0;
    for (int i = 0; i < counts.length && rank > 0; i++) {
      seen += counts[i];
      if (seen >= rank) {
        return nanos(i);
      }
    }
    return 0;
  }
}
