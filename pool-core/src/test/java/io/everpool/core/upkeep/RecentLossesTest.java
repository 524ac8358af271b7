package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.core.policy.LossRate;
import org.junit.jupiter.api.Test;

/** Advice that comes too soon or too often is not read. */
class RecentLossesTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long START = Long.MAX_VALUE - 30 * SECOND; // the clock may wrap
  private final RecentLosses losses = new RecentLosses(START);

  private static long after(long seconds) {
    return START + seconds * SECOND;
  }

  @Test
  void five_losses_with_causes_of_their_own_are_frequent() {
    for (int i = 0; i < 4; i++) {
      assertThat(losses.frequent(i + 1, after(10L * i))).isFalse();
    }
    assertThat(losses.frequent(5, after(40))).isTrue();
    assertThat(losses.times()).isEqualTo(5);
  }

  /** The restart of a server takes a whole pool with it, in several passes. */
  @Test
  void losses_close_together_have_one_cause() {
    for (int lost = 1; lost <= 20; lost++) {
      assertThat(losses.frequent(lost, START + (long) lost * SECOND / 50)).isFalse();
    }
    assertThat(losses.times()).isEqualTo(1);
  }

  @Test
  void passes_without_a_loss_change_nothing() {
    losses.frequent(1, START);
    for (int i = 1; i < 100; i++) {
      assertThat(losses.frequent(1, after(i))).isFalse();
    }
    assertThat(losses.times()).isEqualTo(1);
  }

  @Test
  void losses_over_a_long_time_are_chance() {
    for (int lost = 1; lost <= 50; lost++) {
      assertThat(losses.frequent(lost, START + (long) lost * LossRate.WINDOW / 3)).isFalse();
    }
  }

  @Test
  void once_said_it_is_not_said_again_for_a_while() {
    int said = 0;
    long time = START;
    for (int lost = 1; time - START < 2 * LossRate.SILENCE; lost++) {
      said += losses.frequent(lost, time) ? 1 : 0;
      time += 10 * SECOND;
    }
    assertThat(said).isEqualTo(2);
  }
}
