package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AwaitTest {

  @Test
  void looksUntilTheFactHolds() {
    AtomicInteger looks = new AtomicInteger();
    Await.until(() -> looks.incrementAndGet() == 20, "twenty looks");
    assertThat(looks).hasValue(20);
  }

  @Test
  void whatALookThrowsIsThrown() {
    assertThatThrownBy(
            () ->
                Await.until(
                    () -> {
                      throw new SQLException("no answer");
                    },
                    "an answer"))
        .isInstanceOf(SQLException.class)
        .hasMessage("no answer");
  }

  /** A thread that can't park any more would spin until the limit. */
  @Test
  void endsWhenInterruptedKeepsTheFlagAndTellsWhatThereIsThen() {
    AtomicInteger looks = new AtomicInteger();
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> Await.until(() -> looks.incrementAndGet() < 0, looks))
        .isInstanceOf(AssertionError.class)
        .hasMessage("interrupted while waiting for 1");
    assertThat(Thread.interrupted()).isTrue();
  }
}
