package io.everpool.postgresql.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.SideEffects;
import org.junit.jupiter.api.Test;

class SideEffectTest {

  private enum Foreign implements SideEffects.Kind {
    KIND
  }

  @Test
  void everySetOfBitsComesBackAsItWas() {
    for (int bits = 0; bits <= SessionReset.ALL; bits++) {
      SideEffects set = SideEffect.set(bits);
      assertThat(SideEffect.bits(set)).isEqualTo(bits);
      assertThat(set.isNone()).isEqualTo(bits == 0);
      assertThat(SideEffect.bits(set.and(SideEffects.EXPOSED))).isEqualTo(bits);
    }
  }

  /** Of a connector around this one. */
  @Test
  void kindsOfOthersAreLeftToThem() {
    SideEffects mixed = SideEffects.of(Foreign.KIND, SideEffect.ROLE);
    assertThat(SideEffect.bits(mixed)).isEqualTo(SessionReset.ROLE);
  }
}
