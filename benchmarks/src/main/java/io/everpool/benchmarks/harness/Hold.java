package io.everpool.benchmarks.harness;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jmh.infra.Blackhole;

/** What a thread does with its connection. */
@FunctionalInterface
interface Hold {

  void with(Connection connection) throws SQLException;

  /** Waits for the database, so to speak: parks, never shorter, whatever unparks the thread. */
  static Hold parked(long nanos) {
    return connection -> park(nanos);
  }

  /** Burns processor time; a thread that is preempted doesn't get away with less. */
  static Hold spinning(long tokens) {
    return connection -> Blackhole.consumeCPU(tokens);
  }

  static void park(long nanos) {
    long until = System.nanoTime() + nanos;
    for (long left = nanos; left > 0; left = until - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  /**
   * How long ten threads that park for 1 ms at the same time really do; the median, lest a
   * neighbour on the machine counts.
   */
  static long parkNanos() throws Exception {
    int threads = 10;
    int times = 200;
    long[] took = new long[threads * times];
    Crew.run(
        threads,
        thread -> {
          for (int i = 0; i < times; i++) {
            long begin = System.nanoTime();
            park(TimeUnit.MILLISECONDS.toNanos(1));
            took[thread * times + i] = System.nanoTime() - begin;
          }
        });
    Arrays.sort(took);
    return took[took.length / 2];
  }

  /** The tokens that take 2 us; of several measurements the least disturbed. */
  static long spinTokens() {
    long probe = 1_000;
    int times = 2_000;
    double best = Double.MAX_VALUE;
    for (int round = 0; round < 40; round++) {
      long begin = System.nanoTime();
      for (int i = 0; i < times; i++) {
        Blackhole.consumeCPU(probe);
      }
      best = Math.min(best, (double) (System.nanoTime() - begin) / times / probe);
    }
    return Math.round(2_000 / best);
  }
}
