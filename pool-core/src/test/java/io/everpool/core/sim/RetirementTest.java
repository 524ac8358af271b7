package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A living connection isn't given up for its age while no new one can be opened. */
class RetirementTest {
  /** A pool that is content asks a full server no oftener; nanoseconds. */
  private static final long ASKED_AGAIN = 200_000_000_000L;

  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final int SIZE = 8;

  private final List<PoolEvent> events = new ArrayList<>();
  private final Universe universe = new Universe(7);
  private final FakeDatabase database = new FakeDatabase(universe);

  private UpkeepWithoutFaces open(int minSize) {
    return open(minSize, Duration.ofSeconds(30));
  }

  private UpkeepWithoutFaces open(int minSize, Duration maxLifetime) {
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            PoolConfig.builder("fake:")
                .minSize(minSize)
                .maxSize(SIZE)
                .maxLifetime(maxLifetime)
                .idleTimeout(Duration.ZERO)
                .sleep(SleepMode.OFF)
                .build(),
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(SECOND, () -> {});
    return upkeep;
  }

  private static long alive(Engine engine) {
    return Arrays.stream(engine.slots())
        .filter(
            slot ->
                switch (slot.state()) {
                  case IDLE, LEASED, PROBING -> true;
                  default -> false;
                })
        .count();
  }

  private List<CloseReason> closed() {
    return events.stream()
        .filter(ConnectionClosed.class::isInstance)
        .map(event -> ((ConnectionClosed) event).reason())
        .toList();
  }

  /** Full, or its passwords were changed: those who are in are served. */
  @ParameterizedTest
  @EnumSource(
      value = Mood.class,
      names = {"FULL", "DENYING", "STARTING"})
  void idle_ones_live_on_and_are_replaced_when_others_can_be_opened(Mood mood) {
    Engine engine = open(4).engine();
    database.mood(mood);
    universe.run(300 * SECOND, () -> assertThat(alive(engine)).isGreaterThanOrEqualTo(4));
    assertThat(closed()).isEmpty();

    database.mood(Mood.UP);
    universe.run(ASKED_AGAIN, () -> assertThat(alive(engine)).isGreaterThanOrEqualTo(4));
    assertThat(closed()).hasSizeGreaterThanOrEqualTo(4).containsOnly(CloseReason.MAX_LIFETIME);
  }

  @Test
  void leased_ones_are_lent_again_and_replaced_when_others_can_be_opened() {
    UpkeepWithoutFaces upkeep = open(4);
    Engine engine = upkeep.engine();
    List<Slot> held = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      held.add(upkeep.lent(requireNonNull(engine.tryAcquire(i))));
    }
    database.mood(Mood.FULL);
    universe.run(
        120 * SECOND, () -> assertThat(held).allMatch(slot -> slot.state() == State.LEASED));
    held.forEach(slot -> assertThat(engine.release(slot, slot.lease)).isTrue());
    Slot again = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
    database.mood(Mood.UP);
    universe.run(ASKED_AGAIN, () -> {});
    assertThat(again.state()).isEqualTo(State.DOOMED);
    assertThat(closed()).hasSizeGreaterThanOrEqualTo(3).containsOnly(CloseReason.MAX_LIFETIME);
  }

  /** Where all places are taken one goes, so that there is one to try it in; and no more. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void of_a_full_pool_one_makes_room(boolean leased) {
    UpkeepWithoutFaces upkeep = open(SIZE);
    Engine engine = upkeep.engine();
    List<Slot> held = new ArrayList<>();
    for (int i = 0; i < SIZE && leased; i++) {
      held.add(upkeep.lent(requireNonNull(engine.tryAcquire(i))));
    }
    database.mood(Mood.FULL);
    universe.run(60 * SECOND, () -> {});
    held.forEach(slot -> engine.release(slot, slot.lease));
    universe.run(240 * SECOND, () -> {});
    assertThat(closed()).containsExactly(CloseReason.MAX_LIFETIME);
    assertThat(alive(engine)).isEqualTo(SIZE - 1);

    database.mood(Mood.UP);
    universe.run(ASKED_AGAIN, () -> {});
    assertThat(alive(engine)).isEqualTo(SIZE);
    assertThat(closed()).hasSizeGreaterThanOrEqualTo(SIZE);
  }

  /** A connect that failed long ago says nothing of now. */
  @Test
  void one_failure_long_ago_keeps_none_alive() {
    UpkeepWithoutFaces upkeep = open(4);
    Engine engine = upkeep.engine();
    Slot slot = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
    database.mood(Mood.FULL);
    engine.retire(slot, slot.lease, CloseReason.MAX_QUERIES);
    universe.run(200 * MS, () -> {});
    database.mood(Mood.UP);
    universe.run(60 * SECOND, () -> {});
    assertThat(closed())
        .filteredOn(CloseReason.MAX_LIFETIME::equals)
        .hasSizeGreaterThanOrEqualTo(4);
    assertThat(alive(engine)).isEqualTo(4);
  }

  /** What has run as many queries as it may is marked so by its last holder. */
  @Test
  void what_grew_too_old_by_its_queries_goes_when_another_could_be_opened() {
    UpkeepWithoutFaces upkeep = open(2, Duration.ZERO);
    Engine engine = upkeep.engine();
    Slot slot = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
    slot.expiresAt = universe.nanoTime();
    slot.expiryReason = CloseReason.MAX_QUERIES;
    database.mood(Mood.FULL);
    engine.release(slot, slot.lease);
    universe.run(60 * SECOND, () -> assertThat(alive(engine)).isGreaterThanOrEqualTo(2));
    assertThat(closed()).isEmpty();

    database.mood(Mood.UP);
    universe.run(ASKED_AGAIN, () -> assertThat(alive(engine)).isGreaterThanOrEqualTo(2));
    assertThat(closed()).containsExactly(CloseReason.MAX_QUERIES);
  }

  /** A connect that hangs until its time is over is none that was opened. */
  @Test
  void a_server_that_hangs_keeps_them_too() {
    Engine engine = open(4).engine();
    database.mood(Mood.FROZEN);
    universe.run(200 * SECOND, () -> {});
    assertThat(closed()).doesNotContain(CloseReason.MAX_LIFETIME);
    assertThat(engine.slots()).hasSize(SIZE);
  }
}
