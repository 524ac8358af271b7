package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.sim.FakeDatabase.Mood;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who doesn't wait for a connection, or not for long, wants one all the same. */
class InVainTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;
  private static final long LIMIT = 200 * MS;
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(16);

  private final List<PoolEvent> events = new ArrayList<>();

  /** Waits, and looks only when the test does. */
  private static final class Caller extends Waiter {
    Caller(long since) {
      super(since);
    }

    @Override
    protected void wake() {}
  }

  private static void inManyWorlds(LongConsumer world) {
    LongStream.rangeClosed(1, 50).forEach(world);
  }

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fake:").minSize(0).maxSize(4);
  }

  private UpkeepWithoutFaces open(Universe universe, FakeDatabase database, PoolConfig config) {
    events.clear();
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
    universe.run(SECOND, () -> {});
    return upkeep;
  }

  /** As getConnection(Duration.ZERO) does it where nothing is idle. */
  private static void askForNow(Universe universe, Engine engine) {
    assertThat(engine.tryAcquire(1)).isNull();
    Caller caller = new Caller(universe.nanoTime());
    assertThat(engine.begin(caller, 1, 10)).isEqualTo(WaitResult.WAIT);
    assertThat(engine.leave(caller)).isTrue();
  }

  /** As where nobody may wait. */
  private static void askAndBeRefused(Universe universe, Engine engine) {
    assertThat(engine.tryAcquire(1)).isNull();
    assertThat(engine.begin(new Caller(universe.nanoTime()), 1, 0))
        .isEqualTo(WaitResult.QUEUE_FULL);
  }

  private static void use(UpkeepWithoutFaces upkeep) {
    Slot slot = upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
    assertThat(session(slot).usable()).isTrue();
    upkeep.engine().release(slot, slot.lease);
  }

  private static FakeDatabase.Session session(Slot slot) {
    return (FakeDatabase.Session) requireNonNull(slot.entry).physical();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void who_asks_for_one_that_is_there_now_finds_one_the_next_time(boolean mayWait) {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          for (int i = 0; i < 3; i++) {
            if (mayWait) {
              askForNow(universe, upkeep.engine());
            } else {
              askAndBeRefused(universe, upkeep.engine());
            }
          }
          universe.run(SECOND, () -> {});
          use(upkeep);
          universe.run(60 * SECOND, () -> {});
          assertThat(database.opened()).as("seed " + seed).isEqualTo(1);
        });
  }

  /** What is held is no reason not to grow; what is used up is. */
  @Test
  void each_who_asked_in_vain_brings_one_up_to_the_maximum() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep = open(universe, database, config().build());
          for (int size = 1; size <= 4; size++) {
            askForNow(universe, upkeep.engine());
            universe.run(SECOND, () -> {});
            assertThat(database.opened()).as("seed " + seed).isEqualTo(size);
            upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(size)));
          }
          askForNow(universe, upkeep.engine());
          universe.run(60 * SECOND, () -> {});
          assertThat(database.opened()).as("seed " + seed).isEqualTo(4);
        });
  }

  /** The pool's sleep is ended as by one who waits; and begins again when he doesn't come back. */
  @Test
  void who_asks_a_sleeping_pool_that_has_lost_all_wakes_it() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep =
              open(
                  universe,
                  database,
                  config().sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(60)).build());
          Engine engine = upkeep.engine();
          askForNow(universe, engine);
          universe.run(SECOND, () -> {});
          use(upkeep);
          universe.run(65 * SECOND, () -> {});
          assertThat(upkeep.asleep()).isTrue();
          database.suspend();

          // he examines it himself, for he doesn't wait until others have
          Slot dead = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
          engine.cut(dead, dead.lease, CloseReason.ASLEEP);
          askForNow(universe, engine);
          universe.run(SECOND, () -> {});
          assertThat(upkeep.asleep()).isFalse();
          use(upkeep);
          universe.run(65 * SECOND, () -> {});
          assertThat(upkeep.asleep()).as("it sleeps again, seed " + seed).isTrue();
          assertThat(database.opened()).isEqualTo(2);
        });
  }

  /** One who was content to wait for a moment has left it to upkeep, which finds it dead. */
  @Test
  void who_left_a_sleeper_to_examination_and_went_finds_another_the_next_time() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          UpkeepWithoutFaces upkeep =
              open(
                  universe,
                  database,
                  config().sleep(SleepMode.ON).sleepAfter(Duration.ofSeconds(60)).build());
          Engine engine = upkeep.engine();
          askForNow(universe, engine);
          universe.run(65 * SECOND, () -> {});
          assertThat(upkeep.asleep()).isTrue();
          database.suspend();

          Slot sleeper = upkeep.lent(requireNonNull(engine.tryAcquire(1)));
          assertThat(upkeep.sendToExamination(sleeper)).isTrue();
          askForNow(universe, engine);
          universe.run(SECOND, () -> {});
          use(upkeep);
        });
  }

  @Test
  void a_suspended_pool_opens_nothing_for_who_asked_meanwhile() {
    Universe universe = new Universe(1);
    FakeDatabase database = new FakeDatabase(universe);
    UpkeepWithoutFaces upkeep = open(universe, database, config().build());
    upkeep.suspend();
    universe.run(SECOND, () -> {});
    askForNow(universe, upkeep.engine());
    universe.run(SECOND, () -> {});
    upkeep.resume();
    universe.run(60 * SECOND, () -> {});
    assertThat(database.opened()).isZero();
  }

  /** None of them waits for half of acquire-timeout, and none gets what he wants. */
  @Test
  void callers_with_short_limits_are_not_taken_for_content_with_a_full_server() {
    inManyWorlds(
        seed -> {
          Universe universe = new Universe(seed);
          FakeDatabase database = new FakeDatabase(universe);
          PoolConfig config =
              config().minSize(1).retry(RetryConfig.DEFAULT.withMaxBackoff(MAX_BACKOFF)).build();
          UpkeepWithoutFaces upkeep = open(universe, database, config);
          upkeep.lent(requireNonNull(upkeep.engine().tryAcquire(1)));
          database.mood(Mood.FULL);
          while (events.stream().filter(PoolEvent.ConnectFailed.class::isInstance).count() < 4) {
            comeAndGo(universe, upkeep.engine());
          }
          database.mood(Mood.UP);
          long waited = 0;
          while (database.opened() == 1) {
            comeAndGo(universe, upkeep.engine());
            waited += LIMIT;
            assertThat(waited)
                .as("seed " + seed)
                .isLessThanOrEqualTo(MAX_BACKOFF.plusSeconds(1).toNanos());
          }
        });
  }

  private static void comeAndGo(Universe universe, Engine engine) {
    Caller caller = new Caller(universe.nanoTime());
    engine.begin(caller, 2, 10);
    universe.run(LIMIT, () -> {});
    if (!engine.leave(caller)) {
      Slot slot = engine.take(caller, 2, universe.nanoTime());
      engine.release(slot, slot.lease);
    }
  }
}
