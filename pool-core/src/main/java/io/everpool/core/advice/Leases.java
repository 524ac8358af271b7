package io.everpool.core.advice;

import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.function.LongUnaryOperator;

/**
 * Leases in the order in which they were asked for; nanoseconds. How long they would have waited in
 * a pool of another size is worked out as a pool serves them: in order, each by the connection that
 * comes back first.
 *
 * @param asked when each was asked for, counted from some moment
 * @param waited how long each has waited, in the pool that they come from
 * @param held how long each has lasted
 */
@SuppressWarnings("ArrayRecordComponent") // nobody compares them, and nobody else has the arrays
record Leases(long[] asked, long[] waited, long[] held) {

  int count() {
    return asked.length;
  }

  /** How long each would have waited in a pool of so many connections; sorted. */
  long[] waits(int size) {
    PriorityQueue<Long> free = new PriorityQueue<>(size);
    long[] waits = new long[count()];
    for (int i = 0; i < waits.length; i++) {
      long from = asked[i];
      if (free.size() == size) {
        from = Math.max(from, free.remove());
      }
      waits[i] = from - asked[i];
      free.add(from + held[i]);
    }
    Arrays.sort(waits);
    return waits;
  }

  /** How many leases there were at the same time, at most. */
  int together() {
    return together(i -> asked[(int) i] + waited[(int) i]);
  }

  /** How many there would have been if nobody had had to wait. */
  int wanted() {
    return together(i -> asked[(int) i]);
  }

  private int together(LongUnaryOperator begun) {
    long[] begins = new long[count()];
    long[] ends = new long[count()];
    for (int i = 0; i < begins.length; i++) {
      begins[i] = begun.applyAsLong(i);
      ends[i] = begins[i] + held[i];
    }
    Arrays.sort(begins);
    Arrays.sort(ends);
    int most = 0;
    int ended = 0;
    for (int i = 0; i < begins.length; i++) {
      while (ends[ended] <= begins[i] && ended < i) {
        ended++;
      }
      most = Math.max(most, i + 1 - ended);
    }
    return most;
  }

  /**
   * The smallest of the sorted values that is at least as large as this many percent of all; 0 if
   * there are none.
   */
  static long percentile(long[] sorted, double percent) {
    int rank = (int) Math.ceil(percent / 100 * sorted.length);
    return sorted.length == 0 ? 0 : sorted[Math.max(0, rank - 1)];
  }
}
