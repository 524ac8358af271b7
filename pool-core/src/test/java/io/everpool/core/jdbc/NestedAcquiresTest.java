package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Asleep;
import io.everpool.core.upkeep.BoundsByHand;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.SharedState;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Holders that wait for one another; one thread plays them all, by their ids. */
class NestedAcquiresTest {
  private static final int SLOTS = 4;

  private long now = Long.MAX_VALUE;
  private final Logged logged = new Logged();
  private final PoolEvents events = new PoolEvents("nested", List.of());

  /** What happens when the engine looks at the clock, once. */
  private Runnable meanwhile = () -> {};

  private final SharedState shared =
      new SharedState(
          PoolConfig.builder("fake:").maxSize(SLOTS).build(),
          new FakeConnector(),
          failure -> Verdict.CONNECTION_LOST,
          new Environment(
              this::look,
              InstantSource.system(),
              new Asleep(),
              task -> {},
              task -> {},
              () -> 0.5,
              nanos -> {}),
          events);
  private final Engine engine = shared.engine();

  private final NestedAcquires nested =
      new NestedAcquires(shared, () -> now, events, new EmptySnapshots("nested"));

  private long look() {
    Runnable now = meanwhile;
    meanwhile = () -> {};
    now.run();
    return 0;
  }

  private static final class Caller extends Waiter {
    Caller() {
      super(0);
    }

    @Override
    protected void wake() {}
  }

  @AfterEach
  void stopLogging() {
    logged.close();
  }

  private void open(Slot slot) {
    slot.attempt(Move.RESERVE);
    slot.attempt(Move.ARRIVED);
    slot.entry =
        new Session(
            slot, slot.index + 1, new StubPhysical(), FakeLeaseManager.over(new FakeDriver()));
    engine.opened(slot, slot.word());
  }

  private void lendAll() {
    for (Slot slot : engine.slots()) {
      open(slot);
    }
    for (int holder = 1; holder <= SLOTS; holder++) {
      requireNonNull(engine.tryAcquire(holder));
    }
  }

  /** A thread asks, and is looked at as it begins to wait. */
  private Waiter await(long threadId) {
    Waiter waiter = new Caller();
    assertThat(engine.begin(waiter, threadId, 100)).isEqualTo(WaitResult.WAIT);
    nested.look(threadId);
    return waiter;
  }

  private List<String> deadlocks() {
    return logged.messages(Level.WARN).stream()
        .filter(line -> line.contains("(a deadlock)"))
        .toList();
  }

  @Test
  void when_all_holders_wait_they_are_entangled_until_one_comes_back() {
    lendAll();
    for (int holder = 1; holder < SLOTS; holder++) {
      await(holder);
    }
    assertThat(nested.isEntangled()).isFalse();
    Waiter last = await(SLOTS);
    assertThat(nested.isEntangled()).isTrue();
    assertThat(deadlocks()).hasSize(1);
    assertThat(engine.leave(last)).isTrue();
    assertThat(nested.isEntangled()).as("he may go on to give his back, or not").isTrue();
    Slot first = requireNonNull(engine.slots()[0]);
    engine.release(first, first.lease);
    assertThat(nested.isEntangled()).isFalse();
  }

  /** Then there are more holders than there may be connections, and it takes all of them. */
  @Test
  void in_a_pool_that_was_made_smaller_it_takes_all_holders() {
    lendAll();
    BoundsByHand.set(shared, 0, 2);
    await(1);
    await(2);
    assertThat(nested.isEntangled()).isFalse();
    assertThat(deadlocks()).isEmpty();
    await(3);
    await(4);
    assertThat(nested.isEntangled()).isTrue();
    assertThat(deadlocks()).hasSize(1);
  }

  /** He has given up and works on with what he has: the next one is not told of a deadlock. */
  @Test
  void whoever_begins_to_wait_sees_whether_that_is_so_still() {
    lendAll();
    await(1);
    await(2);
    await(3);
    Waiter fourth = await(4);
    assertThat(nested.isEntangled()).isTrue();
    engine.leave(fourth);
    await(5);
    assertThat(nested.isEntangled()).as("one of many who come at once doesn't look").isTrue();
    now += AcquireFailures.GOOD_FOR;
    await(6);
    assertThat(nested.isEntangled()).isFalse();
  }

  /** Who has been handed one, and has not woken up yet, waits for nothing. */
  @Test
  void one_who_has_only_just_got_his_does_not_wait() {
    lendAll();
    await(1);
    await(2);
    await(3);
    Waiter asking = new Caller();
    assertThat(engine.begin(asking, 5, 100)).isEqualTo(WaitResult.WAIT);
    Slot fourth = engine.slots()[3];
    assertThat(fourth.attempt(Move.HAND_OVER)).isTrue();
    nested.look(1);
    assertThat(nested.isEntangled()).isFalse();
    assertThat(deadlocks()).isEmpty();
  }

  /** The engine has taken it for whoever is first in line, and it is the next who gets it. */
  @Test
  void a_connection_that_is_only_on_offer_is_no_holders() {
    AtomicInteger tells = new AtomicInteger();
    SnapshotSource counting =
        new SnapshotSource() {
          @Override
          public PoolSnapshot withDeeds() {
            return withoutDeeds();
          }

          @Override
          public PoolSnapshot withoutDeeds() {
            tells.incrementAndGet();
            return PoolSnapshot.builder("nested").build();
          }

          @Override
          public @Nullable PoolSnapshot forCaller(PoolSnapshot seen) {
            return null;
          }
        };
    NestedAcquires watched = new NestedAcquires(shared, () -> now, events, counting);
    for (int i = 0; i < SLOTS - 1; i++) {
      open(engine.slots()[i]);
      requireNonNull(engine.tryAcquire(i + 1));
    }
    Waiter first = new Caller();
    assertThat(engine.begin(first, 9, 100)).isEqualTo(WaitResult.WAIT);
    meanwhile =
        () -> {
          assertThat(engine.begin(new Caller(), 1, 100)).isEqualTo(WaitResult.WAIT);
          watched.look(1);
        };
    open(engine.slots()[SLOTS - 1]);
    assertThat(tells).as("told that all are held").hasValue(0);
    watched.look(1);
    assertThat(tells).as("now they are").hasValue(1);
  }
}
