package io.everpool.postgresql.failure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is made of the timelines that servers name. */
class TimelinesTest {
  private final Timelines timelines = new Timelines();

  private BooleanSupplier judge(@Nullable String system, @Nullable String timeline)
      throws Timelines.Superseded {
    return timelines.judge("somewhere:5432", system, timeline).supersedesEarlier();
  }

  @Test
  void theFirstOfASystemIsNoNews() throws Timelines.Superseded {
    assertThat(judge("7", "00000003").getAsBoolean()).isFalse();
    assertThat(judge("7", "00000003").getAsBoolean()).isFalse();
  }

  /** However many connections to it are opened at the same time. */
  @Test
  void aHigherTimelineIsToldOnce() throws Timelines.Superseded {
    judge("7", "00000001");
    BooleanSupplier one = judge("7", "00000002");
    BooleanSupplier other = judge("7", "00000002");
    assertThat(other.getAsBoolean()).isTrue();
    assertThat(one.getAsBoolean()).isFalse();
    assertThat(judge("7", "00000003").getAsBoolean()).isTrue();
  }

  /** The connection that saw it first was lost before the pool had it. */
  @Test
  void aHigherTimelineIsToldByTheFirstThatReachesThePool() throws Timelines.Superseded {
    assertThat(judge("7", "00000001").getAsBoolean()).isFalse();
    judge("7", "00000002");
    assertThat(judge("7", "00000002").getAsBoolean()).isTrue();
  }

  /** The old primary's connection is judged first and reaches the pool last. */
  @Test
  void aHigherTimelineIsToldThoughThePoolHasNotYetHeardOfTheLower() throws Timelines.Superseded {
    BooleanSupplier old = judge("7", "00000001");
    assertThat(judge("7", "00000002").getAsBoolean()).isTrue();
    assertThat(old.getAsBoolean()).isFalse();
  }

  @Test
  void aLowerTimelineIsRefusedForGoodAndNamesHostSystemAndBoth() throws Timelines.Superseded {
    judge("7", "0000000A");
    judge("7", "0000000C");
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> judge("7", "0000000B"))
          .isInstanceOf(Timelines.Superseded.class)
          .hasMessageContaining("somewhere:5432 takes writes on timeline 11, a lower timeline than")
          .hasMessageContaining("the 12 that was seen of the same system (7)");
    }
  }

  @Test
  void anotherSystemHasTimelinesOfItsOwn() throws Timelines.Superseded {
    judge("7", "00000005");
    assertThat(judge("8", "00000001").getAsBoolean()).isFalse();
  }

  /** A standby, another product, a function that gives something else. */
  @Test
  void whatNamesNoTimelineIsNotJudged() throws Timelines.Superseded {
    judge("7", "00000005");
    assertThat(judge("7", null).getAsBoolean()).isFalse();
    assertThat(judge(null, "00000001").getAsBoolean()).isFalse();
    assertThat(judge("7", "").getAsBoolean()).isFalse();
    assertThat(judge("7", "mysql-bi").getAsBoolean()).isFalse();
  }
}
