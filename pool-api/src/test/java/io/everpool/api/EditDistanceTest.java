package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** By hand, on paper. */
class EditDistanceTest {

  @ParameterizedTest
  @CsvSource({
    "max-size, max-size, 0",
    "max-size, maxsize, 1",
    "max-size, max-sizes, 1",
    "max-size, max-sine, 1",
    "max-size, max-szie, 1",
    "max-size, amx-szie, 2",
    "kitten, sitting, 3",
    "A, a, 1",
    "'', abc, 3",
    "'', '', 0"
  })
  void lettersAreCountedBothWays(String from, String to, int distance) {
    assertThat(EditDistance.between(from, to)).isEqualTo(distance);
    assertThat(EditDistance.between(to, from)).isEqualTo(distance);
  }
}
