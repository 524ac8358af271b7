package io.everpool.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Pace;
import io.everpool.benchmarks.harness.Regime;
import io.everpool.benchmarks.harness.Regimes;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class FlagsTest {

  @Test
  void withoutFlagsEverythingIsMeasuredInTheShortForm() {
    Flags flags = Flags.of();

    assertThat(flags.pace()).isEqualTo(Pace.SHORT);
    assertThat(flags.regimes()).isEqualTo(Regimes.list());
    assertThat(flags.pools()).containsExactlyInAnyOrder(Contender.values());
    assertThat(flags.out().toString()).startsWith(Path.of("benchmarks", "results").toString());
  }

  @Test
  void aGroupNamesAllItsRegimes() {
    Flags flags = Flags.of("--long", "--regimes", "cycle,pg-8", "--pools", "everpool,Hikari");

    assertThat(flags.pace()).isEqualTo(Pace.LONG);
    assertThat(flags.regimes())
        .extracting(Regime::key)
        .containsExactly("cycle-1", "cycle-2", "cycle-8", "pg-8");
    assertThat(flags.pools()).containsExactly(Contender.EVERPOOL, Contender.HIKARI);
  }

  @Test
  void restartsAreCounted() {
    assertThat(Flags.of().restarts()).isZero();
    assertThat(Flags.of("--restarts", "50").restarts()).isEqualTo(50);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of("--restarts", "many"))
        .withMessageContaining("--restarts wants a number");
  }

  @Test
  void whatItDoesNotKnowItRefuses() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of("--regimes", "cycle-3"))
        .withMessageContaining("cycle-8");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of("--pools", "proxool"))
        .withMessageContaining("hikari");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of("--fast"))
        .withMessageContaining("--fast");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of("--out"))
        .withMessageContaining("--out wants a value");
  }

  /** Flags of which one makes the other mean nothing. */
  @Test
  void whatItWouldIgnoreItRefuses() {
    for (String with : new String[] {"--in-process", "--smoke"}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Flags.of("--jvm", "-Xss512k", with))
          .withMessageContaining("--jvm")
          .withMessageContaining("this JVM");
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Flags.of("--down", "2000"))
        .withMessageContaining("--restarts");
    for (String number : new String[] {"0", "-1", "many"}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> Flags.of("--rounds", number))
          .withMessageContaining("--rounds wants a number");
    }
    assertThat(Flags.of("--jvm", "-Xss512k  -Xint").jvmFlags())
        .containsExactly("-Xss512k", "-Xint");
  }
}
