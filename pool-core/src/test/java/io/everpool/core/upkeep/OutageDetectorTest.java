package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.driver.Verdict;
import io.everpool.core.policy.Fencing;
import org.junit.jupiter.api.Test;

/** Of the failures that say something of the other connections. */
class OutageDetectorTest {
  private static final long NOW = -5; // a clock may begin anywhere

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
}
