package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import io.everpool.core.policy.Fencing;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Of the failures that say something of the other connections. */
class OutageDetectorTest {
  private static final long NOW = -5; // a clock may begin anywhere
  private static final long SECOND = 1_000_000_000L;

  /** Its neighbours remember the same of a database that isn't so any more. */
  @Test
  void oneStaleSessionIsNewsOfAllAtMostOnceAMinute() {
    OutageDetector outages = new OutageDetector(NOW);

    assertThat(outages.connectionFailed(Verdict.STALE_SESSION, 20, NOW)).isTrue();
    assertThat(outages.connectionFailed(Verdict.STALE_SESSION, 20, NOW + 1)).isFalse();
    assertThat(outages.connectionFailed(Verdict.STALE_SESSION, 20, NOW + Fencing.STALE_EVERY - 1))
        .isFalse();
    assertThat(outages.connectionFailed(Verdict.STALE_SESSION, 20, NOW + Fencing.STALE_EVERY))
        .isTrue();
  }

  /** The server is well: a stale session beside a lost one doesn't make an outage. */
  @Test
  void staleSessionsAreNoEvidenceOfAServerThatIsAway() {
    OutageDetector outages = new OutageDetector(NOW);
    outages.connectionFailed(Verdict.STALE_SESSION, 3, NOW);
    outages.connectionFailed(Verdict.STALE_SESSION, 2, NOW + 1);

    assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 3, NOW + 2)).isFalse();
    assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 2, NOW + 3)).isTrue();
  }

  /** A plan made anew heals it, a limit is the caller's own. */
  @Test
  void stalePlansAndDeadlinesRingNothing() {
    OutageDetector outages = new OutageDetector(NOW);
    for (Verdict verdict : new Verdict[] {Verdict.STALE_PLAN, Verdict.DEADLINE}) {
      assertThat(outages.connectionFailed(verdict, 1, NOW)).isFalse();
      assertThat(outages.connectionFailed(verdict, 0, NOW)).isFalse();
    }
  }

  /** One killed backend must not dump a healthy pool because nobody new is let in meanwhile. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"SERVER_DOWN", "SERVER_STARTING"})
  void aConnectThatSaysNothingOfTheServerBearsOutNoLoss(Verdict ofTheConnect) {
    OutageDetector outages = new OutageDetector(NOW);
    assertThat(outages.connectionFailed(Verdict.SERVER_DOWN, 9, NOW)).isFalse();
    assertThat(outages.connectFailed(ofTheConnect, NOW + 1)).isFalse();
    assertThat(outages.connectionFailed(Verdict.SERVER_DOWN, 8, NOW + 2)).isFalse();
  }

  /** Whichever comes first, and only within the window. */
  @Test
  void aLossAndAFailedConnectBearEachOtherOutWithinTheWindow() {
    for (long apart : new long[] {0, 1, Fencing.WINDOW - 1, Fencing.WINDOW, 3600 * SECOND}) {
      boolean within = apart < Fencing.WINDOW;

      OutageDetector outages = new OutageDetector(NOW);
      assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 19, NOW)).isFalse();
      assertThat(outages.connectFailed(Verdict.SERVER_DOWN, NOW + apart)).isEqualTo(within);

      outages = new OutageDetector(NOW);
      assertThat(outages.connectFailed(Verdict.SERVER_DOWN, NOW)).isFalse();
      assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 19, NOW + apart))
          .isEqualTo(within);
    }
  }

  @Test
  void twoLossesCountTogetherWithinTheWindow() {
    for (long apart : new long[] {0, Fencing.WINDOW - 1, Fencing.WINDOW}) {
      OutageDetector outages = new OutageDetector(NOW);
      assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 2, NOW)).isFalse();
      assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 2, NOW + apart))
          .isEqualTo(apart < Fencing.WINDOW);
    }
  }

  /** One now and then, while the pool grows: half of what there was then is little now. */
  @Test
  void theHalfIsThatOfThoseThatWereThereBeforeTheFirstWithinTheWindow() {
    OutageDetector outages = new OutageDetector(NOW);
    assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 4, NOW)).isFalse();
    long late = NOW + Fencing.WINDOW * 3 / 4;
    assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 19, late)).isFalse();
    long later = NOW + Fencing.WINDOW * 3 / 2;
    for (int i = 0; i < 3; i++) {
      assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 19, later + i)).isFalse();
    }
  }

  /** Whoever has brought it down: an operator, a failover, or what sessions remember. */
  @Test
  void whatFailedBeforeAFenceSaysNothingOfWhatWasOpenedSince() {
    OutageDetector outages = new OutageDetector(NOW);
    outages.connectionFailed(Verdict.CONNECTION_LOST, 19, NOW);
    outages.generation(1, NOW + 1);
    assertThat(outages.connectFailed(Verdict.SERVER_DOWN, NOW + 2)).isFalse();
    outages.generation(2, NOW + 3);
    assertThat(outages.connectionFailed(Verdict.CONNECTION_LOST, 19, NOW + 4)).isFalse();
    outages.generation(2, NOW + 5);
    assertThat(outages.connectFailed(Verdict.SERVER_DOWN, NOW + 6)).isTrue();
  }
}
