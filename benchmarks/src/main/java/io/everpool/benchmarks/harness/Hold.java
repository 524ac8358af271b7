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

  /**
   * Waits as if for the database: parks, and never for a shorter time, whatever unparks the thread.
   */
  static Hold parked(long nanos) {
    return connection -> park(nanos);
  }

  /** Burns processor time. A thread that is preempted still has to burn all of it. */
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
   * How long ten threads that park for 1 ms at the same time really park. It is the median, so that
   * a neighbour on the machine doesn't matter.
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

  /** How many tokens take 2 us; of several measurements the one counts that was disturbed least. */
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
