package io.everpool.it.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.everpool.it.chaos.Score.Figure;
import io.everpool.servers.PgBouncer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing is lost and nothing is doubled, whatever strikes. */
@Tag("one-jdk")
class ChaosIT {

  /**
   * A pack of thirty strikes with every kind of fault in it, however long that takes. An
   * acknowledged transfer is there once, a refused one not at all, an unknown one is named; and
   * unknown is only what a crash has cut off.
   */
  @Test
  @Timeout(900)
  void nothingIsLostOrDoubledWhateverStrikes() throws Exception {
    run(ChaosSettings.orElse(ChaosSettings.UNLIMITED, Schedule.PACK, false));
  }

  /**
   * The same through a PgBouncer that is killed as well, or has its own connections cut. What a
   * pooler does is the same on every Java, so a build with {@code -Dtests.sample} leaves it out.
   */
  @Test
  @Timeout(900)
  void norThroughAPooler() throws Exception {
    assumeTrue(Integer.getInteger("tests.sample", 1) == 1, "this build takes a sample");
    PgBouncer.Kind kind =
        PgBouncer.Kind.KEEPS_TRACK.isAvailable()
            ? PgBouncer.Kind.KEEPS_TRACK
            : PgBouncer.Kind.FORGETS;
    assumeTrue(kind.isAvailable(), kind.missing());
    run(ChaosSettings.orElse(ChaosSettings.UNLIMITED, Schedule.PACK, false).through(kind));
  }

  private static void run(ChaosSettings settings) throws Exception {
    System.out.println("ChaosIT: repeat it by " + settings);
    try (ChaosLog log = ChaosLog.open();
        ChaosRun run = new ChaosRun(settings, strike -> {})) {
      run.run();
      String summary = Summary.of(run) + "log: " + log.file();
      assertThat(Chaos.flawless(run)).as(summary).isTrue();
      assertThat(run.score().get(Figure.UNKNOWN_WITHOUT_CRASH)).as(summary).isZero();
      if (run.strikes() >= Schedule.PACK) {
        assertThat(run.struck().keySet()).as(summary).containsExactlyInAnyOrder(Fault.values());
      }
    }
  }
}
