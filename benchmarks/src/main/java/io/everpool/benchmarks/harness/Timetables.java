package io.everpool.benchmarks.harness;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;

/** The times at which each thread wants a connection, in nanoseconds after the start. */
final class Timetables {

  private final long[][] times;

  private Timetables(long[][] times) {
    this.times = times;
  }

  /** Draws a Poisson process for each thread, of {@code length} nanoseconds. */
  static Timetables drawn(int threads, double meanGap, long length, long seed) {
    long[][] times = new long[threads][];
    for (int i = 0; i < threads; i++) {
      Random random = new Random(seed * 1_000 + i);
      LongStream.Builder own = LongStream.builder();
      for (double at = gap(random, meanGap); at < length; at += gap(random, meanGap)) {
        own.add((long) at);
      }
      times[i] = own.build().toArray();
    }
    return new Timetables(times);
  }

  private static double gap(Random random, double mean) {
    return -mean * Math.log(1 - random.nextDouble());
  }

  /** The arrivals for a crowd whose threads park until it is time. */
  Crowd.Arrivals arrivals() {
    int[] next = new int[times.length * 16]; // each thread has a cache line of its own
    return (thread, begin, now) -> {
      int at = next[thread * 16]++;
      if (at >= times[thread].length) {
        return Long.MAX_VALUE;
      }
      long due = begin + times[thread][at];
      if (due <= now) {
        return now;
      }
      Hold.park(due - now);
      return System.nanoTime();
    };
  }

  /**
   * The waits at a pool that costs nothing and serves in order, for the same timetables. This is a
   * simulation in which each thread asks when its time has come and its last lease is over.
   */
  Histogram idealWaits(int connections, long holdNanos, long warmUpNanos) {
    record Ask(int thread, int index, long at) {}
    PriorityQueue<Ask> asks = new PriorityQueue<>(Comparator.comparingLong(Ask::at));
    for (int i = 0; i < times.length; i++) {
      if (times[i].length > 0) {
        asks.add(new Ask(i, 0, times[i][0]));
      }
    }
    long[] free = new long[connections];
    Histogram waits = Crowd.newHistogram();
    for (Ask ask = asks.poll(); ask != null; ask = asks.poll()) {
      Arrays.sort(free);
      long got = Math.max(free[0], ask.at());
      free[0] = got + holdNanos;
      if (got >= warmUpNanos) {
        waits.recordValue(got - ask.at());
      }
      int after = ask.index() + 1;
      if (after < times[ask.thread()].length) {
        asks.add(
            new Ask(ask.thread(), after, Math.max(times[ask.thread()][after], got + holdNanos)));
      }
    }
    return waits;
  }
}
