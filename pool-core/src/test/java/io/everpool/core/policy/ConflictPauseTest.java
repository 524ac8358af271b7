package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** The pause after a lost race is short, spread, and bounded. */
class ConflictPauseTest {

  @Test
  void theCeilingDoublesUpToItsBound() {
    double almostOne = 1 - 1e-9;
    assertThat(ConflictPause.nanos(1, almostOne)).isBetween(900_000L, 1_000_000L);
    assertThat(ConflictPause.nanos(3, almostOne)).isBetween(3_900_000L, 4_000_000L);
    assertThat(ConflictPause.nanos(1_000, almostOne)).isBetween(24_900_000L, 25_000_000L);
    assertThat(ConflictPause.nanos(Integer.MAX_VALUE, almostOne)).isLessThanOrEqualTo(25_000_000L);
  }

  @Test
  void anythingBelowTheCeilingMayCome() {
    assertThat(ConflictPause.nanos(10, 0)).isZero();
    assertThat(ConflictPause.nanos(10, 0.5)).isEqualTo(12_500_000L);
  }
}
