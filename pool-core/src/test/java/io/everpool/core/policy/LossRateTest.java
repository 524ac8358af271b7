package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LossRateTest {

  @Test
  void a_few_losses_are_chance_and_five_are_not() {
    assertThat(LossRate.frequent(4, LossRate.SILENCE)).isFalse();
    assertThat(LossRate.frequent(5, LossRate.SILENCE)).isTrue();
  }

  @Test
  void it_is_said_once_and_then_not_for_a_while() {
    assertThat(LossRate.frequent(50, LossRate.SILENCE - 1)).isFalse();
  }
}
