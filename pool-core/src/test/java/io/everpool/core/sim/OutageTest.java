package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** An outage is one of the server's: one that refuses is there, and was never away. */
class OutageTest {
  private static final long SECOND = 1_000_000_000L;

  /** Each mood: longer than any pause between two connects. */
  private static final long LASTS = 400 * SECOND;

  private final List<PoolEvent> events = new ArrayList<>();
  private final Universe universe = new Universe(1);
  private final FakeDatabase database = new FakeDatabase(universe);

  /** What is logged when connections can be opened again, after these moods. */
  private List<String> through(Mood... moods) {
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            PoolConfig.builder("fake:").minSize(2).maxSize(2).sleep(SleepMode.OFF).build(),
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    try (Logged logged = new Logged()) {
      database.mood(moods[0]);
      upkeep.start();
      for (Mood mood : moods) {
        database.suspend(); // so that there is something to connect for
        database.mood(mood);
        universe.run(LASTS, () -> {});
      }
      database.mood(Mood.UP);
      universe.run(LASTS, () -> {});
      assertThat(upkeep.server().isFailing()).isFalse();
      return logged.messages(Level.INFO).stream()
          .filter(line -> line.contains(" again after "))
          .toList();
    }
  }

  private List<PoolEvent.Recovered> recoveries() {
    return events.stream()
        .filter(PoolEvent.Recovered.class::isInstance)
        .map(PoolEvent.Recovered.class::cast)
        .toList();
  }

  @ParameterizedTest
  @EnumSource(names = {"FULL", "DENYING"})
  void a_server_that_refuses_is_there(Mood mood) {
    assertThat(through(mood))
        .singleElement()
        .asString()
        .startsWith("Pool sim: connections to FakeDB at fake can be opened again after ");
    assertThat(recoveries()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(names = {"DOWN", "STARTING"})
  void one_that_does_not_answer_comes_back(Mood mood) {
    assertThat(through(mood))
        .singleElement()
        .asString()
        .startsWith("Pool sim: FakeDB at fake answers again after ");
    assertThat(recoveries()).hasSize(1);
  }

  /** What was before that is no part of it. */
  @Test
  void its_outage_begins_when_it_does_not_answer() {
    through(Mood.FULL, Mood.DOWN);
    assertThat(recoveries())
        .singleElement()
        .extracting(PoolEvent.Recovered::downNanos)
        .satisfies(nanos -> assertThat(nanos).isBetween(LASTS / 2, LASTS + LASTS / 2));
  }

  @Test
  void its_outage_ends_when_a_connection_can_be_opened() {
    through(Mood.DOWN, Mood.FULL);
    assertThat(recoveries())
        .singleElement()
        .extracting(PoolEvent.Recovered::downNanos)
        .satisfies(nanos -> assertThat(nanos).isBetween(LASTS + LASTS / 2, 3 * LASTS));
  }

  @Test
  void a_refusal_after_an_outage_is_none() {
    assertThat(through(Mood.DOWN, Mood.UP, Mood.FULL))
        .satisfiesExactly(
            line -> assertThat(line).contains("answers again"),
            line -> assertThat(line).contains("can be opened again"));
    assertThat(recoveries()).hasSize(1);
  }

  /** Waits for a connection until the test has it leave. */
  private static final class Caller extends Waiter {
    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  private UpkeepWithoutFaces open(PoolConfig.Builder config) {
    universe.calm();
    database.calm();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config.build(),
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of(events::add)));
    upkeep.start();
    universe.run(SECOND, () -> {});
    return upkeep;
  }

  /** Somebody waits for so long, and goes. */
  private void somebodyWaits(UpkeepWithoutFaces upkeep, long nanos, boolean known) {
    Caller caller = new Caller(universe.nanoTime());
    assertThat(upkeep.engine().begin(caller, 1, 10)).isEqualTo(WaitResult.WAIT);
    universe.run(nanos, () -> {});
    assertThat(upkeep.server().down()).isEqualTo(known);
    upkeep.engine().leave(caller);
  }

  private static Stream<Arguments> kept() {
    return Stream.of(Mood.DOWN, Mood.STARTING, Mood.FULL)
        .flatMap(mood -> Stream.of(0, 2).map(minSize -> Arguments.of(mood, minSize)));
  }

  /**
   * A pool that keeps none, or is asleep, stops trying when nobody waits any more: whether the
   * server is away is not known from then on, and when it came back won't be.
   */
  @ParameterizedTest
  @MethodSource("kept")
  void of_the_time_in_which_nobody_tries_nobody_knows(Mood mood, int minSize) {
    boolean away = mood != Mood.FULL;
    try (Logged logged = new Logged()) {
      database.mood(mood);
      UpkeepWithoutFaces upkeep =
          open(
              PoolConfig.builder("fake:")
                  .minSize(minSize)
                  .maxSize(2)
                  .sleep(minSize == 0 ? SleepMode.OFF : SleepMode.ON)
                  .sleepAfter(Duration.ofSeconds(60)));
      somebodyWaits(upkeep, 20 * SECOND, away);
      universe.run(LASTS, () -> {});
      assertThat(upkeep.asleep()).isEqualTo(minSize > 0);
      assertThat(upkeep.server().down()).isFalse();
      universe.run(LASTS, () -> {});

      somebodyWaits(upkeep, 20 * SECOND, away);
      universe.run(LASTS, () -> {});
      assertThat(upkeep.server().down()).isFalse();
      assertThat(upkeep.server().isFailing()).isTrue();

      database.mood(Mood.UP);
      universe.run(8 * 3600 * SECOND, () -> {});
      somebodyWaits(upkeep, 5 * SECOND, false);
      assertThat(upkeep.server().isFailing()).isFalse();
      assertThat(logged.messages(Level.INFO))
          .noneMatch(line -> line.contains(" again after "))
          .filteredOn(line -> line.contains(" again"))
          .singleElement()
          .asString()
          .matches(".* again; connects had failed for [0-9]{5,6} ms, until nobody needed one.*");
    }
    if (!away) {
      assertThat(recoveries()).isEmpty();
      return;
    }
    // twice as long as somebody waited, or the pool was awake, and a pause between two connects
    long most = minSize == 0 ? 72 : 200;
    assertThat(recoveries())
        .singleElement()
        .extracting(PoolEvent.Recovered::downNanos)
        .satisfies(nanos -> assertThat(nanos).isBetween(30 * SECOND, most * SECOND));
  }

  /** It may be back while somebody waits: then it is known for how long it was away. */
  @Test
  void what_is_tried_again_goes_on() {
    UpkeepWithoutFaces upkeep =
        open(PoolConfig.builder("fake:").minSize(0).maxSize(2).sleep(SleepMode.OFF));
    database.mood(Mood.DOWN);
    somebodyWaits(upkeep, 20 * SECOND, true);
    universe.run(LASTS, () -> {});
    Caller caller = new Caller(universe.nanoTime());
    assertThat(upkeep.engine().begin(caller, 1, 10)).isEqualTo(WaitResult.WAIT);
    universe.run(20 * SECOND, () -> {});
    assertThat(upkeep.server().down()).isTrue();
    database.mood(Mood.UP);
    universe.run(10 * SECOND, () -> {});
    assertThat(upkeep.server().down()).isFalse();
    assertThat(recoveries())
        .singleElement()
        .extracting(PoolEvent.Recovered::downNanos)
        .satisfies(nanos -> assertThat(nanos).isBetween(30 * SECOND, 57 * SECOND));
  }

  /** Also in the pauses between two connects, and while one is under way. */
  @Test
  void it_is_down_as_long_as_the_pool_tries() {
    UpkeepWithoutFaces upkeep =
        open(PoolConfig.builder("fake:").minSize(2).maxSize(2).sleep(SleepMode.OFF));
    database.mood(Mood.DOWN);
    universe.run(60 * SECOND, () -> {});
    universe.run(LASTS, () -> assertThat(upkeep.server().down()).isTrue());
  }
}
