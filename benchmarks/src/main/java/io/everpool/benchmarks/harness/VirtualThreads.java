package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.lang.reflect.Method;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Ten thousand virtual threads on twenty connections, with a fixed amount of work that all begin at
 * once.
 */
final class VirtualThreads extends Regime {

  private static final int SIZE = 20;
  private static final long HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  VirtualThreads() {
    super("virtual", "10,000 virtual threads on 20 connections, held for 1 ms parked");
  }

  @Override
  public int release() {
    return 21;
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Settings settings = Settings.of(new StubDatabase(), SIZE);
    int cycles = surroundings.pace().cycles();
    try (Contender.Open pool =
        contender.open(settings.withAcquireTimeout(Duration.ofSeconds(60)))) {
      int threads = surroundings.pace().virtualThreads();
      run(pool, threads, 1); // this warms up
      return run(pool, threads, cycles);
    }
  }

  private static Figures run(Contender.Open pool, int threads, int cycles) throws Exception {
    Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch ready = new CountDownLatch(threads);
    CountDownLatch finished = new CountDownLatch(threads);
    Histogram waits = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(2), 3);
    LongAdder held = new LongAdder();
    LongAdder failed = new LongAdder();
    AtomicLong last = new AtomicLong();
    Runnable life =
        () -> {
          ready.countDown();
          try {
            gate.await();
            for (int i = 0; i < cycles; i++) {
              held.add(lease(pool, waits));
            }
          } catch (SQLException | InterruptedException e) {
            failed.increment();
          }
          last.accumulateAndGet(System.nanoTime(), Math::max);
          finished.countDown();
        };
    for (int i = 0; i < threads; i++) {
      start.invoke(null, life);
    }
    ready.await();
    long begin = System.nanoTime();
    gate.countDown();
    finished.await();
    return new Figures()
        .withWaits(waits)
        .with(Figures.TOTAL_MS, (last.get() - begin) / 1e6)
        .with(Figures.IDEAL_TOTAL_MS, held.sum() / 1e6 / SIZE)
        .with(Figures.HELD, (double) held.sum() / SIZE / (last.get() - begin))
        .with(Figures.FAILED, (double) failed.sum());
  }

  /** Leases a connection once; returns how long it was held, in nanoseconds. */
  private static long lease(Contender.Open pool, Histogram waits) throws SQLException {
    long asked = System.nanoTime();
    try (Connection connection = pool.take()) {
      long got = System.nanoTime();
      waits.recordValue(got - asked);
      Hold.parked(HOLD_NANOS).with(connection);
      return System.nanoTime() - got;
    }
  }
}
