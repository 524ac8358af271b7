package io.everpool.core.engine;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import org.jetbrains.lincheck.datastructures.ManagedStrategyGuarantee;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Test;

/**
 * Lincheck runs the real slots, queue and hand-over through interleavings of acquire, wake-up, time
 * out (or interrupt: the engine knows no difference), release, retire, doom, probe, evict,
 * rejectAll and close. The laws are in {@link EngineModel}; the results of the calls themselves are
 * not compared with a sequential order, for which connection one gets is free.
 *
 * <p>Two searches: scenarios that Lincheck draws, and those that {@link RacesModelTest} gives it.
 *
 * <p>{@code -Deverpool.lincheck=N} multiplies the length of the search, {@code -Dtests.sample=N}
 * divides it.
 */
class EngineModelTest {
  private static final int LENGTH = Integer.getInteger("everpool.lincheck", 1);
  private static final int SAMPLE = Integer.getInteger("tests.sample", 1);

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

  /** The queue is sent away, though the pool goes on. */
  public static final class Rejected extends EngineModel {
    public Rejected() {
      super(1, () -> 0);
    }

    @Operation
    public void rejectingAll() {
      rejectAll();
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
    public void rejectingAll() {
      rejectAll();
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

  /** Time goes on by so little that a return beside a waiter is a hand-over every second time. */
  public static final class ByTurns extends EngineModel {
    public ByTurns() {
      super(2, new Leaping(Engine.LONGEST_GAP * 3 / 4));
    }

    @Validate
    public void nobodyIsForgotten() {
      settle();
    }
  }

  /** Who waits in the queue, and whether whoever looks there finds him. */
  public static final class Queue {
    private final WaitQueue queue = new WaitQueue();
    private final Waiter.Handed lease = new Waiter.Handed(new Slot(0), 1);
    private final Waiter waiter =
        new Waiter(0) {
          @Override
          protected void wake() {}
        };
    private volatile boolean unseen;

    public Queue() {
      queue.join(waiter, 1);
    }

    @Operation
    public void handing() {
      queue.hand(lease);
    }

    @Operation
    public void looking() {
      unseen |= queue.first() != waiter && waiter.waits();
    }

    @Validate
    public void whoWaitsIsSeen() {
      if (unseen) {
        throw new IllegalStateException("somebody waits whom the queue doesn't show");
      }
    }
  }

  private static final class Leaping implements TimeSource {
    private final long leap;
    private volatile long now;

    Leaping() {
      this(1_000_000);
    }

    Leaping(long leap) {
      this.leap = leap;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // lost leaps do no harm
    public long nanoTime() {
      return now += leap;
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
        .iterations(Math.max(1, scenarios * LENGTH / SAMPLE));
  }

  /** A walk down the stack touches nothing, and looks to Lincheck as if it hung. */
  private static ManagedStrategyGuarantee stackRoom() {
    return forClasses(StackRoom.class.getName()).allMethods().ignore();
  }

  static void check(Class<?> model, ModelCheckingOptions options, int interleavings) {
    options
        .addGuarantee(stackRoom())
        .invocationsPerIteration(interleavings * LENGTH / SAMPLE)
        .verifier(EpsilonVerifier.class)
        .check(model);
  }
}
