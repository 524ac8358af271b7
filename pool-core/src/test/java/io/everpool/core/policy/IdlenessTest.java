package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IdlenessTest {

  @Test
  void what_is_idle_too_long_goes_while_more_than_the_minimum_live() {
    assertThat(Idleness.evict(300, 300, 3, 2)).isTrue();
    assertThat(Idleness.evict(299, 300, 3, 2)).isFalse();
    assertThat(Idleness.evict(300, 300, 2, 2)).isFalse();
  }

  @Test
  void a_timeout_of_zero_is_never() {
    assertThat(Idleness.evict(Long.MAX_VALUE, 0, 20, 2)).isFalse();
  }

  @Test
  void a_pool_sleeps_that_may_and_has_had_nothing_to_do_and_nobody_waiting() {
    assertThat(Idleness.asleep(true, 60, 60, 0)).isTrue();
    assertThat(Idleness.asleep(true, 59, 60, 0)).isFalse();
    assertThat(Idleness.asleep(true, 60, 60, 1)).isFalse();
    assertThat(Idleness.asleep(false, 60, 60, 0)).isFalse();
  }

  /** Somebody else waits for the place; who wants his own for ever has said so. */
  @Test
  void where_the_server_is_full_what_is_not_needed_goes_sooner() {
    long second = 1_000_000_000L;
    assertThat(Idleness.timeout(300 * second, false)).isEqualTo(300 * second);
    assertThat(Idleness.timeout(300 * second, true)).isEqualTo(10 * second);
    assertThat(Idleness.timeout(5 * second, true)).isEqualTo(5 * second);
    assertThat(Idleness.timeout(0, true)).isZero();
  }
}
