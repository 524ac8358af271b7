package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GrowthTest {
  private static final long STEP = Growth.SHORTEST_STEP;

  /** A pool of 30 with nothing in it and {@code waiting} callers, the first for {@code waited}. */
  private static Growth.Facts burst(int waiting, long waited) {
    return new Growth.Facts(0, 0, 0, 30, 0, waiting, waited, 0, 30);
  }

  @Test
  void a_burst_begins_one_connect_and_doubles_with_every_step_of_waiting() {
    assertThat(Growth.connects(burst(20, 0))).isEqualTo(1);
    assertThat(Growth.connects(burst(20, STEP - 1))).isEqualTo(1);
    assertThat(Growth.connects(burst(20, STEP))).isEqualTo(2);
    assertThat(Growth.connects(burst(20, 2 * STEP))).isEqualTo(4);
    assertThat(Growth.connects(burst(3, 100 * STEP))).isEqualTo(3);
  }

  /** However long somebody has waited: of a server that is full one learns by few refusals. */
  @Test
  void no_more_are_begun_for_those_who_wait_than_there_are_or_a_few() {
    assertThat(Growth.connects(burst(20, 100 * STEP))).isEqualTo(Growth.FEW);
    for (int there = 1; there <= 20; there++) {
      for (int connecting = 0; connecting <= there; connecting++) {
        Growth.Facts facts =
            new Growth.Facts(
                there + connecting, 0, connecting, 50, 0, 50, 100 * STEP, 0, Integer.MAX_VALUE);
        assertThat(connecting + Growth.connects(facts))
            .as("%d there, %d connecting", there, connecting)
            .isEqualTo(Math.max(Math.max(Growth.FEW, there), connecting));
      }
    }
  }

  /**
   * Upkeep reads the clock, and then somebody joins: his wait began in what is the future to it.
   */
  @Test
  void whoever_began_to_wait_after_the_look_at_the_clock_has_not_waited_at_all() {
    for (long ahead : new long[] {1, STEP - 1, STEP, 2 * STEP, 27 * STEP, Long.MAX_VALUE / 2}) {
      Growth.Facts facts = burst(28, -ahead);
      assertThat(Growth.connects(facts)).as("%d ns ahead", ahead).isEqualTo(1);
      assertThat(Growth.lookAgainIn(facts)).as("%d ns ahead", ahead).isBetween(1L, STEP);
    }
  }

  @Test
  void who_is_asked_whether_he_slept_well_is_counted_on_for_a_step() {
    assertThat(Growth.answersSoon(STEP - 1)).isTrue();
    assertThat(Growth.answersSoon(STEP)).isFalse();
  }

  @Test
  void what_is_missing_to_the_minimum_is_opened_at_once() {
    assertThat(Growth.connects(new Growth.Facts(1, 1, 0, 9, 4, 0, 0, 0, 10))).isEqualTo(3);
  }

  @Test
  void neither_the_allowance_nor_the_room_is_exceeded() {
    assertThat(Growth.connects(new Growth.Facts(0, 0, 1, 9, 8, 20, 100 * STEP, 0, 2))).isEqualTo(1);
    assertThat(Growth.connects(new Growth.Facts(9, 0, 0, 1, 4, 20, 100 * STEP, 0, 10)))
        .isEqualTo(1);
    assertThat(Growth.connects(new Growth.Facts(0, 0, 3, 9, 8, 20, 100 * STEP, 0, 2))).isZero();
  }

  @Test
  void those_whom_an_idle_connection_will_serve_need_no_other() {
    assertThat(Growth.connects(new Growth.Facts(3, 3, 0, 9, 0, 3, 100 * STEP, 0, 10))).isZero();
    assertThat(Growth.lookAgainIn(new Growth.Facts(3, 3, 0, 9, 0, 0, 0, 0, 10)))
        .isEqualTo(Long.MAX_VALUE);
  }

  /** What is being opened already serves its share of those who wait. */
  @Test
  void connects_in_progress_count_for_those_who_wait() {
    assertThat(Growth.connects(new Growth.Facts(3, 0, 3, 7, 0, 20, 2 * STEP, 0, 10))).isEqualTo(1);
    assertThat(Growth.connects(new Growth.Facts(4, 0, 4, 6, 0, 20, 2 * STEP, 0, 10))).isZero();
  }

  @Test
  void a_step_is_a_quarter_of_a_connect_within_bounds() {
    for (long[] takesAndStep :
        new long[][] {
          {0, STEP},
          {4 * STEP + 3, STEP},
          {8 * STEP, 2 * STEP},
          {1_000 * STEP, Growth.LONGEST_STEP}
        }) {
      long step = takesAndStep[1];
      Growth.Facts justBefore = new Growth.Facts(0, 0, 0, 9, 0, 9, step - 1, takesAndStep[0], 9);
      Growth.Facts then = new Growth.Facts(0, 0, 0, 9, 0, 9, step, takesAndStep[0], 9);
      assertThat(Growth.connects(justBefore)).as("%d", step).isEqualTo(1);
      assertThat(Growth.connects(then)).as("%d", step).isEqualTo(2);
    }
  }

  /** Upkeep sleeps until then. */
  @Test
  void the_answer_is_looked_at_again_when_the_step_is_over() {
    assertThat(Growth.lookAgainIn(burst(1, 0))).isEqualTo(STEP);
    assertThat(Growth.lookAgainIn(burst(1, STEP / 4))).isEqualTo(STEP - STEP / 4);
    assertThat(Growth.lookAgainIn(burst(1, 3 * STEP - 1))).isEqualTo(1);
  }

  @Test
  void and_not_at_all_while_everybody_has_a_connect_or_there_is_no_room() {
    assertThat(Growth.lookAgainIn(new Growth.Facts(2, 0, 2, 8, 0, 3, 0, 0, 10))).isEqualTo(STEP);
    assertThat(Growth.lookAgainIn(new Growth.Facts(3, 0, 3, 7, 0, 3, 0, 0, 10)))
        .isEqualTo(Long.MAX_VALUE);
    assertThat(Growth.lookAgainIn(new Growth.Facts(10, 0, 0, 0, 0, 3, 0, 0, 10)))
        .isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void the_allowance_doubles_up_to_the_most() {
    assertThat(Growth.opened(1, 10)).isEqualTo(2);
    assertThat(Growth.opened(4, 10)).isEqualTo(8);
    assertThat(Growth.opened(8, 10)).isEqualTo(10);
    assertThat(Growth.opened(Integer.MAX_VALUE, Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
  }
}
