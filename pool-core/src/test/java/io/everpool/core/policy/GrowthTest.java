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
    assertThat(Growth.connects(burst(20, 3 * STEP))).isEqualTo(8);
    assertThat(Growth.connects(burst(20, 100 * STEP))).isEqualTo(20);
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
}
