package io.everpool.core;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.framework.PoolSlot;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.Waiter;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.StubPhysical;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Asleep;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.SharedState;
import java.lang.reflect.Method;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is read of slots while they move. */
class SnapshotsTest {
  /** What happens while a slot is read, once; in the midst of that the clock is looked at. */
  private Runnable meanwhile = () -> {};

  private long look() {
    Runnable now = meanwhile;
    meanwhile = () -> {};
    now.run();
    return 0;
  }

  private final PoolConfig config = PoolConfig.builder("fake:").maxSize(1).build();
  private final PoolEvents events = new PoolEvents("snapshots", List.of());
  private final SharedState shared =
      new SharedState(
          config,
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
  private final Snapshots snapshots = new Snapshots(config, shared, events, () -> PoolState.OPEN);

  private static final class Seat implements PooledEntry {
    @Override
    public long number() {
      return 3;
    }

    @Override
    public PhysicalConnection physical() {
      return new StubPhysical();
    }

    @Override
    public long queries() {
      return 0;
    }
  }

  private Slot lend(Thread to) {
    return requireNonNull(engine.tryAcquire(HolderThreads.id(to)));
  }

  private Slot open() {
    Slot slot = engine.slots()[0];
    slot.attempt(Move.RESERVE);
    slot.attempt(Move.ARRIVED);
    slot.entry = new Seat();
    engine.opened(slot, slot.word());
    return slot;
  }

  private PoolSlot seen() {
    return snapshots.slots().get(0);
  }

  /** He has not woken up; what is written in the slot is the one before. */
  @Test
  void one_who_was_handed_a_connection_is_not_called_by_his_predecessors_name() {
    Slot slot = open();
    lend(Thread.currentThread());
    assertThat(seen().holder()).startsWith(Thread.currentThread().getName());
    assertThat(slot.attempt(Move.HAND_OVER)).isTrue();
    assertThat(seen().holder()).isEqualTo("a thread that has only just got it");
  }

  /** The engine takes it for whoever waits, and he may have been served meanwhile. */
  @Test
  void a_connection_that_is_only_on_offer_is_idle() {
    Waiter waiter =
        new Waiter(0) {
          @Override
          protected void wake() {}
        };
    engine.begin(waiter, 7, 1);
    List<PoolSnapshot> whole = new ArrayList<>();
    List<PoolSlot> slots = new ArrayList<>();
    meanwhile =
        () -> {
          whole.add(snapshots.detailed());
          slots.addAll(snapshots.slots());
          engine.leave(waiter);
        };
    Slot slot = open();
    assertThat(whole)
        .singleElement()
        .satisfies(
            seen -> {
              assertThat(seen.leased()).isZero();
              assertThat(seen.idle()).isEqualTo(1);
              assertThat(seen.holders()).isEmpty();
            });
    assertThat(slots)
        .singleElement()
        .satisfies(
            seen -> {
              assertThat(seen.state()).isEqualTo(PoolSlot.State.IDLE);
              assertThat(seen.connection()).isEqualTo(3);
              assertThat(seen.holder()).isNull();
            });
    assertThat(slot.state()).as("put back").isEqualTo(State.IDLE);
  }

  static Stream<Method> facts() {
    return Arrays.stream(PoolSnapshot.Builder.class.getMethods())
        .filter(method -> method.getReturnType() == PoolSnapshot.Builder.class)
        .filter(method -> !method.getName().equals("holders"));
  }

  private static Object other(Class<?> type) {
    if (type == int.class) {
      return 3;
    }
    if (type == long.class) {
      return 4L;
    }
    if (type == boolean.class) {
      return true;
    }
    if (type == Map.class) {
      return Map.of(CloseReason.FAILED, 5L);
    }
    return type == PoolState.class ? PoolState.CLOSED : "no route";
  }

  /** Whoever holds something is told of the same pool as everybody. */
  @ParameterizedTest
  @MethodSource("facts")
  void what_a_caller_sees_differs_by_his_own_connections_and_by_nothing_else(Method fact)
      throws Exception {
    open();
    lend(Thread.currentThread());
    PoolSnapshot.Builder builder = PoolSnapshot.builder("snapshots");
    fact.invoke(builder, other(fact.getParameterTypes()[0]));
    PoolSnapshot own = requireNonNull(snapshots.forCaller(builder.build()));
    assertThat(own.holders())
        .singleElement()
        .satisfies(holder -> assertThat(holder.connection()).isEqualTo(3))
        .satisfies(holder -> assertThat(holder.waiting()).isTrue());
    assertThat(own).isEqualTo(builder.holders(own.holders()).build());
  }

  @Test
  void a_caller_who_holds_nothing_sees_what_all_see() {
    open();
    lend(new Thread("another"));
    assertThat(snapshots.forCaller(snapshots.brief())).isNull();
  }

  @Test
  void what_moves_while_it_is_read_is_read_once_more() {
    open();
    Slot slot = lend(Thread.currentThread());
    meanwhile = () -> engine.release(slot, slot.lease);
    PoolSlot seen = seen();
    assertThat(seen.state()).isEqualTo(PoolSlot.State.IDLE);
    assertThat(seen.holder()).isNull();

    lend(Thread.currentThread());
    meanwhile = () -> engine.release(slot, slot.lease);
    assertThat(snapshots.brief().holders()).isEmpty();
    assertThat(snapshots.brief().idle()).isEqualTo(1);
  }
}
