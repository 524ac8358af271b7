package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A pool that nobody needs may be slow to find the server again; whoever needs it may not wait. */
class PatienceTest {
  private static final long MS = 1_000_000L;

  /** Waits, and looks only when the test does. */
  private static final class Caller extends Waiter {
    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  /** Of a pool of one to four connections, not started. */
  private static UpkeepWithoutFaces of(Universe universe, FakeDatabase database) {
    universe.calm();
    database.calm();
    return new UpkeepWithoutFaces(
        PoolConfig.builder("fake:").minSize(1).maxSize(4).build(),
        database,
        database::classify,
        universe.environment(),
        new PoolEvents("sim", List.of()));
  }

  /**
   * After a minute of outage the pauses between two attempts are up to sixteen seconds long. The
   * server comes back, then the first caller: it is served as soon as if it had been there.
   */
  @Test
  void whoever_begins_to_wait_does_not_sit_out_a_long_pause() {
    for (long seed = 1; seed <= 200; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = new FakeDatabase(universe);
      UpkeepWithoutFaces upkeep = of(universe, database);
      Engine engine = upkeep.engine();
      database.mood(Mood.DOWN);
      upkeep.start();
      universe.run(60_000 * MS, () -> {});
      assertThat(upkeep.server().down()).isTrue();

      database.mood(Mood.UP);
      Caller caller = new Caller(universe.nanoTime());
      engine.begin(caller, 1, 10);
      universe.run(300 * MS, () -> {});

      assertThat(engine.step(caller, 1)).as("seed " + seed).isEqualTo(WaitResult.SERVED);
    }
  }

  /**
   * A password is changed while a connection is in use: whoever wants another waits for that one,
   * and the pauses between two logins grow long. When it is lost instead of returned there is
   * nothing left to wait for, and they are told at once, not after the next login.
   */
  @ParameterizedTest
  @EnumSource(CloseReason.class)
  void whoever_waits_for_the_last_connection_is_told_when_it_is_lost(CloseReason reason) {
    for (long seed = 1; seed <= 20; seed++) {
      Universe universe = new Universe(seed);
      FakeDatabase database = new FakeDatabase(universe);
      UpkeepWithoutFaces upkeep = of(universe, database);
      Engine engine = upkeep.engine();
      upkeep.start();
      universe.run(1_000 * MS, () -> {});
      Slot held = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
      long lease = held.word();

      database.mood(Mood.DENYING);
      Caller caller = new Caller(universe.nanoTime());
      engine.begin(caller, 2, 10);
      universe.run(120_000 * MS, () -> {});
      assertThat(upkeep.server().lastVerdict()).isEqualTo(Verdict.ACCESS_DENIED);
      assertThat(engine.step(caller, 2))
          .as("seed " + seed)
          .isIn(WaitResult.WAIT, WaitResult.RELOOK);

      assertThat(engine.retire(held, lease, reason)).isTrue();
      universe.run(300 * MS, () -> {});

      assertThat(engine.step(caller, 2)).as("seed " + seed).isEqualTo(WaitResult.REJECTED);
    }
  }
}
