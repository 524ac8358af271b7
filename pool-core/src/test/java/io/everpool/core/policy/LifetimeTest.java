package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LifetimeTest {

  @Test
  void the_jitter_takes_off_a_tenth_at_most_and_adds_nothing() {
    assertThat(Lifetime.expiresAt(500, 1_000, 0)).isEqualTo(1_500);
    assertThat(Lifetime.expiresAt(500, 1_000, 0.999)).isBetween(1_400L, 1_402L);
  }

  @Test
  void without_a_limit_nothing_expires() {
    long opened = Long.MAX_VALUE - 5; // the clock is about to wrap
    long inTenYears = opened + 10L * 365 * 86_400 * 1_000_000_000L;
    assertThat(inTenYears - Lifetime.expiresAt(opened, 0, 0.5)).isNegative();
  }

  @Test
  void nothing_expires_before_the_earliest() {
    assertThat(Lifetime.earliest(500, 1_000)).isEqualTo(1_400);
    assertThat(Lifetime.expiresAt(500, 1_000, Math.nextDown(1.0))).isEqualTo(1_401);
  }
}
