package io.everpool.core.engine;

import java.util.Arrays;
import java.util.List;
import org.jetbrains.kotlinx.lincheck.Actor;
import org.jetbrains.kotlinx.lincheck.execution.ExecutionScenario;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jetbrains.lincheck.datastructures.Validate;
import org.jetbrains.lincheck.datastructures.verifier.EpsilonVerifier;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Lincheck runs the real slots, queue and hand-over through interleavings of acquire, wake-up, time
 * out (or interrupt: the engine knows no difference), release, retire, doom, probe, evict,
 * rejectAll and close. The laws are in {@link EngineModel}; the results of the calls themselves are
 * not compared with a sequential order, for which connection one gets is free.
 *
 * <p>Two searches: scenarios that Lincheck draws, and {@link Races the races} that {@link Engine}
 * argues, each in the fewest calls that can run into it. Each of these was seen to fail with one
 * queue taken out of the engine or the queue.
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
  public static final class Dismissed extends EngineModel {
    public Dismissed() {
      super(1, () -> 0);
    }

    @Operation
    public void dismissing() {
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
    public void dismissing() {
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

  /** The races that Engine argues; who comes first holds a connection, the others wait in order. */
  @Nested
  class Races {
    @Test
    void a_caller_joins_while_the_connection_is_published() {
      race(Published.class, List.of(next(1)), next(1), next(2));
    }

    @Test
    void the_first_leaves_while_it_is_told_of_a_published_connection() {
      race(Published.class, List.of(next(1), next(2), next(3)), next(1), giveUp(2));
    }

    @Test
    void a_caller_joins_while_the_connection_is_handed_over() {
      race(HandedOver.class, List.of(next(1)), next(1), next(2));
    }

    @Test
    void the_first_leaves_while_the_connection_is_handed_to_it() {
      race(HandedOver.class, List.of(next(1), next(2), next(3)), next(1), giveUp(2));
    }

    @Test
    void who_is_told_of_one_connection_is_handed_another() {
      race(ByTurns.class, List.of(next(1), next(2), next(3), next(4)), next(1), next(2));
    }

    @Test
    void a_caller_joins_while_the_connection_is_replaced() {
      race(WithFaults.class, List.of(next(1)), retiring(1), next(2));
    }

    @Test
    void the_connection_is_doomed_while_it_is_handed_over() {
      race(
          WithFaults.class, List.of(next(1), next(2)), next(1), actor(WithFaults.class, "dooming"));
    }

    /** Who is told of the connection is sent away, and who has joined since waits beside it. */
    @Test
    void the_first_is_sent_away_while_it_is_told_of_a_published_connection() {
      race(
          Dismissed.class,
          List.of(next(1), next(2)),
          List.of(next(1)),
          List.of(actor(Dismissed.class, "dismissing"), next(3)));
    }

    @Test
    void a_caller_joins_while_the_pool_closes() {
      race(UntilClosed.class, List.of(next(1)), next(2), closing());
    }

    @Test
    void the_connection_comes_back_while_the_pool_closes() {
      race(UntilClosed.class, List.of(next(1), next(2)), next(1), closing());
    }

    @Test
    void a_connection_is_opened_while_the_pool_closes() {
      race(UntilClosed.class, List.of(), actor(UntilClosed.class, "evicting"), closing());
    }

    /** Those who join behind him rely on that, and whoever publishes a connection. */
    @Test
    void somebody_looks_for_who_waits_while_a_connection_is_handed_to_him() {
      race(Queue.class, List.of(), actor(Queue.class, "handing"), actor(Queue.class, "looking"));
    }

    private static void race(Class<?> model, List<Actor> before, Actor one, Actor other) {
      race(model, before, List.of(one), List.of(other));
    }

    private static void race(
        Class<?> model, List<Actor> before, List<Actor> one, List<Actor> other) {
      ModelCheckingOptions options =
          new ModelCheckingOptions()
              .iterations(0)
              .addCustomScenario(
                  new ExecutionScenario(before, List.of(one, other), List.of(), null));
      check(model, options, 500);
    }

    private static Actor next(int thread) {
      return actor(EngineModel.class, "next", thread);
    }

    private static Actor giveUp(int thread) {
      return actor(EngineModel.class, "giveUp", thread);
    }

    private static Actor retiring(int thread) {
      return actor(WithFaults.class, "retiring", thread);
    }

    private static Actor closing() {
      return actor(UntilClosed.class, "closing");
    }

    private static Actor actor(Class<?> model, String operation, Object... arguments) {
      return Arrays.stream(model.getMethods())
          .filter(method -> method.getName().equals(operation))
          .map(method -> new Actor(method, List.of(arguments)))
          .findAny()
          .orElseThrow();
    }
  }

  private static ModelCheckingOptions options(int threads, int scenarios) {
    return new ModelCheckingOptions()
        .threads(threads)
        .actorsPerThread(3)
        .actorsAfter(1)
        .iterations(Math.max(1, scenarios * LENGTH / SAMPLE));
  }

  private static void check(Class<?> model, ModelCheckingOptions options, int interleavings) {
    options
        .invocationsPerIteration(interleavings * LENGTH / SAMPLE)
        .verifier(EpsilonVerifier.class)
        .check(model);
  }
}
