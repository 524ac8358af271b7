package io.everpool.core.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Occupant;
import io.everpool.core.engine.Turn;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.Journal;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.Upkeep;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A pool that nobody needs may be slow to find the server again; whoever needs it may not wait. */
class PatienceTest {
  private static final long MS = 1_000_000L;

  private record Seat(long number, PhysicalConnection physical, long queries) implements Occupant {}

  /** Waits, and looks only when the test does. */
  private static final class Caller extends Waiter {
    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  /**
   * After a minute of outage the pauses between two attempts are up to sixteen seconds long. The
   * server comes back, then the first caller: it is served as soon as if it had been there.
   */
  @Test
  void whoever_begins_to_wait_does_not_sit_out_a_long_pause() {
    for (long seed = 1; seed <= 200; seed++) {
      Universe universe = new Universe(seed);
      universe.calm();
      FakeDatabase database = new FakeDatabase(universe);
      database.calm();
      Upkeep upkeep =
          new Upkeep(
              PoolConfig.builder("fake:").minSize(1).maxSize(4).build(),
              database,
              database::classify,
              universe.environment(),
              new Journal("sim", List.of()),
              (slot, number, physical) -> new Seat(number, physical, 0));
      Engine engine = upkeep.engine();
      database.mood(Mood.DOWN);
      upkeep.start();
      universe.run(60_000 * MS, () -> {});
      assertThat(upkeep.connects().down()).isTrue();

      database.mood(Mood.UP);
      Caller caller = new Caller(universe.nanoTime());
      engine.begin(caller, 1, 10);
      universe.run(300 * MS, () -> {});

      assertThat(engine.step(caller, 1)).as("seed " + seed).isEqualTo(Turn.SERVED);
    }
  }
}
