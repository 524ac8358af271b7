package io.everpool.console;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * How long callers of a pool have waited in each of the last seconds. Thread-safe; to add one is an
 * increment, but for the first of a second.
 */
final class Waits {

  /** So many seconds are kept. */
  static final int SECONDS = 300;

  private final LongSupplier millis;

  private final ReentrantLock lock = new ReentrantLock();

  /** The seconds that are over and had waits in them, the oldest first; guarded by the lock. */
  private final Deque<Point> past = new ArrayDeque<>();

  private volatile Second current;

  /**
   * What was in a second.
   *
   * @param second since 1970
   * @param count callers who had to wait, and got a connection
   * @param median how long half of them waited at most; nanoseconds, as the next two, to a
   *     sixteenth
   * @param p99 how long all but a hundredth of them did
   * @param most how long the one who waited longest did
   * @param inVain callers who waited and got none
   */
  record Point(long second, int count, long median, long p99, long most, int inVain) {}

  Waits(LongSupplier millis) {
    this.millis = millis;
    this.current = new Second(millis.getAsLong() / 1000);
  }

  void add(long nanos) {
    now().counts.incrementAndGet(Buckets.index(nanos));
  }

  void addInVain() {
    now().inVain.incrementAndGet();
  }

  /** Those of the seconds from this one on that are over and had waits in them. */
  List<Point> since(long second) {
    now();
    lock.lock();
    try {
      return past.stream().filter(point -> point.second() >= second).toList();
    } finally {
      lock.unlock();
    }
  }

  private Second now() {
    long second = millis.getAsLong() / 1000;
    Second seen = current;
    return seen.number == second ? seen : turnTo(second);
  }

  /** Whoever adds to a second that has just ended comes too late for it; nobody misses him. */
  private Second turnTo(long second) {
    lock.lock();
    try {
      if (current.number < second) {
        Point point = current.point();
        if (point.count() > 0 || point.inVain() > 0) {
          past.addLast(point);
        }
        current = new Second(second);
        while (!past.isEmpty() && past.getFirst().second() < second - SECONDS) {
          past.removeFirst();
        }
      }
      return current;
    } finally {
      lock.unlock();
    }
  }

  private static final class Second {
    final long number;
    final AtomicIntegerArray counts = new AtomicIntegerArray(Buckets.COUNT);
    final AtomicInteger inVain = new AtomicInteger();

    Second(long number) {
      this.number = number;
    }

    Point point() {
      int[] all = new int[Buckets.COUNT];
      int count = 0;
      for (int i = 0; i < all.length; i++) {
        all[i] = counts.get(i);
        count += all[i];
      }
      return new Point(
          number,
          count,
          Buckets.quantile(all, count, 0.5),
          Buckets.quantile(all, count, 0.99),
          Buckets.quantile(all, count, 1),
          inVain.get());
    }
  }
}
