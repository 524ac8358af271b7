package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChurnTest {

  @Test
  void a_few_losses_are_chance_and_five_are_not() {
    assertThat(Churn.frequent(4, Churn.SILENCE)).isFalse();
    assertThat(Churn.frequent(5, Churn.SILENCE)).isTrue();
  }

  @Test
  void it_is_said_once_and_then_not_for_a_while() {
    assertThat(Churn.frequent(50, Churn.SILENCE - 1)).isFalse();
  }
}
