package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** What upkeep makes of time: of a clock that jumps, and of leases that last. */
class PauseTest extends UpkeepByHand {
  private static void use(Engine engine) {
    Slot slot = requireNonNull(engine.tryAcquire(1));
    engine.release(slot, slot.lease);
  }

  /** How many of the idle connections would be looked at, were they lent now. */
  private static long mistrusted(Engine engine) {
    return Arrays.stream(engine.slots())
        .filter(slot -> slot.state() == State.IDLE && slot.restedWord == slot.word())
        .count();
  }

  /** A connection was used a moment ago; then the process stands still for ten seconds. */
  @Test
  void after_a_pause_of_the_process_what_was_idle_is_looked_at() {
    Engine engine = open(1).engine();
    use(engine);
    assertThat(mistrusted(engine)).as("used a moment ago").isZero();
    now += 10_000 * MS;
    beat();
    assertThat(engine.slots()[0].state()).as("examined at once").isEqualTo(State.PROBING);
    work();
    assertThat(engine.tryAcquire(1)).isNotNull();
  }

  /** A pass that is a little late is no pause. */
  @Test
  void a_late_pass_makes_nobody_look() {
    Engine engine = open(1).engine();
    use(engine);
    now += 300 * MS;
    beat();
    assertThat(mistrusted(engine)).isZero();
  }

  /** By the one who has met it, without waiting for upkeep: the next borrower comes at once. */
  @Test
  void one_failure_has_the_idle_others_looked_at_before_upkeep_comes_to_it() {
    UpkeepWithoutFaces upkeep = open(3);
    Engine engine = upkeep.engine();
    Slot failed = requireNonNull(engine.tryAcquire(1));
    for (int i = 0; i < 3; i++) {
      use(engine);
    }
    PooledEntry entry = requireNonNull(failed.entry);
    engine.doom(failed, failed.lease, CloseReason.FAILED);
    upkeep.failed(entry, Verdict.CONNECTION_LOST, "gone");
    assertThat(mistrusted(engine)).isEqualTo(2);
  }

  /** A doom is no move of the holder's: he goes on holding. */
  @Test
  void a_leak_is_told_of_a_lease_that_was_doomed_meanwhile_and_since_when_it_is_held() {
    UpkeepWithoutFaces upkeep = open(1);
    Engine engine = upkeep.engine();
    Slot held = requireNonNull(engine.tryAcquire(1));
    for (int second = 0; second < 3; second++) {
      beat();
      now += 1000 * MS;
    }
    upkeep.fence("an operator's wish");
    for (int second = 3; second < 12; second++) {
      beat();
      now += 1000 * MS;
    }
    beat();
    assertThat(held.state()).isEqualTo(State.DOOMED);
    assertThat(upkeep.unmovedFor(held)).isEqualTo(12_000 * MS);
    assertThat(events)
        .filteredOn(PoolEvent.LeakSuspected.class::isInstance)
        .singleElement()
        .satisfies(
            event ->
                assertThat(((PoolEvent.LeakSuspected) event).heldNanos())
                    .isBetween(10_000 * MS, 11_000 * MS));
  }
}
