package io.everpool.console;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * How long callers of a pool have waited in each of the last seconds. Thread-safe. To add a wait
 * takes one increment, except for the first wait of a second.
 */
final class Waits {

  /** How many seconds are kept. */
  static final int SECONDS = 300;

  private final LongSupplier millis;

  private final ReentrantLock lock = new ReentrantLock();

  /**
   * The seconds that are over and in which there were waits, the oldest first; guarded by the lock.
   */
  private final Deque<Point> past = new ArrayDeque<>();

  private volatile Second current;

  /**
   * The waits of one second.
   *
   * @param second the second, counted since 1970
   * @param count how many callers had to wait, and got a connection
   * @param median how long half of them waited at most; in nanoseconds, like the next two, and
   *     exact to a sixteenth
   * @param p99 how long ninety-nine of a hundred waited at most
   * @param most how long the one waited who waited longest
   * @param inVain how many callers waited and got no connection
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

  /** The seconds from this one on that are over and in which there were waits. */
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

  /**
   * Begins a new second. A thread that still adds to the second that has just ended comes too late,
   * and its wait is not counted; that is accepted.
   */
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
