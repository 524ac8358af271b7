package io.everpool.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class FiguresTest {

  @Test
  void jainIsOneIfAllHaveAsMuch() {
    assertThat(Figures.jain(new long[] {7, 7, 7, 7})).isEqualTo(1);
  }

  /** One of four with everything is a quarter fair. */
  @Test
  void jainIsTheShareOfThoseWhoHaveSomething() {
    assertThat(Figures.jain(new long[] {9, 0, 0, 0})).isCloseTo(0.25, within(1e-9));
    assertThat(Figures.jain(new long[] {9, 9, 0, 0})).isCloseTo(0.5, within(1e-9));
  }

  @Test
  void aFigureThatIsNoNumberIsNotKept() {
    assertThat(new Figures().with("a", Double.NaN).with("b", 1).sample("r", "p", 1).figures())
        .containsOnlyKeys("b");
  }
}
