package io.everpool.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.benchmarks.contenders.Contender;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openjdk.jmh.runner.options.Options;

/** JMH forks as the command line says. */
class LeaseTest {
  private static final Surroundings PLAIN =
      new Surroundings(Pace.SHORT, 1, 1, 1, null, false, List.of());

  private static Options options(String regime, Surroundings surroundings) {
    return ((Lease) Regimes.named(regime).get(0)).options(Contender.EVERPOOL, surroundings);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cycle-8", "statement-1", "sparse-100"})
  void theForkHasTheFlagsThatWereAskedFor(String regime) {
    Options options = options(regime, PLAIN.withJvm(false, List.of("-Xss512k", "-Xint")));

    assertThat(options.getForkCount().get()).isEqualTo(1);
    assertThat(options.getJvmArgs().get())
        .containsExactly("-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch", "-Xss512k", "-Xint");
    assertThat(options(regime, PLAIN).getJvmArgs().get()).containsExactlyElementsOf(Fork.JVM_FLAGS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cycle-8", "statement-1", "sparse-100"})
  void inProcessThereIsNoFork(String regime) {
    assertThat(options(regime, PLAIN.withJvm(true, List.of())).getForkCount().get()).isZero();
  }

  @Test
  void ofWhatAJvmSaidTheEndIsToldWithoutFrames() {
    String trace = "one\ntwo\n\n  java.lang.Error: three\n\tat here\n\tat there\nfour\n";
    assertThat(LastWords.after("exit code 1", trace))
        .isEqualTo("exit code 1: two; java.lang.Error: three; four");
    assertThat(LastWords.after("exit code 137", "\n")).isEqualTo("exit code 137");
  }
}
