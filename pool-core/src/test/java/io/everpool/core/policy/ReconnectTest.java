package io.everpool.core.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** To find a server soon that is back, and to leave one alone that has said no. */
class ReconnectTest {
  private static final long MS = 1_000_000L;
  private static final long INITIAL = 20 * MS;
  private static final long MAX = 16_000 * MS;
  private static final double ALMOST = Math.nextDown(1.0);

  private static long longest(Verdict verdict, int failures, boolean someoneWaits) {
    return Reconnect.pause(verdict, failures, someoneWaits, INITIAL, MAX, ALMOST);
  }

  @Test
  void aServerThatIsAwayIsTriedOftenWhileSomeoneWaits() {
    for (int failures = 1; failures < 100; failures++) {
      assertThat(longest(Verdict.SERVER_DOWN, failures, true)).isLessThanOrEqualTo(200 * MS);
    }
  }

  @Test
  void andEverMoreSeldomWhileNobodyDoes() {
    assertThat(longest(Verdict.SERVER_DOWN, 1, false)).isLessThanOrEqualTo(INITIAL);
    assertThat(longest(Verdict.SERVER_DOWN, 5, false)).isBetween(200 * MS, 320 * MS);
    assertThat(longest(Verdict.SERVER_DOWN, 100, false)).isBetween(MAX - MS, MAX);
  }

  /** More attempts make it worse: a lock-out, a full server, a bill. */
  @ParameterizedTest
  @EnumSource(names = {"ACCESS_DENIED", "REFUSED", "OUT_OF_SLOTS", "PROXY_UNAVAILABLE"})
  void aServerThatSaysNoIsNeverAskedAgainAtOnce(Verdict verdict) {
    for (boolean someoneWaits : new boolean[] {true, false}) {
      for (int failures = 1; failures < 100; failures++) {
        assertThat(Reconnect.pause(verdict, failures, someoneWaits, INITIAL, MAX, 0))
            .isGreaterThanOrEqualTo(500 * MS);
      }
      assertThat(longest(verdict, 100, someoneWaits)).isGreaterThan(10_000 * MS);
    }
  }

  /** Its callers are served; ten of them are refused a handful of times in a minute. */
  @Test
  void whoHasConnectionsAsksAFullServerForMoreSeldom() {
    assertThat(Reconnect.contentedPause(1, MAX, 0)).isEqualTo(8_000 * MS);
    assertThat(Reconnect.contentedPause(1, MAX, ALMOST)).isBetween(15_999 * MS, 16_000 * MS);
    for (int refusals = 4; refusals < 100; refusals++) {
      assertThat(Reconnect.contentedPause(refusals, MAX, 0)).isEqualTo(64_000 * MS);
      assertThat(Reconnect.contentedPause(refusals, MAX, ALMOST))
          .isBetween(127_000 * MS, 128_000 * MS);
    }
    assertThat(Reconnect.contentedPause(100, 50 * MS, ALMOST)).isLessThanOrEqualTo(8_000 * MS);
  }

  /** Of many pools that lost the same server each goes on after another while. */
  @Test
  void aRefillHoldsItsBreathForUpToAConnectAndNoLongerThanAnybodyNotices() {
    assertThat(Growth.breath(10 * MS, 0)).isZero();
    assertThat(Growth.breath(10 * MS, 0.5)).isEqualTo(5 * MS);
    assertThat(Growth.breath(1_000 * MS, ALMOST)).isLessThanOrEqualTo(25 * MS);
  }

  /** However short the user wants the longest pause. */
  @Test
  void theBoundsOfAServerThatSaysNoAreItsOwn() {
    long most = Reconnect.pause(Verdict.REFUSED, 100, true, INITIAL, 50 * MS, ALMOST);
    assertThat(most).isBetween(1_499 * MS, 1_500 * MS);
    assertThat(Reconnect.pause(Verdict.SERVER_DOWN, 100, true, INITIAL, 50 * MS, ALMOST))
        .isBetween(49 * MS, 50 * MS);
  }

  /** The limit is this process's own, and nobody is annoyed. */
  @Test
  void aLimitOfThisProcessIsTriedOftenWhetherSomeoneWaitsOrNot() {
    for (boolean someoneWaits : new boolean[] {true, false}) {
      assertThat(longest(Verdict.PROCESS_LIMIT, 1, someoneWaits)).isLessThanOrEqualTo(INITIAL);
      assertThat(longest(Verdict.PROCESS_LIMIT, 100, someoneWaits)).isBetween(199 * MS, 200 * MS);
    }
  }

  /** Each hung connect keeps a thread; what is bearable costs nobody a pause. */
  @Test
  void connectsThatHangMakeForPausesThatDoubleBeyondWhatIsBearable() {
    assertThat(Reconnect.sparing(1, 2, 30)).isZero();
    assertThat(Reconnect.sparing(2, 2, 30)).isEqualTo(60);
    assertThat(Reconnect.sparing(3, 2, 30)).isEqualTo(120);
    assertThat(Reconnect.sparing(6, 2, 30)).isEqualTo(960);
    assertThat(Reconnect.sparing(1_000, 2, 30)).isEqualTo(30L << 20);
  }

  @Test
  void andDoNotOverflow() {
    long decade = 10L * 365 * 86_400 * 1_000_000_000L;
    assertThat(Reconnect.sparing(1_000, 1, decade)).isIn(2 * decade, 4 * decade, 8 * decade);
    assertThat(Reconnect.sparing(1, 1, decade)).isEqualTo(2 * decade);
  }

  @Test
  void a_question_comes_more_seldom_with_each_no_up_to_the_rarest() {
    assertThat(seconds(0, 0)).isEqualTo(1);
    assertThat(seconds(1, 0)).isEqualTo(2);
    assertThat(seconds(2, 0)).isEqualTo(4);
    assertThat(seconds(3, 0)).isEqualTo(4);
    assertThat(seconds(2, 0.5)).as("from the upper half").isEqualTo(6);
  }

  private static double seconds(int answers, double random) {
    return Reconnect.questionPause(answers, random) / 1e9;
  }
}
