package io.everpool.console;

/**
 * Counts durations by size. From a microsecond on each doubling has eight buckets, up to more than
 * an hour.
 */
final class Buckets {
  private static final int DOUBLINGS = 32;

  /** How many buckets there are. */
  static final int COUNT = DOUBLINGS * 8;

  private Buckets() {}

  /** The bucket to which a duration belongs. */
  static int index(long nanos) {
    long eighths = Math.max(8, nanos / 125); // in eighths of a microsecond
    int doubling = 60 - Long.numberOfLeadingZeros(eighths);
    return Math.min(COUNT - 1, doubling * 8 + (int) (eighths >> doubling) - 8);
  }

  /** The duration in the middle of a bucket, in nanoseconds. */
  static long nanos(int index) {
    int doubling = index / 8;
    long eighths = (8L + index % 8) << doubling;
    return (2 * eighths + (1L << doubling)) * 125 / 2;
  }

  /**
   * The smallest duration that this share of all durations doesn't exceed, in nanoseconds; 0 if
   * there are no durations.
   */
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
