package io.everpool.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {

  @Test
  void looksUntilTheConditionHolds() {
    AtomicInteger looks = new AtomicInteger();
    Await.until(Duration.ofSeconds(10), () -> looks.incrementAndGet() == 3, "three looks");
    assertThat(looks).hasValue(3);
  }

  @Test
  void givesUpWithASentence() {
    assertThatThrownBy(() -> Await.until(Duration.ofMillis(20), () -> false, "the moon"))
        .isInstanceOf(AssertionError.class)
        .hasMessage("waited 20 ms in vain for the moon");
  }

  @Test
  void tellsWhatThereIsThen() {
    AtomicInteger looks = new AtomicInteger();
    assertThatThrownBy(
            () ->
                Await.until(
                    Duration.ofMillis(20), () -> looks.incrementAndGet() < 0, () -> "" + looks))
        .hasMessage("waited 20 ms in vain for " + looks);
    assertThat(looks).hasPositiveValue();
  }

  /** A thread that can't park any more would spin until the deadline. */
  @Test
  void endsWhenInterruptedAndKeepsTheFlag() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Await.until(Duration.ofMinutes(1), () -> false, "the moon"))
        .hasMessage("interrupted while waiting for the moon");
    assertThat(Thread.interrupted()).isTrue();
  }
}
