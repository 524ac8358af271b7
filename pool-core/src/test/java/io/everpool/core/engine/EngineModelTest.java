package io.everpool.core.engine;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * Lincheck runs the real slots, line and hand-over through interleavings of acquire, wake-up, time
 * out (or interrupt: the engine knows no difference), release, retire, doom, probe, evict and
 * close. The laws are in {@link EngineModel}; the results of the calls themselves are not compared
 * with a sequential order, for which connection one gets is free.
 *
 * <p>{@code -Deverpool.lincheck=N} multiplies the length of the search.
 */
class EngineModelTest {
  private static final int LENGTH = Integer.getInteger("everpool.lincheck", 1);

  /** Time stands still: no hold is long and no gap passes, so all is published and signalled. */
  public static final class Published extends EngineModel {
    public Published() {
      super(1, () -> 0);
    }

    @Validate
    public void nobodyIsForgotten() {
      settle();
    }
  }

  /** Time leaps: every return beside a waiter is a hand-over. */
  public static final class HandedOver extends EngineModel {
    public HandedOver() {
      super(1, new Leaping());
    }

    @Validate
    public void nobodyIsForgotten() {
      settle();
    }
  }

  /** Two connections, so that scans meet. */
  public static final class TwoSlots extends EngineModel {
    public TwoSlots() {
      super(2, () -> 0);
    }

    @Validate
    public void nobodyIsForgotten() {
      settle();
    }
  }

  /** Beside the comings and goings, a connection is replaced, doomed and examined. */
  @Param(name = "thread", gen = ThreadIdGen.class)
  public static final class WithFaults extends EngineModel {
    public WithFaults() {
      super(1, new Leaping());
    }

    @Operation
    public void retiring(@Param(name = "thread") int thread) {
      retire(thread);
    }

    @Operation
    public void dooming() {
      doom();
    }

    @Operation
    public void probing() {
      probe();
    }

    @Validate
    public void nobodyIsForgotten() {
      settle();
    }
  }

  /** The pool closes, and idle connections are evicted, in the midst of it. */
  public static final class UntilClosed extends EngineModel {
    public UntilClosed() {
      super(1, new Leaping());
    }

    @Operation
    public void evicting() {
      evict();
    }

    @Operation
    public void closing() {
      close();
    }

    @Validate
    public void nobodyIsForgotten() {
      settle();
    }
  }

  private static final class Leaping implements TimeSource {
    private volatile long now;

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // lost leaps do no harm
    public long nanoTime() {
      return now += 1_000_000;
    }
  }

  @Test
  void published_connections_reach_those_who_wait() {
    check(Published.class, options(2, 6).actorsBefore(2), 50);
  }

  @Test
  void handed_over_connections_have_one_holder() {
    check(HandedOver.class, options(3, 6).actorsBefore(2), 50);
  }

  @Test
  void nobody_is_forgotten_between_two_connections() {
    check(TwoSlots.class, options(3, 6).actorsBefore(2), 50);
  }

  @Test
  void faults_neither_lose_nor_double_a_connection() {
    check(WithFaults.class, options(3, 6).actorsBefore(2), 50);
  }

  /** One call each, for whatever comes after the pool has closed shows nothing. */
  @Test
  void a_closing_pool_tells_everyone_and_keeps_nothing() {
    check(UntilClosed.class, options(3, 25).actorsBefore(0).actorsPerThread(1), 80);
  }

  private static ModelCheckingOptions options(int threads, int scenarios) {
    return new ModelCheckingOptions()
        .threads(threads)
        .actorsPerThread(3)
        .actorsAfter(1)
        .iterations(scenarios * LENGTH);
  }

  private static void check(Class<?> model, ModelCheckingOptions options, int interleavings) {
    options
        .invocationsPerIteration(interleavings * LENGTH)
        .verifier(EpsilonVerifier.class)
        .check(model);
  }
}
