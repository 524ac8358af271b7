package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.SizeAdvice;
import io.everpool.core.advice.Advisor;
import io.everpool.core.advice.LeaseTrace;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What a pool of one size would have been like, said by another that has seen the load, against
 * that pool under the same load.
 */
class SizeAdviceTest {
  private static final long MS = 1_000_000;
  private static final int LEASES = 5_000;
  private static final int LARGE = 40;

  /** Kinds of load; each makes something of the order of four connections busy. */
  enum Load {
    /** Callers who know nothing of each other, and uses of all lengths. */
    POISSON {
      @Override
      long pause(RandomGenerator random, int i) {
        return exponential(random, 5 * MS);
      }

      @Override
      long use(RandomGenerator random, int i) {
        return exponential(random, 20 * MS);
      }
    },
    /** The same, and every use takes as long as the other. */
    EVEN {
      @Override
      long pause(RandomGenerator random, int i) {
        return exponential(random, 5 * MS);
      }

      @Override
      long use(RandomGenerator random, int i) {
        return 20 * MS;
      }
    },
    /** Ten within a millisecond. */
    BURSTS {
      @Override
      long pause(RandomGenerator random, int i) {
        return exponential(random, i % 10 == 0 ? 60 * MS : MS / 10);
      }

      @Override
      long use(RandomGenerator random, int i) {
        return exponential(random, 20 * MS);
      }
    },
    /** One in fifty takes a hundred times as long. */
    HEAVY_TAIL {
      @Override
      long pause(RandomGenerator random, int i) {
        return exponential(random, 5 * MS);
      }

      @Override
      long use(RandomGenerator random, int i) {
        return exponential(random, random.nextInt(50) == 0 ? 600 * MS : 6 * MS);
      }
    },
    /** A rush hour of five times as many callers, and calm around it. */
    RUSH {
      @Override
      long pause(RandomGenerator random, int i) {
        boolean rush = i > LEASES / 3 && i < 2 * LEASES / 3;
        return exponential(random, rush ? 4 * MS : 20 * MS);
      }

      @Override
      long use(RandomGenerator random, int i) {
        return exponential(random, 20 * MS);
      }
    };

    /** Until the next one asks; nanoseconds. */
    abstract long pause(RandomGenerator random, int i);

    abstract long use(RandomGenerator random, int i);

    private static long exponential(RandomGenerator random, long mean) {
      return (long) (random.nextExponential() * mean);
    }
  }

  private record Job(long at, long use) {}

  private static List<Job> jobs(Load load) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(42);
    List<Job> jobs = new ArrayList<>();
    long at = 10_000 * MS; // the pool has its minimum by then
    for (int i = 0; i < LEASES; i++) {
      at += load.pause(random, i);
      jobs.add(new Job(at, load.use(random, i)));
    }
    return jobs;
  }

  /** A pool of a fixed size, and what it was asked for. */
  private static final class Measured {
    private final Universe universe = new Universe(7);
    private final LeaseTrace trace = new LeaseTrace(universe.nanoTime());
    private final Engine engine;
    private final long[] waits = new long[LEASES];
    private int done;

    Measured(List<Job> jobs, int size) {
      universe.calm();
      FakeDatabase database = new FakeDatabase(universe);
      database.calm();
      UpkeepWithoutFaces upkeep =
          new UpkeepWithoutFaces(
              PoolConfig.builder("fake:").minSize(size).maxSize(size).build(),
              database,
              database::classify,
              universe.environment(),
              new PoolEvents("sim", List.of()));
      upkeep.start();
      engine = upkeep.engine();
      jobs.forEach(job -> universe.after(job.at, () -> new Caller(job).ask()));
      universe.run(jobs.get(LEASES - 1).at + 600_000 * MS, () -> {});
      assertThat(done).isEqualTo(LEASES);
      Arrays.sort(waits);
    }

    /** How long 99 of 100 waited at the most; nanoseconds. */
    long p99() {
      return waits[(int) Math.ceil(0.99 * LEASES) - 1];
    }

    SizeAdvice advice() {
      return Advisor.advise(trace, LARGE, universe.nanoTime(), Instant.EPOCH).orElseThrow();
    }

    private final class Caller extends Waiter {
      private final Job job;
      private final long asked;
      private boolean relook;
      private boolean served;

      Caller(Job job) {
        super(universe.nanoTime());
        this.job = job;
        this.asked = universe.nanoTime();
      }

      void ask() {
        Slot slot = engine.tryAcquire(job.at);
        if (slot == null) {
          handle(engine.begin(this, job.at, Integer.MAX_VALUE));
        } else {
          use(slot);
        }
      }

      @Override
      protected void wake() {
        universe.after(0, this::proceed);
      }

      private void proceed() {
        if (!served) {
          handle(relook ? engine.relook(this, job.at) : engine.step(this, job.at));
        }
      }

      private void handle(WaitResult result) {
        relook = result == WaitResult.RELOOK;
        switch (result) {
          case SERVED -> use(engine.take(this, job.at, universe.nanoTime()));
          case RELOOK -> universe.after(Engine.relookNanos(), this::proceed);
          case WAIT -> {}
          default -> throw new AssertionError(result);
        }
      }

      private void use(Slot slot) {
        served = true;
        long lease = slot.lease;
        long begun = universe.nanoTime();
        waits[done++] = begun - asked;
        universe.after(
            job.use,
            () -> {
              long ended = universe.nanoTime();
              engine.release(slot, lease);
              trace.add(asked, begun, ended);
            });
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void what_is_said_of_another_size_is_true_within_a_fifth(Load load) {
    List<Job> jobs = jobs(load);
    SizeAdvice advice = new Measured(jobs, LARGE).advice();
    assertThat(advice.size()).isBetween(5, LARGE - 1);
    assertThat(advice.forecasts()).hasSizeGreaterThanOrEqualTo(4);
    for (SizeAdvice.Forecast forecast : advice.forecasts()) {
      double truth = new Measured(jobs, forecast.size()).p99();
      assertThat((double) forecast.waitP99().toNanos())
          .as("%s with %d: %.1f ms in truth", load, forecast.size(), truth / MS)
          .isBetween(0.8 * truth - 0.1 * MS, 1.2 * truth + 0.1 * MS);
    }
  }

  /** Also by a pool that is too small, whose callers don't ask less often for that. */
  @ParameterizedTest
  @EnumSource
  void the_size_that_is_advised_is_about_the_same_by_a_pool_that_is_too_small(Load load) {
    List<Job> jobs = jobs(load);
    int size = new Measured(jobs, LARGE).advice().size();
    assertThat(new Measured(jobs, Math.max(5, size - 3)).advice().size())
        .as(load.name())
        .isBetween(size - 1, size + 1);
  }
}
