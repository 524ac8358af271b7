package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.upkeep.OutageLog.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An outage is told in a few lines, however many connections it breaks, and nothing is lost. */
class OutageLogTest {
  private static final long SECOND = 1_000_000_000L;

  /** Of this many connections each is one of those that a fence gives up. */
  private static final long THROUGH = 100;

  /** Time has no origin: this one is about to wrap. */
  private long now = Long.MAX_VALUE - SECOND;

  private final OutageLog outages = new OutageLog(() -> now);

  private int lose(int connections) {
    int told = 0;
    for (int i = 0; i < connections; i++) {
      told += outages.news(Kind.LOSS) < 0 ? 0 : 1;
    }
    return told;
  }

  @Test
  void the_first_of_each_kind_is_news() {
    assertThat(outages.isKnown()).isFalse();
    assertThat(lose(50)).isEqualTo(1);
    assertThat(outages.isKnown()).isTrue();
    assertThat(outages.news(Kind.RERUN)).isZero();
    assertThat(outages.news(Kind.RERUN)).isNegative();
    assertThat(outages.news(Kind.REFUSAL)).isZero();
  }

  /** Nothing is run again for it. */
  @Test
  void a_commit_that_is_looked_up_is_told_beside_a_rerun_and_is_none() {
    lose(1);
    assertThat(outages.news(Kind.LOOKUP)).isZero();
    assertThat(outages.news(Kind.LOOKUP)).isNegative();
    assertThat(outages.news(Kind.RERUN)).isZero();
    outages.fenced(THROUGH);
    assertThat(requireNonNull(outages.recovered()).reruns()).isEqualTo(1);
  }

  @Test
  void what_is_refused_for_another_reason_is_news() {
    assertThat(outages.news(Kind.REFUSAL, "in flight")).isZero();
    assertThat(outages.news(Kind.REFUSAL, "in flight")).isNegative();
    assertThat(outages.news(Kind.REFUSAL, "often enough")).isZero();
    now += OutageLog.QUIET;
    lose(1);
    assertThat(outages.news(Kind.REFUSAL, "in flight")).as("with what was not told").isEqualTo(1);
  }

  /** They are two lines, of which an alarm may know but one. */
  @Test
  void a_check_is_told_beside_a_loss_and_counted_with_it() {
    lose(2);
    assertThat(outages.news(Kind.CHECK)).isZero();
    assertThat(outages.news(Kind.CHECK)).isNegative();
    assertThat(outages.fenced(THROUGH)).isEqualTo(4);
    assertThat(requireNonNull(outages.recovered()).lost()).isEqualTo(4);
  }

  @Test
  void one_found_by_a_check_is_known() {
    outages.news(Kind.CHECK);
    assertThat(outages.isKnown()).isTrue();
  }

  @Test
  void after_some_quiet_the_next_is_another() {
    lose(3);
    now += OutageLog.QUIET - 1;
    assertThat(lose(1)).as("within").isZero();
    now += OutageLog.QUIET;
    assertThat(outages.isKnown()).isFalse();
    assertThat(lose(1)).isEqualTo(1);
  }

  /** Kills without end are no single outage: somebody has to look. */
  @Test
  void one_that_lasts_is_told_again_and_with_what_was_not_told() {
    assertThat(outages.news(Kind.LOSS)).isZero();
    int untold = 0;
    int told = 0;
    while (told == 0) {
      now += SECOND;
      int news = outages.news(Kind.LOSS);
      if (news < 0) {
        untold++;
      } else {
        told = news;
      }
    }
    assertThat(told).isEqualTo(untold).isEqualTo(OutageLog.AGAIN / SECOND - 1);
  }

  /** Between two tries of a server that is away there may be a quarter of a minute. */
  @Test
  void while_no_connect_succeeds_it_goes_on() {
    lose(1);
    assertThat(outages.connectFailed()).as("the fence has said nothing").isFalse();
    now += 5 * OutageLog.QUIET - 1;
    assertThat(lose(1)).isZero();
    assertThat(outages.recovered()).isNotNull();
    now += OutageLog.QUIET;
    assertThat(lose(1)).isEqualTo(1);
  }

  @Test
  void what_the_fence_has_said_no_connect_needs_to_say() {
    lose(4);
    assertThat(outages.fenced(THROUGH)).as("lost before").isEqualTo(4);
    assertThat(outages.connectFailed()).isTrue();
    now += OutageLog.AGAIN;
    assertThat(outages.connectFailed()).as("by now somebody wants to hear it").isFalse();
  }

  @Test
  void the_end_tells_what_it_has_cost() {
    lose(10);
    outages.news(Kind.RERUN);
    outages.news(Kind.RERUN);
    outages.fenced(THROUGH);
    now += SECOND;
    OutageLog.Toll toll = requireNonNull(outages.recovered());
    assertThat(toll).isEqualTo(new OutageLog.Toll(10, 2, SECOND));
    assertThat(toll).hasToString("10 connections were lost, 2 units of work are run again");
    assertThat(outages.recovered()).as("once").isNull();
  }

  @Test
  void one_that_was_killed_is_no_outage() {
    lose(1);
    assertThat(outages.recovered()).as("when its successor comes").isNull();
    outages.fenced(THROUGH);
    lose(1);
    assertThat(requireNonNull(outages.recovered()))
        .hasToString("2 connections were lost, 0 units of work are run again");
  }

  /** A server that crashes again a second after it came back. */
  @Test
  void the_next_outage_is_told_however_soon_it_comes() {
    lose(10);
    outages.connectFailed();
    outages.recovered();
    now += OutageLog.QUIET / 2;
    assertThat(lose(3)).isEqualTo(1);
    outages.fenced(THROUGH);
    assertThat(requireNonNull(outages.recovered()).lost()).isEqualTo(3);
  }

  /** Twenty threads come back from a dead server one after the other. */
  @Test
  void who_notices_late_what_is_over_is_no_news() {
    lose(10);
    outages.news(Kind.RERUN);
    outages.fenced(THROUGH);
    outages.recovered();
    now += OutageLog.QUIET / 2;
    assertThat(outages.news(Kind.RERUN)).isNegative();
    assertThat(lose(1)).as("and begins no outage").isEqualTo(1);
  }

  /** Its borrower had no processor while the server came back. */
  @ParameterizedTest
  @EnumSource(names = {"LOSS", "CHECK"})
  void whose_loss_is_told_late_and_was_given_up_by_the_fence_begins_no_outage(Kind kind) {
    assertThat(outages.news(kind, "", 1)).isZero();
    outages.news(Kind.RERUN);
    outages.fenced(THROUGH);
    outages.spared(THROUGH - 1);
    outages.recovered();
    now += OutageLog.QUIET / 2;
    assertThat(outages.news(kind, "", THROUGH)).isNegative();
    assertThat(outages.news(Kind.RERUN)).isNegative();
    outages.connectFailed();
    assertThat(outages.recovered()).as("what the next one has cost").isNull();

    assertThat(outages.news(kind, "", THROUGH - 1)).as("spared").isEqualTo(1);
    outages.connectFailed();
    outages.recovered();
    assertThat(outages.news(kind, "", THROUGH + 1)).as("opened afterwards").isZero();
  }

  /** The one that brought the news of a failover is given up by the next fence like the others. */
  @Test
  void what_an_earlier_fence_has_spared_the_next_gives_up() {
    outages.fenced(THROUGH);
    outages.spared(THROUGH);
    outages.recovered();
    now += OutageLog.QUIET;
    lose(1);
    outages.fenced(2 * THROUGH);
    outages.recovered();
    assertThat(outages.news(Kind.LOSS, "", THROUGH)).isNegative();
  }

  /** It was in use all the time, and the server that it went to was there. */
  @Test
  void a_connection_of_long_before_the_fence_is_news_of_its_own() {
    lose(1);
    outages.fenced(THROUGH);
    outages.recovered();
    now += OutageLog.QUIET;
    assertThat(outages.news(Kind.LOSS, "", 1)).isZero();
  }

  /** One or two connections an hour are lost anywhere. */
  @Test
  void what_was_lost_long_ago_is_no_part_of_it() {
    lose(3);
    now += 3600 * SECOND;
    assertThat(outages.fenced(THROUGH)).isZero();
    assertThat(outages.recovered()).as("after the fence").isNull();

    lose(3);
    now += 3600 * SECOND;
    outages.connectFailed();
    assertThat(outages.recovered()).as("after a connect that failed").isNull();
  }

  /** An operator's, or after a failover that nobody felt. */
  @Test
  void a_fence_without_a_loss_has_cost_nothing() {
    assertThat(outages.fenced(THROUGH)).isZero();
    assertThat(outages.recovered()).isNull();
  }

  @Test
  void the_lines_go_to_their_levels() {
    try (Logged logged = new Logged()) {
      outages.tell(Kind.LOSS, THROUGH + 1, "{} is lost", 1);
      outages.tell(Kind.LOSS, THROUGH + 1, "{} is lost", 2);
      now += OutageLog.AGAIN;
      outages.tell(Kind.LOSS, THROUGH + 1, "{} is lost", 3);
      assertThat(logged.messages(Level.DEBUG)).containsExactly("2 is lost");
      assertThat(logged.messages(Level.WARN))
          .containsExactly("1 is lost", "3 is lost (and 1 more since the last such line)");
    }
  }
}
