package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;

/**
 * Fifty requests at the same moment on a pool of 5 to 20 connections whose connects take 150 ms:
 * the five connections that are there finish all requests in 20 ms, long before a sixth could help.
 */
final class Spike extends Regime {

  private static final int REQUESTS = 50;
  private static final int MIN = 5;
  private static final int MAX = 20;
  private static final long HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  Spike() {
    super("spike", "50 requests at once, pool of 5 to 20, connect 150 ms, held for 2 ms parked");
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    int spikes = surroundings.pace().spikes();
    Histogram waits = new ConcurrentHistogram(TimeUnit.MINUTES.toNanos(2), 3);
    Figures[] each = new Figures[spikes];
    Duration connect = surroundings.pace().connect();
    one(contender, connect, Crowd.newHistogram()); // this warms up
    for (int i = 0; i < spikes; i++) {
      each[i] = one(contender, connect, waits);
    }
    Figures all = new Figures().withWaits(waits);
    for (String key : new String[] {Figures.TOTAL_MS, Figures.IDEAL_TOTAL_MS}) {
      all.with(
          key, Arrays.stream(each).mapToDouble(one -> one.get(key)).sorted().toArray()[spikes / 2]);
    }
    for (String key : new String[] {Figures.OPENED, Figures.UNNEEDED}) {
      all.with(key, Arrays.stream(each).mapToDouble(one -> one.get(key)).max().orElseThrow());
    }
    return all;
  }

  private static Figures one(Contender contender, Duration connect, Histogram waits)
      throws Exception {
    StubDatabase database = new StubDatabase();
    try (Contender.Open pool = contender.open(Settings.of(database, MIN, MAX))) {
      settle(database, MIN, connect);
      int before = database.opened();
      database.connectDelay(connect);
      CountDownLatch ready = new CountDownLatch(REQUESTS);
      CountDownLatch gate = new CountDownLatch(1);
      AtomicLong last = new AtomicLong(Long.MIN_VALUE);
      LongAdder held = new LongAdder();
      Crew crew =
          Crew.start(
              REQUESTS,
              thread -> {
                ready.countDown();
                gate.await();
                long asked = System.nanoTime();
                try (Connection connection = pool.take()) {
                  long got = System.nanoTime();
                  waits.recordValue(got - asked);
                  connection.prepareStatement("select 1").close();
                  Hold.park(HOLD_NANOS);
                  held.add(System.nanoTime() - got);
                }
                last.accumulateAndGet(System.nanoTime(), Math::max);
              });
      ready.await();
      long begin = System.nanoTime();
      gate.countDown();
      crew.join();
      settle(database, before, connect.multipliedBy(2));
      return new Figures()
          .with(Figures.TOTAL_MS, (last.get() - begin) / 1e6)
          .with(Figures.IDEAL_TOTAL_MS, held.sum() / 1e6 / MIN)
          .with(Figures.OPENED, database.opened() - before)
          .with(Figures.UNNEEDED, (double) database.unusedAfter(before));
    }
  }

  /** Waits until there are as many connections and none was opened for a while. */
  private static void settle(StubDatabase database, int atLeast, Duration still)
      throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    int seen = -1;
    long since = System.nanoTime();
    while (seen < atLeast || System.nanoTime() - since < still.toNanos()) {
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException("the pool has " + seen + " of " + atLeast + " connections");
      }
      int now = database.opened();
      if (now != seen) {
        seen = now;
        since = System.nanoTime();
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }
}
