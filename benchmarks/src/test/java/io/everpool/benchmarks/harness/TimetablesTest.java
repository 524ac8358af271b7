package io.everpool.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class TimetablesTest {

  private static final long SECOND = 1_000_000_000;

  /** Below capacity and one after the other nobody waits at an ideal pool. */
  @Test
  void oneThreadNeverWaitsForItself() {
    Histogram waits = Timetables.drawn(1, 1e6, SECOND, 1).idealWaits(1, 5_000_000, 0);

    assertThat(waits.getTotalCount()).isPositive();
    assertThat(waits.getMaxValue()).isZero();
  }

  /**
   * Sources that ask at random of one server with constant holds at 80 % load wait 2 holds on
   * average (Pollaczek and Khinchine: load / (2 x (1 - load)) holds).
   */
  @Test
  void theIdealPoolIsTheTextbooks() {
    long hold = 1_000;
    int sources = 2_000;
    Timetables timetables = Timetables.drawn(sources, sources * hold / 0.8, SECOND, 7);

    Histogram waits = timetables.idealWaits(1, hold, SECOND / 10);

    assertThat(waits.getMean()).isCloseTo(2.0 * hold, within(0.15 * hold));
  }

  /** The same seed gives every pool the same arrivals; another round gets others. */
  @Test
  void arrivalsHangOnTheSeedOnly() {
    Histogram once = Timetables.drawn(10, 1e6, SECOND, 1).idealWaits(2, 300_000, 0);
    Histogram again = Timetables.drawn(10, 1e6, SECOND, 1).idealWaits(2, 300_000, 0);
    Histogram other = Timetables.drawn(10, 1e6, SECOND, 2).idealWaits(2, 300_000, 0);

    assertThat(again).isEqualTo(once).isNotEqualTo(other);
  }
}
