package io.everpool.core.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The clock is the test's, and about to wrap. */
class RepeatsTest {
  private final Repeats<String> repeats = new Repeats<>();
  private long now = Long.MAX_VALUE - Repeats.AGAIN / 2;

  private int news(String what) {
    return repeats.news(what, now);
  }

  @Test
  void the_first_is_news_and_the_others_are_counted_until_they_are_told_again() {
    assertThat(news("a")).isZero();
    for (int i = 0; i < 1_000; i++) {
      assertThat(news("a")).isNegative();
    }
    now += Repeats.AGAIN - 1;
    assertThat(news("a")).isNegative();
    now += 1;
    assertThat(news("a")).isEqualTo(1_001);
    assertThat(news("a")).isNegative();
    now += Repeats.AGAIN;
    assertThat(news("a")).isEqualTo(1);
  }

  @Test
  void what_is_worth_one_line_is_news_once() {
    assertThat(repeats.newsOnce("a", now)).isZero();
    for (int i = 0; i < 1_000; i++) {
      now += Repeats.AGAIN;
      assertThat(repeats.newsOnce("a", now)).isNegative();
    }
    assertThat(news("b")).isZero();
  }

  @Test
  void what_is_not_the_same_is_news_of_its_own() {
    assertThat(news("a")).isZero();
    assertThat(news("b")).isZero();
    assertThat(news("a")).isNegative();
    assertThat(repeats.isTold("b")).isTrue();
    assertThat(repeats.isTold("c")).isFalse();
  }

  /** Those that were not told stay counted. */
  @Test
  void after_an_end_the_next_is_news() {
    news("a");
    news("a");
    repeats.endOfNews();
    assertThat(repeats.isTold("a")).isFalse();
    assertThat(news("a")).isEqualTo(1);
  }

  /** A text with a number in it would else be another one for ever. */
  @Test
  void of_more_than_can_be_remembered_the_further_ones_count_as_one() {
    long told = IntStream.range(0, 10_000).filter(i -> news("n" + i) >= 0).count();
    assertThat(told).isEqualTo(Repeats.MOST + 1);
    now += Repeats.AGAIN;
    assertThat(news("n9999")).as("what was told long ago makes room").isZero();
    assertThat(repeats.remembered()).isLessThanOrEqualTo(Repeats.MOST + 1);
  }

  @Test
  void a_line_says_how_many_were_not_told() {
    assertThat(Repeats.more(0)).isEmpty();
    assertThat(Repeats.more(7)).isEqualTo(" (and 7 more since the last such line)");
  }
}
