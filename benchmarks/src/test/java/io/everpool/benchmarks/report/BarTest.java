package io.everpool.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Figures;
import io.everpool.benchmarks.harness.Sample;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class BarTest {

  private static Sample sample(Contender pool, int round, Map<String, Double> figures) {
    return new Sample("cycle-8", pool.key(), round, figures, List.of(), null);
  }

  private static Results results(Sample... samples) {
    return new Results(new Machine("cpu", 2, 4, "os", "jdk"), "now", "short", 3, List.of(samples));
  }

  private static Bar cpu(Results results) {
    return Bar.all(results).stream()
        .filter(bar -> bar.regime().equals("cycle-8") && bar.what().startsWith("CPU"))
        .findFirst()
        .orElseThrow();
  }

  /** Medians over the rounds, so that one disturbed round decides nothing. */
  @Test
  void aBarIsMeasuredByMedians() {
    Bar bar =
        cpu(
            results(
                sample(Contender.EVERPOOL, 1, Map.of(Figures.CPU_NS, 10.0)),
                sample(Contender.EVERPOOL, 2, Map.of(Figures.CPU_NS, 900.0)),
                sample(Contender.EVERPOOL, 3, Map.of(Figures.CPU_NS, 12.0)),
                sample(Contender.HIKARI, 1, Map.of(Figures.CPU_NS, 100.0))));

    assertThat(bar.measured()).isEqualTo(0.12);
    assertThat(bar.verdict()).isEqualTo("met");
  }

  @Test
  void aBarThatIsMissedSaysSo() {
    Bar bar =
        cpu(
            results(
                sample(Contender.EVERPOOL, 1, Map.of(Figures.CPU_NS, 21.0)),
                sample(Contender.HIKARI, 1, Map.of(Figures.CPU_NS, 100.0))));

    assertThat(bar.verdict()).isEqualTo("MISSED");
  }

  @Test
  void aBarWithoutAPeerIsNotMeasured() {
    Bar bar = cpu(results(sample(Contender.EVERPOOL, 1, Map.of(Figures.CPU_NS, 10.0))));

    assertThat(bar.verdict()).isEqualTo("not measured");
    assertThat(bar.met()).isFalse();
  }

  @Test
  void aPoolThatFailedInEveryRoundSaysWhy() {
    Results results =
        results(
            sample(Contender.HIKARI, 1, Map.of(Figures.CPU_NS, 100.0)),
            Sample.failed("cycle-8", Contender.DRUID.key(), 1, "out of luck"));

    assertThat(results.failure("cycle-8", Contender.DRUID)).contains("out of luck");
    assertThat(results.failure("cycle-8", Contender.HIKARI)).isEmpty();
  }
}
