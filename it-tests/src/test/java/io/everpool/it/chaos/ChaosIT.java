package io.everpool.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.it.chaos.Score.Figure;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing is lost and nothing is doubled, whatever strikes. */
class ChaosIT {
  private static final Duration MINUTE = Duration.ofMinutes(1);

  /**
   * A minute with every kind of fault in it. An acknowledged transfer is there once, a refused one
   * not at all, an unknown one is named; and unknown is only what a crash has cut off.
   */
  @Test
  @Timeout(300)
  void nothingIsLostOrDoubledWhateverStrikes() throws Exception {
    ChaosSettings settings = ChaosSettings.orElse(MINUTE, false);
    System.out.println("ChaosIT: repeat it by " + settings);
    try (ChaosLog log = ChaosLog.open();
        ChaosRun run = new ChaosRun(settings, strike -> {})) {
      run.run();
      String summary = Summary.of(run) + "log: " + log.file();
      assertThat(Chaos.flawless(run)).as(summary).isTrue();
      assertThat(run.score().get(Figure.UNKNOWN_WITHOUT_CRASH)).as(summary).isZero();
      if (settings.duration().compareTo(MINUTE) >= 0) {
        assertThat(run.struck().keySet()).as(summary).containsExactlyInAnyOrder(Fault.values());
      }
    }
  }
}
