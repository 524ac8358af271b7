package io.everpool.benchmarks.harness;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;

/**
 * Threads that lease, hold and release over and over. All are measured in the same window of time.
 *
 * <p>JMH measures each thread in a window of its own and adds up the results; a thread that got
 * nothing until the others had gone then counts with the time in which it had the pool for itself.
 * Here a thread that got nothing counts as nothing, and a wait that is still going on when the
 * window ends counts with the time that it has lasted.
 */
final class Crowd {

  /** The source from which connections come and to which they go back. */
  interface Lender {

    Connection take() throws SQLException;

    void give(Connection connection) throws SQLException;
  }

  /** Says when a thread wants its next connection. */
  @FunctionalInterface
  interface Arrivals {

    /** Each thread wants its next connection at once. */
    Arrivals CLOSED_LOOP = (thread, begin, now) -> now;

    /**
     * Returns when the thread's time has come, with the time that it is then. All times are counted
     * from {@code begin}, when all threads began.
     */
    long next(int thread, long begin, long now);
  }

  /**
   * The time in which is measured.
   *
   * @param warmUpNanos how long the threads run before that, in nanoseconds
   * @param windowNanos how long is measured, in nanoseconds
   */
  record Span(long warmUpNanos, long windowNanos) {}

  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  /** How long after the window a thread may still wait, before its waiting counts as forgotten. */
  private static final Duration GRACE = Duration.ofSeconds(2);

  /**
   * From so many threads on the histograms are kept to two digits: three would take more than the
   * heap.
   */
  private static final int MANY = 500;

  private final Lender lender;
  private final Arrivals arrivals;
  private final Hold hold;
  private final Tally[] tallies;
  private final int digits;
  private final Span span;
  private final CountDownLatch ready;
  private final CountDownLatch gate = new CountDownLatch(1);
  // These are written before the gate opens.
  private long begin;
  private long start;
  private long end;

  private Crowd(int threads, Lender lender, Arrivals arrivals, Hold hold, Span span) {
    this.lender = lender;
    this.arrivals = arrivals;
    this.hold = hold;
    this.span = span;
    this.digits = threads > MANY ? 2 : 3;
    tallies = Stream.generate(Tally::new).limit(threads).toArray(Tally[]::new);
    ready = new CountDownLatch(threads);
  }

  /** Lets the threads run on a pool of so many connections, and measures them. */
  static Figures measure(
      int threads, int connections, Lender lender, Arrivals arrivals, Hold hold, Span span)
      throws Exception {
    return new Crowd(threads, lender, arrivals, hold, span).run(connections);
  }

  /**
   * How many leases per second the processors can do with one thread each, if nobody has to be
   * asked for a connection.
   */
  static double limit(Connection connection, Hold hold, Pace pace) throws Exception {
    int processors = Runtime.getRuntime().availableProcessors();
    long length = pace.span(1).windowNanos() / 5;
    Lender nobody = Lenders.sharing(connection);
    return measure(
            processors, processors, nobody, Arrivals.CLOSED_LOOP, hold, new Span(length, length))
        .get(Figures.PER_SECOND);
  }

  private Figures run(int connections) throws Exception {
    Crew crew = Crew.start(tallies.length, this::live);
    ready.await();
    // This makes the histograms old objects: a later collection would need longer to copy them than
    // the longest wait takes.
    System.gc();
    begin = System.nanoTime();
    start = begin + span.warmUpNanos();
    end = start + span.windowNanos();
    gate.countDown();
    sleepUntil(start);
    long cpuBefore = SYSTEM.getProcessCpuTime();
    long before = System.nanoTime();
    sleepUntil(end);
    double cpuShare =
        (double) (SYSTEM.getProcessCpuTime() - cpuBefore) / (System.nanoTime() - before);
    crew.join(GRACE);
    return figures(connections, cpuShare);
  }

  private void live(int thread) throws SQLException, InterruptedException {
    try {
      // One lease comes beforehand, so that no window is spent on the opening of connections.
      Connection first = lender.take();
      hold.with(first);
      lender.give(first);
    } finally {
      ready.countDown();
    }
    gate.await();
    Tally tally = tallies[thread];
    long now = System.nanoTime();
    while (now < end) {
      long asked = arrivals.next(thread, begin, now);
      if (asked >= end) {
        return;
      }
      Connection connection;
      try {
        connection = lender.take();
      } catch (SQLException e) {
        now = System.nanoTime();
        tally.failed(asked, now);
        continue;
      }
      long got = System.nanoTime();
      hold.with(connection);
      long done = System.nanoTime();
      lender.give(connection);
      now = System.nanoTime();
      tally.lease(asked, got, done, now);
    }
  }

  private Figures figures(int connections, double cpuShare) {
    Histogram waits = newHistogram();
    Histogram releases = newHistogram();
    Histogram timesInPool = newHistogram();
    long[] counts = new long[tallies.length];
    long held = 0;
    long holds = 0;
    long leases = 0;
    long failures = 0;
    for (int i = 0; i < counts.length; i++) {
      Tally tally = tallies[i];
      waits.add(tally.waits);
      releases.add(tally.releases);
      timesInPool.add(tally.timesInPool);
      counts[i] = tally.leases;
      leases += tally.leases;
      held += tally.held;
      holds += tally.holds;
      failures += tally.failures;
    }
    double window = end - start;
    return new Figures()
        .withWaits(waits)
        .withTimesInPool(timesInPool)
        .with(Figures.JAIN, Figures.jain(counts))
        .with(Figures.HELD, held / (window * connections))
        .with(Figures.PER_SECOND, leases * 1e9 / window)
        .with(Figures.HOLD_MS, holds / 1e6 / leases)
        .with(Figures.RELEASE_US, releases.getMean() / 1e3)
        .with(Figures.CPU_US, cpuShare * window / 1e3 / leases)
        .with(Figures.FAILED, (double) failures);
  }

  private static void sleepUntil(long nanoTime) throws InterruptedException {
    TimeUnit.NANOSECONDS.sleep(nanoTime - System.nanoTime());
  }

  static Histogram newHistogram() {
    return newHistogram(3);
  }

  private static Histogram newHistogram(int digits) {
    return new Histogram(TimeUnit.MINUTES.toNanos(2), digits);
  }

  /** What one thread has seen within the window. */
  private final class Tally {
    private final Histogram waits = newHistogram(digits);
    private final Histogram releases = newHistogram(digits);
    private final Histogram timesInPool = newHistogram(digits);
    private long leases;
    private long held;
    private long holds;
    private long failures;

    void lease(long asked, long got, long done, long released) {
      wait(asked, got);
      held += Math.max(0, Math.min(done, end) - Math.max(got, start));
      if (done >= start && done < end) {
        leases++;
        holds += done - got;
        releases.recordValue(released - done);
        timesInPool.recordValue(got - asked + released - done);
      }
    }

    void failed(long asked, long now) {
      wait(asked, now);
      if (now >= start && now < end) {
        failures++;
      }
    }

    private void wait(long asked, long got) {
      if (got >= start) {
        waits.recordValue(Math.min(got, end) - asked);
      }
    }
  }
}
