package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A fence gives up one generation of connections: all of it, and nothing of the next. */
class FenceTest {
  private static final long MS = 1_000_000L;
  private static final int SIZE = 8;

  private final List<PoolEvent> events = new ArrayList<>();

  private static void inManyWorlds(LongConsumer world) {
    LongStream.rangeClosed(1, 200).forEach(world);
  }

  private UpkeepWithoutFaces open(Universe universe, FakeDatabase database) {
    events.clear();
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            PoolConfig.builder("fake:").minSize(SIZE).maxSize(SIZE).build(),
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(5_000 * MS, () -> {});
    assertThat(idle(upkeep.engine())).isEqualTo(SIZE);
    return upkeep;
  }

  private static long idle(Engine engine) {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() == State.IDLE).count();
  }

  /** After a failover that no connection felt; the one that shows it is the first of the new. */
  @Test
  void what_a_new_connection_supersedes_goes_and_it_stays() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database);
          Engine engine = upkeep.engine();
          long before = database.opened();
          database.promote();
          Slot slot = upkeep.lent(requireNonNull(engine.tryAcquire(0)));
          engine.doom(slot, slot.lease, CloseReason.FAILED);
          engine.release(slot, slot.lease);
          universe.run(5_000 * MS, () -> {});
          assertThat(events)
              .as("seed " + seed)
              .filteredOn(PoolEvent.Fenced.class::isInstance)
              .hasSize(1);
          assertThat(idle(engine)).isEqualTo(SIZE);
          assertThat(database.open()).isEqualTo(SIZE);
          assertThat(database.opened() - before).as("seed " + seed).isEqualTo(SIZE);
        });
  }

  /** A restart breaks every connection in use, and each holder reports it. */
  @Test
  void one_outage_is_one_fence_however_many_report_it() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database);
          Engine engine = upkeep.engine();
          List<Slot> held = new ArrayList<>();
          for (int i = 0; i < SIZE; i++) {
            held.add(upkeep.lent(requireNonNull(engine.tryAcquire(i))));
          }
          database.mood(Mood.DOWN);
          database.mood(Mood.UP);
          for (Slot slot : held) {
            universe.after(
                universe.random.nextLong(60_000), // all of it before upkeep gets to look
                () -> {
                  if (engine.doom(slot, slot.lease, CloseReason.FAILED)) {
                    upkeep.failed(requireNonNull(slot.entry), Verdict.CONNECTION_LOST, "cut off");
                  }
                  engine.release(slot, slot.lease);
                });
          }
          universe.run(5_000 * MS, () -> {});
          assertThat(events)
              .as("seed " + seed)
              .filteredOn(PoolEvent.Fenced.class::isInstance)
              .hasSize(1);
          assertThat(idle(engine)).as("seed " + seed).isEqualTo(SIZE);
        });
  }

  /** Whoever examines a connection owns its slot: the fence can't touch it then. */
  @Test
  void a_connection_under_examination_does_not_survive_it() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          UpkeepWithoutFaces upkeep = open(universe, new FakeDatabase(universe));
          Engine engine = upkeep.engine();
          upkeep.suspect();
          while (idle(engine) == SIZE) {
            universe.run(10_000, () -> {});
          }
          upkeep.fence("an operator's wish");
          universe.run(5_000 * MS, () -> {});
          assertThat(engine.slots())
              .as("seed " + seed)
              .allSatisfy(
                  slot -> assertThat(requireNonNull(slot.entry).number()).isGreaterThan(SIZE));
        });
  }
}
