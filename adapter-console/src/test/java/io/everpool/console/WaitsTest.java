package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

/** Waits by the second, in a time of the test's own. */
class WaitsTest {
  private static final long MS = 1_000_000;

  private long now = 500_000;
  private final Waits waits = new Waits(() -> now);

  @Test
  void a_second_is_told_when_it_is_over() {
    for (int i = 1; i <= 200; i++) {
      waits.add(i * MS);
    }
    waits.addInVain();
    assertThat(waits.since(0)).isEmpty();
    now += 1_000;
    assertThat(waits.since(0))
        .singleElement()
        .satisfies(
            point -> {
              assertThat(point.second()).isEqualTo(500);
              assertThat(point.count()).isEqualTo(200);
              assertThat(point.inVain()).isEqualTo(1);
              assertThat(point.median()).isCloseTo(100 * MS, Percentage.withPercentage(7));
              assertThat(point.p99()).isCloseTo(198 * MS, Percentage.withPercentage(7));
              assertThat(point.most()).isCloseTo(200 * MS, Percentage.withPercentage(7));
            });
    assertThat(waits.since(501)).isEmpty();
  }

  @Test
  void a_second_without_waits_is_left_out_and_an_old_one_forgotten() {
    waits.add(MS);
    now += 5_000;
    waits.addInVain();
    now += 1_000;
    assertThat(waits.since(0)).extracting(Waits.Point::second).containsExactly(500L, 505L);
    assertThat(waits.since(0).get(1).median()).isZero();
    now += 1_000L * Waits.SECONDS;
    assertThat(waits.since(0)).extracting(Waits.Point::second).isEmpty();
  }

  @Test
  void every_duration_is_in_a_bucket_whose_middle_is_near() {
    for (long nanos = 1_000; nanos < 4_000L * 1_000_000_000; nanos += 1 + nanos / 100) {
      assertThat((double) Buckets.nanos(Buckets.index(nanos)) / nanos)
          .as("%s ns", nanos)
          .isCloseTo(1, within(0.0725));
    }
    assertThat(Buckets.index(0)).isZero();
    assertThat(Buckets.index(Long.MAX_VALUE)).isEqualTo(Buckets.COUNT - 1);
  }
}
