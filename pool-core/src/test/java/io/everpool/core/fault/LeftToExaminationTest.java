package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A connection whose holder has too little time to ask it, has left it to examination, and looks
 * for it after pauses, for he doesn't stand in line: passes come between.
 */
class LeftToExaminationTest extends UpkeepByHand {
  private final UpkeepWithoutFaces upkeep = open(1);

  private void pass() {
    now += 100 * MS;
    beat();
  }

  private Slot acquire() {
    return requireNonNull(upkeep.engine().tryAcquire(1));
  }

  private void rest() {
    for (int i = 0; i < 3; i++) {
      pass();
    }
  }

  private void examined(int passesBefore, int passesMeanwhile) {
    rest();
    Slot slot = acquire();
    assertThat(slot.hadRested(slot.lease)).as("is to be looked at").isTrue();
    for (int i = 0; i < passesBefore; i++) {
      pass();
    }
    assertThat(upkeep.leaveToExamination(slot)).isTrue();
    for (int i = 0; i <= passesMeanwhile; i++) {
      pass();
    }
    assertThat(slot.state()).isEqualTo(State.PROBING);
    work();
    assertThat(slot.state()).isEqualTo(State.IDLE);
  }

  @ParameterizedTest
  @CsvSource({"0, 0", "0, 1", "1, 0", "1, 1"})
  void a_pass_before_he_has_it_does_not_have_it_asked_again(int before, int meanwhile) {
    examined(before, meanwhile);
    pass();
    Slot slot = acquire();
    assertThat(slot.hadRested(slot.lease)).isFalse();
  }

  /** Others who leave theirs to examination hurry upkeep. */
  @Test
  void nor_do_several_that_follow_at_once() {
    examined(0, 0);
    for (int i = 0; i < 5; i++) {
      now += MS;
      beat();
    }
    Slot slot = acquire();
    assertThat(slot.hadRested(slot.lease)).isFalse();
  }

  @Test
  void once_nobody_has_wanted_it_for_a_whole_pass_it_is_looked_at() {
    examined(0, 0);
    pass();
    pass();
    Slot slot = acquire();
    assertThat(slot.hadRested(slot.lease)).isTrue();
  }

  /** What has happened since then the examination says nothing of. */
  @Test
  void and_where_something_has_happened_meanwhile() {
    examined(0, 0);
    upkeep.engine().mistrustIdle();
    pass();
    Slot slot = acquire();
    assertThat(slot.hadRested(slot.lease)).isTrue();
  }

  /** Its examination is no use: it has rested before and after that. */
  @Test
  void one_that_upkeep_examines_of_itself_goes_on_resting() {
    rest();
    suspended += 10_000 * MS; // after which all are examined
    pass();
    Slot slot = upkeep.engine().slots()[0];
    assertThat(slot.state()).isEqualTo(State.PROBING);
    work();
    pass();
    assertThat(slot.state()).isEqualTo(State.IDLE);
    acquire();
    assertThat(slot.hadRested(slot.lease)).isTrue();
  }
}
