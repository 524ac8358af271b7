package io.everpool.core.replicas;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.core.replicas.Lag.Known;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is known of a lag that was seen a while ago. */
class LagTest {
  private static final long MOST = 10_000;

  @Test
  void nothingIsKnownBeforeSomebodyHasAsked() {
    assertThat(new Lag(MOST).at(0)).isEqualTo(Known.NOTHING);
  }

  @Test
  void whereItDoesNotMatterNobodyNeedAsk() {
    Lag lag = new Lag(0);
    assertThat(lag.at(0)).isEqualTo(Known.SMALL);
    lag.seen(Lag.UNKNOWABLE, 0);
    assertThat(lag.at(Long.MAX_VALUE)).isEqualTo(Known.SMALL);
  }

  /** It grows no faster than time passes, and the clock has no origin. */
  @ParameterizedTest
  @ValueSource(longs = {0, -1, Long.MAX_VALUE - 5_000, Long.MIN_VALUE})
  void whatWasSeenAndTheTimeSinceIsTheMostThatItCanBe(long begun) {
    Lag lag = new Lag(MOST);
    lag.seen(4_000, begun);
    assertThat(lag.at(begun)).isEqualTo(Known.SMALL);
    assertThat(lag.at(begun + 3_000)).isEqualTo(Known.SMALL);
    assertThat(lag.at(begun + 3_001)).isEqualTo(Known.SMALL_FOR_NOW);
    assertThat(lag.at(begun + 6_000)).isEqualTo(Known.SMALL_FOR_NOW);
    assertThat(lag.at(begun + 6_001)).isEqualTo(Known.NOTHING);
  }

  @Test
  void oneThatIsTooLargeStaysSoUntilSomebodyAsksAgain() {
    Lag lag = new Lag(MOST);
    lag.seen(MOST + 1, 0);
    assertThat(lag.at(0)).isEqualTo(Known.LARGE);
    assertThat(lag.at(1_000_000)).isEqualTo(Known.LARGE);
    lag.seen(0, 1_000_000);
    assertThat(lag.at(1_000_000)).isEqualTo(Known.SMALL);
  }

  /**
   * A replica whose primary was idle for an hour, and has gone, says that it lags an hour; a second
   * ago it lagged not at all.
   */
  @Test
  void aReplicaThatSaysTooMuchIsNotBelieved() {
    Lag lag = new Lag(MOST);
    lag.seen(0, 0);
    lag.seen(3_600_000, 1_000);
    assertThat(lag.at(1_000)).isEqualTo(Known.SMALL);
    assertThat(lag.at(10_000)).isEqualTo(Known.SMALL_FOR_NOW);
    assertThat(lag.at(10_001)).isEqualTo(Known.NOTHING);
    lag.seen(3_600_000, 10_001);
    assertThat(lag.at(10_001)).isEqualTo(Known.LARGE);
  }

  /** It starts a receiver in vain each few seconds, and seems to be connected for a moment. */
  @ParameterizedTest
  @ValueSource(longs = {0, Long.MAX_VALUE - 5_000, Long.MIN_VALUE})
  void aReplicaThatStandsStillIsBelievedWhateverItSaidInBetween(long begun) {
    Lag lag = new Lag(MOST);
    lag.seen(3_600_000, begun);
    for (int round = 1; round <= 3; round++) {
      long now = begun + round * 5_000L;
      lag.seen(0, now - 2_500);
      lag.seen(3_600_000 + now - begun - 20, now);
      assertThat(lag.at(now)).as("round %d", round).isEqualTo(Known.LARGE);
    }
    lag.seen(3_600_000, begun + 20_000);
    assertThat(lag.at(begun + 20_000)).as("it goes on, and has far to go").isEqualTo(Known.LARGE);
    lag.seen(MOST, begun + 21_000);
    assertThat(lag.at(begun + 21_000)).as("it has caught up").isEqualTo(Known.SMALL);
  }

  /** It has caught up since it was too far behind, and then its primary was idle, and has gone. */
  @Test
  void whatItWasBehindLongAgoIsNoReasonToBelieveTooMuch() {
    Lag lag = new Lag(MOST);
    lag.seen(60_000, 0);
    lag.seen(0, 5_000);
    lag.seen(0, 7_200_000);
    lag.seen(3_600_000, 7_201_000);
    assertThat(lag.at(7_201_000)).isEqualTo(Known.SMALL);
  }

  @Test
  void whoAskedEarlierAndWasOvertakenSaysNothingNew() {
    Lag lag = new Lag(MOST);
    lag.seen(0, 5_000);
    lag.seen(MOST + 1, 1_000);
    assertThat(lag.at(5_000)).isEqualTo(Known.SMALL);
  }

  @Test
  void whatCanNotBeKnownIsTooLarge() {
    Lag lag = new Lag(MOST);
    lag.seen(Lag.UNKNOWABLE, 0);
    assertThat(lag.at(0)).isEqualTo(Known.LARGE);
    assertThat(lag.text()).contains("can't tell").contains("max-replica-lag = 0s");
    lag.seen(1, 1);
    assertThat(lag.at(1)).isEqualTo(Known.SMALL);
  }
}
