package io.everpool.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Fork;
import io.everpool.benchmarks.harness.Pace;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Sample;
import io.everpool.benchmarks.harness.Surroundings;
import io.everpool.benchmarks.report.Results;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("one-jdk")
class BenchmarksTest {

  /**
   * What nobody runs rots: every pool goes through every kind of regime in each build; with {@code
   * -Dtests.sample=N} only Everpool and HikariCP.
   */
  @Test
  void everyPoolGoesThroughEveryRegime(@TempDir Path folder) throws Exception {
    List<String> options = new ArrayList<>(List.of("--smoke", "--out", folder.toString()));
    if (Integer.getInteger("tests.sample", 1) > 1) {
      options.addAll(List.of("--pools", "everpool,hikari"));
    }
    Flags flags = Flags.of(options.toArray(String[]::new));
    ByteArrayOutputStream printed = new ByteArrayOutputStream();

    Results results = new Run(flags, new PrintStream(printed, true, StandardCharsets.UTF_8)).all();

    List<String> expected = new ArrayList<>();
    for (Regime regime : flags.regimes()) {
      if (regime.release() <= Runtime.version().feature()) {
        regime.contenders().stream()
            .filter(pool -> flags.pools().contains(pool))
            .forEach(pool -> expected.add(regime.key() + " " + pool));
      }
    }
    assertThat(results.samples())
        .as(printed.toString(StandardCharsets.UTF_8))
        .allMatch(sample -> sample.failure() == null, "has no failure")
        .allMatch(sample -> !sample.figures().isEmpty(), "has figures")
        .extracting(sample -> sample.regime() + " " + sample.pool())
        .containsExactlyInAnyOrderElementsOf(expected);
    assertThat(printed.toString(StandardCharsets.UTF_8)).contains("### Bars", "HikariCP 7");
    assertThat(Files.readString(folder.resolve("results.json"))).contains("\"samples\"");
    assertThat(folder.resolve("cycle.svg")).content().startsWith("<svg").contains("HikariCP");
    assertThat(folder.resolve("saturated-waits.svg")).content().contains("polyline");
  }

  /** The figures that count come out of JVMs of their own. */
  @Test
  void aForkedTrialAnswers(@TempDir Path folder) throws Exception {
    Surroundings surroundings = Surroundings.of(Pace.SMOKE);

    Sample sample =
        new Fork(List.of("-Xss512k"), folder.resolve("trials.log"))
            .run("saturated", Contender.HIKARI.key(), 3, surroundings);

    assertThat(sample.failure()).isNull();
    assertThat(sample.round()).isEqualTo(3);
    assertThat(sample.figures()).containsKeys("p99Ms", "held");
  }

  /** A pool that fails is in the tables with its reason; it is not left out. */
  @Test
  void aTrialThatFailsSaysWhy(@TempDir Path folder) throws Exception {
    Surroundings surroundings = Surroundings.of(Pace.SMOKE);

    Sample sample =
        new Fork(List.of(), folder.resolve("trials.log"))
            .run("pg-1", Contender.HIKARI.key(), 1, surroundings);

    assertThat(sample.failure()).contains("no server");
  }

  /** The JVM's own words, for which nobody should have to look in the log. */
  @Test
  void aJvmThatDoesNotBeginSaysWhy(@TempDir Path folder) throws Exception {
    Path log = Files.writeString(folder.resolve("trials.log"), "of a trial before\n");

    Sample sample =
        new Fork(List.of("-XX:+NoSuchThing"), log)
            .run("saturated", Contender.HIKARI.key(), 1, Surroundings.of(Pace.SMOKE));

    assertThat(sample.failure())
        .startsWith("exit code 1: Unrecognized VM option 'NoSuchThing'")
        .doesNotContain("of a trial before");
  }
}
