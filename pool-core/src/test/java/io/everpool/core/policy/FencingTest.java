package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** One failure is news about the others only if something bears it out. */
class FencingTest {

  @ParameterizedTest
  @CsvSource({
    "1, 1, false, false",
    "1, 2, false, false",
    "1, 20, false, false",
    "2, 2, false, true",
    "2, 4, false, true",
    "2, 5, false, false",
    "9, 20, false, false",
    "10, 20, false, true",
    "1, 20, true, true",
    "0, 20, true, false"
  })
  void twoFailuresAndHalfOfAllOrOneAndAServerThatIsAway(
      int failed, int live, boolean away, boolean all) {
    assertThat(Fencing.corroborated(failed, live, away)).isEqualTo(all);
  }

  /**
   * A full server, a wrong password, one that only reads, a mistake in SQL: connections that work
   * go on working.
   */
  @ParameterizedTest
  @EnumSource(
      mode = Mode.EXCLUDE,
      names = {"CONNECTION_LOST", "SERVER_DOWN", "SERVER_STARTING"})
  void whatSaysNothingOfConnectionsIsNoEvidence(Verdict verdict) {
    assertThat(Fencing.isEvidence(verdict)).isFalse();
  }

  @ParameterizedTest
  @EnumSource(names = {"CONNECTION_LOST", "SERVER_DOWN", "SERVER_STARTING"})
  void whatEndsOneConnectionMayHaveEndedTheOthers(Verdict verdict) {
    assertThat(Fencing.isEvidence(verdict)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Verdict.class)
  void onlyAStaleSessionSpeaksOfWhatAllRemember(Verdict verdict) {
    assertThat(Fencing.isStale(verdict)).isEqualTo(verdict == Verdict.STALE_SESSION);
  }
}
