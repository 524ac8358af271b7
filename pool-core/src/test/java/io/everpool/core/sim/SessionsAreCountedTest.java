package io.everpool.core.sim;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Whatever the pool has open has a place, or counts as a connect that was given up, until it is
 * closed: who waits until a suspended pool has nothing open any more (a checkpoint of the process)
 * reads it off these.
 */
class SessionsAreCountedTest {
  private static final long MS = 1_000_000L;
  private static final long SECOND = 1000 * MS;

  private int mostGivenUp;

  private static long occupied(Engine engine) {
    return Arrays.stream(engine.slots()).filter(slot -> slot.state() != State.EMPTY).count();
  }

  private void look(long seed, UpkeepWithoutFaces upkeep, FakeDatabase database) {
    boolean suspended = upkeep.bounds().suspended(); // in the order in which anybody has to read
    long places = occupied(upkeep.engine());
    int givenUp = upkeep.connectsGivenUp();
    mostGivenUp = Math.max(mostGivenUp, givenUp);
    assertThat(givenUp).as("given up in world %d", seed).isNotNegative();
    assertThat((long) database.open())
        .as("sessions in world %d, with %d places and %d given up", seed, places, givenUp)
        .isLessThanOrEqualTo(places + givenUp + (suspended ? 0 : 1)); // a scout may have no place
  }

  @Test
  void in_a_pool_that_is_suspended_and_replaced_again_and_again() {
    LongStream.rangeClosed(1, 200).forEach(this::live);
    assertThat(mostGivenUp).isGreaterThan(1);
  }

  private void live(long seed) {
    Universe universe = new Universe(seed);
    FakeDatabase database = new FakeDatabase(universe);
    PoolConfig config =
        PoolConfig.builder("fake:")
            .minSize(3)
            .maxSize(6)
            .sleep(SleepMode.OFF)
            .connectTimeout(Duration.ofSeconds(2)) // some hang for a minute
            .closeTimeout(Duration.ofHours(1)) // after twice that a place is given up
            .build();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config,
            database,
            database::classify,
            universe.environment(),
            new PoolEvents("sim", List.of()));
    database.watched(() -> look(seed, upkeep, database), () -> look(seed, upkeep, database));
    upkeep.start();
    for (int round = 0; round < 200; round++) {
      disturb(universe, database, upkeep);
      universe.run(
          universe.random.nextLong(universe.random.nextInt(4) == 0 ? SECOND : 10 * MS),
          () -> look(seed, upkeep, database));
    }
    upkeep.suspend();
    universe.run(120 * SECOND, () -> look(seed, upkeep, database));
    assertThat(upkeep.connectsGivenUp()).as("when all have come back").isZero();
    assertThat(occupied(upkeep.engine())).isZero();
    assertThat(database.open()).isZero();
  }

  private static void disturb(Universe universe, FakeDatabase database, UpkeepWithoutFaces upkeep) {
    switch (universe.random.nextInt(10)) {
      case 0 -> upkeep.suspend();
      case 1, 2 -> upkeep.resume();
      case 3 -> upkeep.fence("somebody wants it");
      case 4 -> upkeep.evictIdle();
      case 5 -> upkeep.resize(universe.random.nextInt(7), 6);
      case 6 -> database.killOne();
      case 7 -> database.promote();
      case 8 -> universe.hangNext(1);
      default -> use(universe, upkeep);
    }
  }

  /** Some find that it was lost, which may bring the fence down. */
  private static void use(Universe universe, UpkeepWithoutFaces upkeep) {
    Slot slot = upkeep.engine().tryAcquire(universe.random.nextInt(9));
    if (slot == null) {
      return;
    }
    upkeep.lent(slot);
    long lease = slot.lease;
    if (universe.random.nextInt(3) == 0) {
      upkeep.failed(requireNonNull(slot.entry), Verdict.SERVER_DOWN, "gone");
      upkeep.engine().doom(slot, lease, CloseReason.FAILED);
    }
    upkeep.engine().release(slot, lease);
  }
}
