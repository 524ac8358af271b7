package io.everpool.console;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent;
import io.everpool.console.News.Weight;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What happened, told so that a restart is some lines and not a page. */
class TimelineTest {
  private long now = 1_000_000;
  private long wall = 5_000_000;
  private final Timeline timeline = new Timeline(() -> now, () -> wall);

  private void tell(PoolEvent event) {
    timeline.add(News.of(event));
  }

  private void closed(long connection, CloseReason reason) {
    tell(new PoolEvent.ConnectionClosed("shop", connection, reason, 180_000_000_000L, 5));
  }

  private List<String> texts() {
    return timeline.after(0).stream().map(Timeline.Entry::text).toList();
  }

  @Test
  void what_happens_to_many_at_once_is_one_entry() {
    for (int i = 1; i <= 9; i++) {
      closed(i, CloseReason.FENCED);
      tell(new PoolEvent.ConnectionOpened("shop", 10 + i, 3_000_000));
    }
    closed(20, CloseReason.MAX_QUERIES);
    assertThat(texts())
        .containsExactly(
            "Connections 1, 2, 3, 4, 5, 6 and 3 more closed: fenced",
            "Connections 11, 12, 13, 14, 15, 16 and 3 more opened",
            "Connection 20 closed: max-queries, 3 min old, 5 queries");
  }

  @Test
  void two_are_two_and_later_ones_are_others() {
    closed(1, CloseReason.FENCED);
    closed(2, CloseReason.FENCED);
    now += 1_001;
    closed(3, CloseReason.FENCED);
    assertThat(texts())
        .containsExactly(
            "Connections 1 and 2 closed: fenced",
            "Connection 3 closed: fenced, 3 min old, 5 queries");
  }

  @Test
  void an_entry_that_grows_is_told_again_under_its_number() {
    tell(new PoolEvent.AcquireTimedOut("shop", 30_000_000_000L));
    Timeline.Entry first = timeline.after(0).get(0);
    assertThat(first.text()).isEqualTo("A caller waited in vain, for 30 s");
    assertThat(first.weight()).isEqualTo(Weight.ALARM);
    assertThat(first.at()).isEqualTo(1_000_000);
    assertThat(timeline.after(first.changed())).isEmpty();
    tell(new PoolEvent.AcquireTimedOut("shop", 30_000_000_000L));
    Timeline.Entry grown = timeline.after(first.changed()).get(0);
    assertThat(grown.id()).isEqualTo(first.id());
    assertThat(grown.text()).isEqualTo("A caller waited in vain (2 times)");
  }

  /** As in a log of that time; while a machine is suspended the steady clock stands still. */
  @Test
  void the_time_of_day_is_what_the_machine_had() {
    closed(1, CloseReason.FAILED);
    now += 2_000;
    wall += 3_600_000;
    closed(2, CloseReason.FAILED);
    now += 2_000;
    wall -= 60_000;
    closed(3, CloseReason.FAILED);
    assertThat(timeline.after(0))
        .extracting(Timeline.Entry::wallAt)
        .containsExactly(5_000_000L, 8_600_000L, 8_540_000L);
    assertThat(timeline.after(0))
        .extracting(Timeline.Entry::at)
        .containsExactly(1_000_000L, 1_002_000L, 1_004_000L);
  }

  @Test
  void the_oldest_is_forgotten() {
    for (int i = 1; i <= 250; i++) {
      now += 2_000;
      closed(i, CloseReason.IDLE_TIMEOUT);
    }
    assertThat(texts()).hasSize(200).first().asString().contains("Connection 51 ");
  }
}
