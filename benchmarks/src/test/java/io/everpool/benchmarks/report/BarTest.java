package io.everpool.benchmarks.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Figures;
import io.everpool.benchmarks.harness.Regimes;
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

  /** Of a regime in which Everpool fails, a bar is not merely not measured. */
  @Test
  void aBarOfARegimeInWhichEverpoolFailedIsNotMet() {
    Sample failed = Sample.failed("cycle-8", Contender.EVERPOOL.key(), 2, "out of luck");
    Sample hikari = sample(Contender.HIKARI, 1, Map.of(Figures.CPU_NS, 100.0));
    Sample good = sample(Contender.EVERPOOL, 1, Map.of(Figures.CPU_NS, 10.0));

    for (Bar bar : List.of(cpu(results(failed, hikari)), cpu(results(good, failed, hikari)))) {
      assertThat(bar.verdict()).isEqualTo("FAILED");
      assertThat(bar.met()).isFalse();
    }
    assertThat(
            Bar.all(results(failed)).stream()
                .filter(bar -> bar.regime().equals("cycle-8"))
                .map(Bar::verdict))
        .containsOnly("FAILED");
  }

  /** Two figures of Everpool's own make this one. */
  @Test
  void aBarAgainstARegimeInWhichEverpoolFailedIsNotMet() {
    Results results =
        results(
            Sample.failed("sparse-10", Contender.EVERPOOL.key(), 1, "out of luck"),
            Sample.failed("own-10", Contender.EVERPOOL.key(), 1, "out of luck"),
            new Sample("sparse-1000", "everpool", 1, Map.of(Figures.CPU_NS, 1.0), List.of(), null),
            new Sample("own-1000", "everpool", 1, Map.of(Figures.CPU_US, 1.0), List.of(), null));

    assertThat(
            Bar.all(results).stream()
                .filter(bar -> bar.verdict().equals("FAILED"))
                .map(Bar::regime))
        .contains("sparse-1000", "own-1000");
  }

  @Test
  void aFailedBarIsLegible() {
    Bar race =
        Bar.all(results(Sample.failed("race", Contender.EVERPOOL.key(), 1, "out of luck"))).stream()
            .filter(bar -> bar.regime().equals("race"))
            .findFirst()
            .orElseThrow();
    assertThat(race.row()).containsExactly("race", "wake-ups lost", "<= 0", "-", "FAILED");
  }

  @Test
  void aPoolThatFailedInSomeRoundsHasALineBesideItsFigures() {
    Results results =
        results(
            sample(Contender.HIKARI, 1, Map.of(Figures.CPU_NS, 100.0)),
            sample(Contender.DRUID, 1, Map.of(Figures.CPU_NS, 70.0)),
            Sample.failed("cycle-8", Contender.DRUID.key(), 2, "out of luck"),
            Sample.failed("cycle-8", Contender.DRUID.key(), 3, "out of luck"),
            Sample.failed("cycle-8", Contender.VIBUR.key(), 1, "no day for it"),
            Sample.failed("cycle-8", Contender.VIBUR.key(), 2, "still no day for it"),
            Sample.failed("cycle-8", Contender.C3P0.key(), 1, "alone"));

    assertThat(Tables.of(Regimes.named("cycle-8").get(0), results))
        .contains("| Druid 1.")
        .contains("\nDruid failed in 2 of 3 rounds: out of luck\n")
        .contains("\nVibur failed in 2 of 2 rounds: no day for it; still no day for it\n")
        .contains("\nc3p0 failed: alone\n")
        .doesNotContain("HikariCP failed", "| Vibur");
  }
}
