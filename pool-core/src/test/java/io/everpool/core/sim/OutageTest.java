package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
}
