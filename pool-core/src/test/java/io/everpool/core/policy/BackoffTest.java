package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BackoffTest {
  private static final double ALMOST_ONE = Math.nextDown(1.0);

  @Test
  void the_ceiling_doubles_with_each_failure_up_to_the_highest() {
    assertThat(Backoff.delay(1, 100, 1_000, ALMOST_ONE)).isEqualTo(99);
    assertThat(Backoff.delay(2, 100, 1_000, ALMOST_ONE)).isEqualTo(199);
    assertThat(Backoff.delay(4, 100, 1_000, ALMOST_ONE)).isEqualTo(799);
    assertThat(Backoff.delay(5, 100, 1_000, ALMOST_ONE)).isEqualTo(999);
  }

  @Test
  void the_jitter_is_full() {
    assertThat(Backoff.delay(5, 100, 1_000, 0)).isZero();
    assertThat(Backoff.delay(5, 100, 1_000, 0.5)).isEqualTo(500);
  }

  /** A server that is away for a week fails millions of times in a row. */
  @Test
  void however_many_failures_the_ceiling_does_not_overflow() {
    assertThat(Backoff.delay(Integer.MAX_VALUE, 100_000_000, 16_000_000_000L, ALMOST_ONE))
        .isBetween(15_999_999_000L, 16_000_000_000L);
  }
}
