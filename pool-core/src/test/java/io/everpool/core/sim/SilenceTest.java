package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * A server that froze is left for its successor by those who wait for its answers, and a statement
 * that takes long costs next to nothing.
 */
class SilenceTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final int SIZE = 8;

  private final List<PoolEvent> events = new ArrayList<>();

  private static void inManyWorlds(LongConsumer world) {
    LongStream.rangeClosed(1, 100).forEach(world);
  }

  private UpkeepWithoutFaces open(Universe universe, FakeDatabase database) {
    events.clear();
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            PoolConfig.builder("fake:")
                .minSize(SIZE)
                .maxSize(SIZE)
                .maxLifetime(Duration.ZERO)
                .healthCheckInterval(Duration.ofHours(1))
                .build(),
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(5 * SECOND, () -> {});
    return upkeep;
  }

  /** A statement is sent on each of so many connections, and none is answered. */
  private static List<Slot> send(UpkeepWithoutFaces upkeep, int count) {
    List<Slot> held = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Slot slot = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(i)));
      session(slot).waits++;
      held.add(slot);
    }
    return held;
  }

  private static FakeDatabase.Session session(Slot slot) {
    return (FakeDatabase.Session) requireNonNull(slot.entry).physical();
  }

  private static long count(Engine engine, State state) {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() == state).count();
  }

  @Test
  void what_waits_for_a_server_that_was_superseded_is_cut() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database);
          int busy = 1 + (int) (seed % SIZE);
          List<Slot> held = send(upkeep, busy);
          List<FakeDatabase.Session> waiting = held.stream().map(SilenceTest::session).toList();
          List<Long> leases = held.stream().map(slot -> slot.lease).toList();
          List<Slot> others = new ArrayList<>();
          boolean idle = seed % 2 == 0;
          for (int i = busy; i < SIZE && !idle; i++) {
            others.add(upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(i))));
          }
          database.promote();
          if (idle && busy < SIZE) {
            universe.hangNext(1); // the one that is asked does not answer
          }

          universe.run(1_900 * MS, () -> {});
          assertThat(waiting).as("seed " + seed).allMatch(FakeDatabase.Session::usable);
          universe.run(8 * SECOND, () -> {});

          assertThat(waiting).as("seed " + seed).allMatch(FakeDatabase.Session::closed);
          for (int i = 0; i < busy; i++) {
            assertThat(upkeep.engine().release(held.get(i), leases.get(i))).isFalse();
          }
          assertThat(events).filteredOn(PoolEvent.Fenced.class::isInstance).hasSize(1);
          others.forEach(slot -> upkeep.engine().release(slot, slot.lease));
          universe.run(10 * SECOND, () -> {});
          assertThat(count(upkeep.engine(), State.IDLE)).as("seed " + seed).isEqualTo(SIZE);
        });
  }

  /** With an idle connection to ask it costs a round trip now and then, and no connect. */
  @Test
  void beside_a_long_statement_an_idle_connection_is_asked() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database);
          List<Slot> held = send(upkeep, 1);
          long opened = database.opened();
          long queries = database.queries();
          universe.run(600 * SECOND, () -> {});
          assertThat(database.opened()).as("seed " + seed).isEqualTo(opened);
          assertThat(database.queries() - queries).as("seed " + seed).isBetween(10L, 300L);
          assertThat(session(held.get(0)).usable()).isTrue();
          assertThat(upkeep.engine().release(held.get(0), held.get(0).lease)).isTrue();
        });
  }

  /** And in a pool that is used up, a connect a minute. */
  @Test
  void beside_long_statements_everywhere_a_scout_is_sent_now_and_then() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database);
          List<Slot> held = send(upkeep, SIZE);
          long opened = database.opened();
          universe.run(600 * SECOND, () -> {});
          assertThat(database.opened() - opened).as("seed " + seed).isBetween(5L, 20L);
          assertThat(held).allMatch(slot -> session(slot).usable());
          assertThat(events).noneMatch(PoolEvent.Fenced.class::isInstance);
        });
  }

  /** Whoever is answered has shown that the server lives. */
  @Test
  void beside_others_that_are_answered_nothing_is_done() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database);
          List<Slot> held = send(upkeep, SIZE);
          long opened = database.opened();
          for (int i = 0; i < 60; i++) {
            universe.run(SECOND, () -> {});
            session(held.get(0)).waits += 2;
          }
          assertThat(database.opened()).as("seed " + seed).isEqualTo(opened);
        });
  }
}
