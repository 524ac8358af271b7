package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.PrimarySearch.Refusal;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server that takes no writes any more is no reason to give up what reads from it, until there is
 * one that does.
 */
class StandbyTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final int SIZE = 8;

  /** The pauses between two searches are up to this long, once they have grown. */
  private static final long LONGEST_PAUSE = 16 * SECOND;

  /**
   * With pauses drawn from ranges that double from 20 ms to a second, and then grow with the tenth
   * of the time that has passed, there are some fifty searches in half a minute.
   */
  private static final int A_FEW = 90;

  private final List<PoolEvent> events = new ArrayList<>();
  private final Map<Refusal, Integer> refusals = new EnumMap<>(Refusal.class);
  private int written;

  private static void inManyWorlds(LongConsumer world) {
    LongStream.rangeClosed(1, 100).forEach(world);
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fake:").minSize(SIZE).maxSize(SIZE);
  }

  private UpkeepWithoutFaces open(Universe universe, FakeDatabase database, PoolConfig config) {
    events.clear();
    refusals.clear();
    written = 0;
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config,
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(5 * SECOND, () -> {});
    assertThat(idle(upkeep.engine())).isEqualTo(SIZE);
    return upkeep;
  }

  private static long idle(Engine engine) {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() == State.IDLE).count();
  }

  private long fences() {
    return events.stream().filter(PoolEvent.Fenced.class::isInstance).count();
  }

  private static FakeDatabase.Session session(Slot slot) {
    return (FakeDatabase.Session) requireNonNull(slot.entry).physical();
  }

  private static List<FakeDatabase.Session> sessions(Engine engine) {
    return Arrays.stream(engine.slots()).map(StandbyTest::session).toList();
  }

  /** A hundred writes a second. */
  private void write(Universe universe, UpkeepWithoutFaces upkeep, long duration) {
    for (long passed = 0; passed < duration; passed += 10 * MS) {
      Slot slot = upkeep.engine().tryAcquire(passed / (10 * MS) % 16);
      if (slot != null) {
        writeOn(upkeep, upkeep.lent(slot));
      }
      universe.run(10 * MS, () -> {});
    }
  }

  private void writeOn(UpkeepWithoutFaces upkeep, Slot slot) {
    long lease = slot.lease;
    if (session(slot).readOnly) {
      Refusal refusal = upkeep.writeRefused(slot);
      refusals.merge(refusal, 1, Integer::sum);
      if (refusal == Refusal.REPLACED) {
        upkeep.engine().doom(slot, lease, CloseReason.FAILED);
      }
    } else {
      written++;
    }
    upkeep.engine().release(slot, lease);
  }

  /** Where there is nothing else, readers keep what they have, and writers are told at once. */
  @Test
  void a_single_host_that_became_a_standby_keeps_its_connections() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          List<FakeDatabase.Session> before = sessions(upkeep.engine());
          long opened = database.opened();

          database.demote();
          write(universe, upkeep, 30 * SECOND);

          assertThat(fences()).as("seed " + seed).isZero();
          assertThat(sessions(upkeep.engine())).as("seed " + seed).isEqualTo(before);
          assertThat(before).allMatch(FakeDatabase.Session::usable);
          assertThat(database.opened() - opened).as("seed " + seed).isBetween(1L, (long) A_FEW);
          assertThat(refusals.getOrDefault(Refusal.REPLACED, 0)).isZero();
          assertThat(refusals.get(Refusal.KEPT)).as("told at once").isGreaterThan(2_000);
          assertThat(database.open()).as("scouts have gone").isEqualTo(SIZE);
        });
  }

  /** The address leads elsewhere by now: the old connections would refuse writes for ever. */
  @Test
  void all_connections_go_when_a_new_one_finds_a_server_that_writes() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          write(universe, upkeep, 10 * SECOND);

          database.move();
          write(universe, upkeep, LONGEST_PAUSE + 5 * SECOND);

          assertThat(fences()).as("seed " + seed).isEqualTo(1);
          assertThat(sessions(upkeep.engine())).as("seed " + seed).noneMatch(s -> s.readOnly);
          int before = written;
          write(universe, upkeep, SECOND);
          assertThat(written - before).as("seed " + seed).isEqualTo(100);
        });
  }

  /** However long the failover takes, it takes the writers a tenth longer, or a second. */
  @ParameterizedTest
  @ValueSource(ints = {1, 5, 10, 30, 60, 120, 160})
  void writers_wait_a_tenth_of_the_failover_longer_at_most(int seconds) {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          write(universe, upkeep, seconds * SECOND);

          database.move();
          written = 0;
          write(universe, upkeep, Math.max(SECOND, seconds * SECOND / 10) + SECOND);

          assertThat(written).as("seed " + seed).isPositive();
        });
  }

  /** What was being opened when the first write was refused shows how the server was before. */
  @Test
  void a_connection_that_began_before_the_refusal_is_no_news() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          Slot replaced = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
          upkeep.engine().retire(replaced, replaced.lease, CloseReason.FAILED);
          while (replaced.state() != State.CONNECTING) {
            universe.run(MS / 100, () -> {});
          }

          database.demote(1);
          write(universe, upkeep, 30 * SECOND);

          assertThat(fences()).as("seed " + seed).isZero();
          assertThat(refusals.getOrDefault(Refusal.REPLACED, 0)).as("seed " + seed).isZero();
        });
  }

  /** What was refused long ago is no reason to replace what takes writes again. */
  @Test
  void a_connection_that_comes_much_later_replaces_none() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          write(universe, upkeep, 10 * SECOND);
          database.restore();
          universe.run(5 * LONGEST_PAUSE, () -> {});

          upkeep.evictIdle();
          universe.run(10 * SECOND, () -> {});
          assertThat(idle(upkeep.engine())).isEqualTo(SIZE);
          assertThat(fences()).as("seed " + seed).isZero();
        });
  }

  /** Or whoever waits for what the search finds would hold up the end of the pool. */
  @Test
  void nothing_is_looked_for_when_the_pool_closes() {
    Universe universe = new Universe(1);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().build());
    database.demote();
    Slot slot = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
    assertThat(upkeep.writeRefused(slot)).isEqualTo(Refusal.SOUGHT);
    CompletableFuture<Void> end = upkeep.drain();
    assertThat(upkeep.writeRefused(slot)).isEqualTo(Refusal.KEPT);
    universe.run(SECOND, () -> {});
    assertThat(database.open()).as("of those who were lent").isEqualTo(1);
    upkeep.engine().release(slot, slot.lease);
    universe.run(SECOND, () -> {});
    assertThat(database.open()).isZero();
    assertThat(end).isDone();
  }

  /** A failover that is over when the first write is refused costs one search. */
  @Test
  void a_server_that_writes_is_found_at_once() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          database.move();

          write(universe, upkeep, SECOND);

          assertThat(fences()).as("seed " + seed).isEqualTo(1);
          assertThat(sessions(upkeep.engine())).as("seed " + seed).noneMatch(s -> s.readOnly);
        });
  }

  /** What is open takes writes again as well, and at most one fence brings the rest about. */
  @Test
  void a_server_that_takes_writes_again_is_written_to_at_once() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          write(universe, upkeep, 10 * SECOND);

          database.restore();
          int before = written;
          write(universe, upkeep, SECOND);
          assertThat(written - before).as("seed " + seed).isGreaterThan(80);
          write(universe, upkeep, 60 * SECOND);
          assertThat(fences()).as("seed " + seed).isLessThanOrEqualTo(1);
        });
  }

  /** A balancer before a primary and a standby: finding the one is no end of the other. */
  @Test
  void where_connections_lead_to_either_there_is_no_storm_of_fences() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          database.balance();

          write(universe, upkeep, 30 * SECOND);

          assertThat(fences()).as("seed " + seed).isBetween(1L, (long) A_FEW);
          int before = written;
          write(universe, upkeep, SECOND);
          assertThat(written - before).as("those that refuse go one by one").isPositive();
        });
  }

  /** Nobody comes back before another has written: the search needs no place. */
  @Test
  void a_pool_that_is_used_up_finds_a_server_that_writes() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          List<Slot> held = new ArrayList<>();
          for (int i = 0; i < SIZE; i++) {
            held.add(upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(i))));
          }
          database.demote();
          database.move();

          assertThat(upkeep.writeRefused(held.get(0))).isEqualTo(Refusal.SOUGHT);
          universe.run(SECOND, () -> assertThat(database.open()).isLessThanOrEqualTo(SIZE + 1));

          assertThat(held).as("seed " + seed).allMatch(slot -> slot.state() == State.DOOMED);
          assertThat(upkeep.writeRefused(held.get(0))).isEqualTo(Refusal.REPLACED);
          held.forEach(slot -> upkeep.engine().release(slot, slot.lease));
          universe.run(5 * SECOND, () -> {});
          assertThat(idle(upkeep.engine())).as("seed " + seed).isEqualTo(SIZE);
          assertThat(database.open()).as("seed " + seed).isEqualTo(SIZE);
        });
  }

  /** It is found when it answers, by the first connect after that. */
  @Test
  void a_search_outlasts_a_server_that_hangs_or_is_away() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          PoolConfig config = config().connectTimeout(Duration.ofSeconds(2)).build();
          UpkeepWithoutFaces upkeep = open(universe, database, config);
          database.demote();
          Slot slot = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
          long lease = slot.lease;
          assertThat(upkeep.writeRefused(slot)).isEqualTo(Refusal.SOUGHT);
          database.mood(Mood.FROZEN);
          universe.run(10 * SECOND, () -> {});
          assertThat(upkeep.writeRefused(slot)).as("still").isEqualTo(Refusal.SOUGHT);
          assertThat(fences()).isZero();

          database.move();
          database.mood(Mood.UP);
          universe.run(LONGEST_PAUSE + 5 * SECOND, () -> {});

          assertThat(fences()).as("seed " + seed).isEqualTo(1);
          upkeep.engine().release(slot, lease);
          universe.run(5 * SECOND, () -> {});
          assertThat(idle(upkeep.engine())).as("seed " + seed).isEqualTo(SIZE);
          assertThat(database.open()).as("seed " + seed).isEqualTo(SIZE);
        });
  }

  /** A server that is full, or lets nobody in, doesn't tell: those who wait are told so. */
  @Test
  void a_server_that_refuses_the_scout_ends_the_search() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          database.demote();
          Slot slot = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
          database.mood(seed % 2 == 0 ? Mood.FULL : Mood.DENYING);

          assertThat(upkeep.writeRefused(slot)).isEqualTo(Refusal.SOUGHT);
          universe.run(SECOND, () -> {});

          assertThat(upkeep.writeRefused(slot))
              .as("seed " + seed)
              .isIn(Refusal.KEPT, Refusal.SOUGHT);
          assertThat(fences()).isZero();
          assertThat(session(slot).usable()).isTrue();
        });
  }

  /** Its connections are examined, which shows the same as a refused write; nobody writes. */
  @Test
  void an_idle_pool_is_moved_by_its_health_checks_and_a_sleeping_one_is_left_alone() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          PoolConfig config =
              config()
                  .healthCheckInterval(Duration.ofSeconds(2))
                  .sleep(seed % 2 == 0 ? SleepMode.ON : SleepMode.OFF)
                  .sleepAfter(Duration.ofSeconds(6))
                  .build();
          UpkeepWithoutFaces upkeep = open(universe, database, config);
          universe.run(10 * SECOND, () -> {});
          long opened = database.opened();
          database.demote();
          database.move();

          universe.run(10 * SECOND, () -> {});

          assertThat(fences()).as("seed " + seed).isEqualTo(upkeep.asleep() ? 0 : 1);
          assertThat(upkeep.asleep()).isEqualTo(seed % 2 == 0);
          if (upkeep.asleep()) {
            assertThat(database.opened()).as("seed " + seed).isEqualTo(opened);
          }
        });
  }
}
