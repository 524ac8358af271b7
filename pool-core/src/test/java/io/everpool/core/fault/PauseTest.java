package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
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

  /** The clock that deadlines are measured by stands still while a lid is shut. */
  @Test
  void after_a_suspend_of_the_machine_what_was_idle_is_looked_at() {
    Engine engine = open(1).engine();
    use(engine);
    now += 100 * MS;
    suspended += 10_000 * MS;
    beat();
    assertThat(engine.slots()[0].state()).isEqualTo(State.PROBING);
    work();
    now += 100 * MS;
    beat();
    assertThat(engine.slots()[0].state()).as("once").isEqualTo(State.IDLE);
  }

  @Test
  void a_time_of_day_that_is_set_back_is_no_pause() {
    Engine engine = open(1).engine();
    use(engine);
    now += 100 * MS;
    suspended -= 3_600_000 * MS;
    beat();
    assertThat(mistrusted(engine)).isZero();
  }

  /** Its answer came meanwhile, and is read as soon as its thread runs again. */
  @Test
  void what_was_being_examined_before_a_pause_has_time_to_end() {
    UpkeepWithoutFaces upkeep = open(1);
    Slot slot = upkeep.engine().slots()[0];
    upkeep.suspect();
    beat();
    assertThat(slot.state()).isEqualTo(State.PROBING);
    pause();
    assertThat(slot.state()).isEqualTo(State.PROBING);
    work();
    assertThat(slot.state()).isEqualTo(State.IDLE);
    assertThat(events).noneMatch(PoolEvent.HealthCheckFailed.class::isInstance);
  }

  @Test
  void what_was_being_opened_before_a_pause_has_time_to_arrive() {
    UpkeepWithoutFaces upkeep = open(1);
    Slot slot = connecting(upkeep);
    pause();
    assertThat(slot.state()).isEqualTo(State.CONNECTING);
    work();
    assertThat(slot.state()).isEqualTo(State.IDLE);
    beat();
    assertThat(events).noneMatch(PoolEvent.ConnectFailed.class::isInstance);
  }

  @Test
  void what_was_being_cleaned_before_a_pause_has_time_to_be_clean() {
    UpkeepWithoutFaces upkeep = open(1);
    Engine engine = upkeep.engine();
    Slot slot = requireNonNull(engine.tryAcquire(1));
    upkeep.resets().started(slot, slot.lease, CloseReason.FAILED);
    pause();
    upkeep.resets().ended(slot, slot.lease);
    assertThat(engine.release(slot, slot.lease)).as("its own").isTrue();
  }

  @Test
  void what_was_being_closed_before_a_pause_is_not_cut() {
    UpkeepWithoutFaces upkeep = open(1);
    Slot slot = upkeep.engine().slots()[0];
    upkeep.evictIdle();
    beat();
    beat();
    assertThat(slot.state()).isEqualTo(State.CLOSING);
    pause();
    assertThat(workers).as("no second one to cut it").hasSize(1);
  }

  /** For a pass, however many come in that time. */
  @Test
  void what_hangs_after_a_pause_is_given_up_a_pass_later() {
    Slot slot = connecting(open(1));
    pause();
    now += 99 * MS;
    beat();
    assertThat(slot.state()).isEqualTo(State.CONNECTING);
    now += MS;
    beat();
    assertThat(slot.state()).isEqualTo(State.EMPTY);
  }

  /** As of a process that is always short of time. */
  @Test
  void of_two_pauses_in_a_row_the_second_spares_nothing() {
    Slot slot = connecting(open(1));
    pause();
    pause();
    assertThat(slot.state()).isEqualTo(State.EMPTY);
  }

  /** A deadline is a promise to whoever has set it. */
  @Test
  void a_unit_whose_deadline_was_in_a_pause_is_ended_at_once() {
    AtomicInteger told = new AtomicInteger();
    UpkeepWithoutFaces upkeep = open(1);
    upkeep.unitDeadlines().watch(now + 5000 * MS, told::incrementAndGet);
    pause();
    assertThat(told).hasValue(1);
  }

  /** The one connection, which is being opened anew. */
  private Slot connecting(UpkeepWithoutFaces upkeep) {
    upkeep.evictIdle();
    beat();
    work();
    beat();
    beat(); // which sees it
    Slot slot = upkeep.engine().slots()[0];
    assertThat(slot.state()).isEqualTo(State.CONNECTING);
    return slot;
  }

  /** Longer than anything may take; and the pass that comes after it. */
  private void pause() {
    now += LONGER_THAN_ANY_TIMEOUT;
    beat();
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
