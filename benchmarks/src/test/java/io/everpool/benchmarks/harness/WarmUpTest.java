package io.everpool.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Each slice takes a second of a clock that the test turns. */
class WarmUpTest {
  private final Deque<Integer> compilesFor = new ArrayDeque<>();
  private long compilingMillis;
  private long seconds;

  private long slicesUntilWarm(int atMost, Integer... millisOfEach) throws Exception {
    compilesFor.addAll(List.of(millisOfEach));
    new WarmUp(() -> compilingMillis, () -> TimeUnit.SECONDS.toNanos(seconds))
        .run(
            atMost,
            () -> {
              compilingMillis += compilesFor.remove();
              seconds++;
            });
    return seconds;
  }

  @Test
  void itGoesOnUntilTheCompilersHaveRestedForTwoSlices() throws Exception {
    assertThat(slicesUntilWarm(15, 900, 400, 29, 31, 0, 29, 500)).isEqualTo(6);
  }

  @Test
  void itEndsAlsoIfTheyNeverRest() throws Exception {
    assertThat(slicesUntilWarm(3, 900, 900, 900, 900)).isEqualTo(3);
  }

  @Test
  void thisJvmIsWarmBeforeLong() throws Exception {
    int[] slices = new int[1];
    WarmUp.ofThisJvm().run(7, () -> slices[0]++);
    assertThat(slices[0]).isBetween(2, 7);
  }
}
