package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StartUpTest {

  @Test
  void onlySeveralRefusalsOverACoupleOfSecondsAreHopeless() {
    assertThat(StartUp.hopeless(StartUp.LEAST, StartUp.PATIENCE)).isTrue();
    assertThat(StartUp.hopeless(StartUp.LEAST - 1, Long.MAX_VALUE)).isFalse();
    assertThat(StartUp.hopeless(1_000, StartUp.PATIENCE - 1)).isFalse();
  }
}
