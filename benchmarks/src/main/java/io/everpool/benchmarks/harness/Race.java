package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.contenders.Settings;
import io.everpool.benchmarks.stub.StubDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;
import org.openjdk.jmh.infra.Blackhole;

/**
 * Two threads share one connection: one gives it back while the other asks for it. An acquire that
 * takes {@link #LOST_NANOS} or longer has slept beside an idle connection: its wake-up was lost.
 */
final class Race extends Regime {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);
  private static final long LOST_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final int SPREAD = 400;

  Race() {
    super("race", "release against acquire on a pool of one");
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Settings settings = Settings.of(new StubDatabase(), 1).withAcquireTimeout(TIMEOUT);
    try (Contender.Open pool = contender.open(settings)) {
      return new Course(pool, surroundings).run();
    }
  }

  /**
   * The trials of one pool. In trial n the thread n % 2 has the connection and the other one wants
   * it.
   */
  private static final class Course {
    private final Contender.Open pool;
    private final Pace pace;
    private final long seed;
    private final AtomicLong[] arrived = {new AtomicLong(), new AtomicLong()};
    private final Histogram waits = Crowd.newHistogram();
    private volatile Connection connection;
    private volatile boolean over;
    private volatile boolean ended;
    private long lost;
    private long trials;

    Course(Contender.Open pool, Surroundings surroundings) throws SQLException {
      this.pool = pool;
      pace = surroundings.pace();
      seed = surroundings.seed();
      connection = pool.take();
    }

    Figures run() throws Exception {
      Crew.run(
          2,
          thread -> {
            try {
              thread(thread);
            } finally {
              ended = true;
            }
          });
      connection.close();
      return new Figures()
          .withWaits(waits)
          .with(Figures.TRIALS, (double) trials)
          .with(Figures.LOST, (double) lost);
    }

    private void thread(int self) throws SQLException {
      Random random = new Random(2L * seed + self);
      long end = System.nanoTime() + pace.raceLimitNanos();
      for (int trial = 0; trial < pace.races() && !over && !ended; trial++) {
        meet(self, 2L * trial + 1);
        Blackhole.consumeCPU(random.nextInt(SPREAD));
        if (trial % 2 == self) {
          connection.close();
        } else {
          acquire();
          trials = trial + 1L;
          over = System.nanoTime() > end;
        }
        meet(self, 2L * trial + 2);
      }
    }

    /**
     * Acquires. Only the thread that acquires writes these fields; the next meeting publishes them.
     */
    private void acquire() throws SQLException {
      long asked = System.nanoTime();
      Connection mine = null;
      while (mine == null) {
        try {
          mine = pool.take();
        } catch (SQLException timedOut) {
          if (System.nanoTime() - asked > TIMEOUT.multipliedBy(5).toNanos()) {
            throw timedOut;
          }
        }
      }
      long took = System.nanoTime() - asked;
      waits.recordValue(took);
      if (took >= LOST_NANOS) {
        lost++;
      }
      connection = mine;
    }

    /**
     * Waits for the other thread. It spins, but not for long, because there may be only one
     * processor.
     */
    @SuppressWarnings("ThreadPriorityCheck") // both threads must go on; nothing depends on the hint
    private void meet(int self, long point) {
      arrived[self].set(point);
      for (int spins = 0; arrived[1 - self].get() < point && !ended; spins++) {
        if (spins < 2_000) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
    }
  }
}
