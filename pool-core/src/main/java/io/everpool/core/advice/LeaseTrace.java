package io.everpool.core.advice;

import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;

/**
 * The latest leases, and how much was in use in each minute of the last seven days. It takes half a
 * megabyte. Whoever gives a connection back writes here, from any thread and without a lock. An
 * entry that is read while it is written may mix two leases, which spoils one of thousands.
 */
public final class LeaseTrace {

  /** How many leases are kept. */
  static final int SIZE = 1 << 14;

  private static final int MASK = SIZE - 1;
  private static final int MINUTES = 7 * 24 * 60;
  private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

  private final long origin;
  private final AtomicLong next = new AtomicLong();
  private final AtomicLongArray asked = new AtomicLongArray(SIZE);
  private final AtomicLongArray waited = new AtomicLongArray(SIZE);
  private final AtomicLongArray held = new AtomicLongArray(SIZE);

  /** For each minute, the sum of the times of all connections in use; the minutes go round. */
  private final AtomicLongArray used = new AtomicLongArray(MINUTES);

  private final AtomicLong minute = new AtomicLong();

  /**
   * A trace that has seen nothing yet.
   *
   * @param now a reading of the clock that all later times come from
   */
  public LeaseTrace(long now) {
    origin = now;
  }

  /**
   * A lease is over.
   *
   * @param askedAt when it was asked for
   * @param begun when it began
   * @param ended now
   */
  public void add(long askedAt, long begun, long ended) {
    int at = (int) next.getAndIncrement() & MASK;
    asked.set(at, askedAt - origin);
    waited.set(at, begun - askedAt);
    held.set(at, ended - begun);
    use(begun - origin, ended - origin);
  }

  private void use(long from, long to) {
    long last = to / MINUTE;
    turnTo(last);
    long first = Math.max(Math.max(0, from / MINUTE), last - MINUTES + 1);
    for (long m = first; m <= last; m++) {
      long within = Math.min(to, (m + 1) * MINUTE) - Math.max(from, m * MINUTE);
      used.addAndGet((int) (m % MINUTES), within);
    }
  }

  /** Clears the minutes that have begun since. What was added to one just before that is lost. */
  private void turnTo(long now) {
    long before = minute.get();
    if (before < now && minute.compareAndSet(before, now)) {
      for (long m = Math.max(before + 1, now - MINUTES + 1); m <= now; m++) {
        used.set((int) (m % MINUTES), 0);
      }
    }
  }

  /** The leases that are kept, in the order in which they were asked for. */
  Leases leases() {
    int count = (int) Math.min(SIZE, next.get());
    // Read once, because the entries may change.
    long[] when = IntStream.range(0, count).mapToLong(asked::get).toArray();
    int[] order =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparingLong(i -> when[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    long[] sorted = when.clone();
    Arrays.sort(sorted);
    return new Leases(sorted, pick(waited, order), pick(held, order));
  }

  private static long[] pick(AtomicLongArray from, int[] order) {
    return Arrays.stream(order).mapToLong(from::get).toArray();
  }

  /**
   * The minute in which most was in use.
   *
   * @param now a reading of the clock
   */
  Busiest busiest(long now) {
    turnTo((now - origin) / MINUTE); // without this a busy hour that is long over would count
    long last = minute.get();
    long busiest = last;
    for (long m = Math.max(0, last - MINUTES + 1); m <= last; m++) {
      if (used.get((int) (m % MINUTES)) > used.get((int) (busiest % MINUTES))) {
        busiest = m;
      }
    }
    return new Busiest(
        now - origin - busiest * MINUTE, (double) used.get((int) (busiest % MINUTES)) / MINUTE);
  }

  /**
   * A minute.
   *
   * @param ago how long ago it began, nanoseconds
   * @param used how many connections were in use, on average
   */
  record Busiest(long ago, double used) {}
}
