package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Housekeeping;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import java.time.InstantSource;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

/** How soon a full server is asked for more by a pool whose connections are enough. */
class ConnectPaceTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long FIRST = 16 * SECOND;

  /** Time has no origin: this one is about to wrap. */
  private long now = Long.MAX_VALUE - SECOND;

  private final PassScheduler scheduler = new Asleep();

  private final Engine engine =
      new Engine(
          8,
          () -> now,
          new Housekeeping() {
            @Override
            public void close(Slot slot) {}

            @Override
            public void grow() {}
          });

  private final PoolConfig config = PoolConfig.builder("fake:").maxSize(8).build();

  private final Environment environment =
      new Environment(
          () -> now, InstantSource.system(), scheduler, Runnable::run, Runnable::run, () -> 0.99);

  private final Inbox inbox = new Inbox(scheduler, "pool");

  private final FullServer full = new FullServer(inbox, environment, config);

  private final ConnectPace pace = pace();

  private ConnectPace pace() {
    Slot slot = engine.slots()[0];
    slot.attempt(Move.RESERVE);
    engine.opened(slot, slot.word());
    Workers workers = new Workers(Runnable::run, Runnable::run, scheduler, "pool");
    return new ConnectPace(config, environment, workers, engine, full);
  }

  /** So many connects, begun and refused together. */
  private void refused(int connects, int before) {
    for (int i = 0; i < connects; i++) {
      pace.begun(now);
    }
    for (int i = 1; i <= connects; i++) {
      now += SECOND / 1_000;
      pace.failed(Verdict.OUT_OF_SLOTS, before + i, now);
    }
  }

  @Test
  void connects_that_were_refused_together_are_one_refusal() {
    refused(4, 0);
    assertThat(pace.pause(now)).isBetween(FIRST / 2, FIRST);
    now += FIRST;
    assertThat(pace.pause(now)).isNotPositive();
  }

  @Test
  void the_next_one_counts_and_a_connection_ends_it() {
    refused(4, 0);
    now += FIRST;
    refused(1, 4);
    assertThat(pace.pause(now)).isBetween(FIRST, 2 * FIRST);
    now += 2 * FIRST;
    pace.succeeded(now);
    now += SECOND;
    refused(2, 0);
    assertThat(pace.pause(now)).isBetween(FIRST / 2, FIRST);
  }

  @Test
  void where_there_was_one_place_no_two_are_tried_at_once() {
    refused(1, 0);
    now += FIRST;
    pace.succeeded(now);
    assertThat(pace.allowance()).isEqualTo(1);
    now += 301 * SECOND;
    pace.succeeded(now);
    assertThat(pace.allowance()).isEqualTo(2);
  }

  /** By a borrower. */
  private void said(OptionalInt room) {
    full.answered(room);
    inbox.empty();
  }

  /** Whether the next borrower is to ask, after so long. */
  private boolean asksAfter(long nanos) {
    now += nanos;
    full.wonder(now);
    return full.takeQuestion();
  }

  @Test
  void a_full_server_is_asked_over_a_connection_instead() {
    assertThat(asksAfter(SECOND)).as("before it was full").isFalse();
    refused(4, 0);
    assertThat(asksAfter(SECOND / 2)).isFalse();
    assertThat(asksAfter(2 * SECOND)).isTrue();
    assertThat(full.takeQuestion()).as("by one").isFalse();
    said(OptionalInt.of(0));
    assertThat(pace.pause(now)).as("as if it had refused").isGreaterThan(FIRST / 2);
    assertThat(asksAfter(SECOND)).as("ever more seldom").isFalse();
    assertThat(asksAfter(4 * SECOND)).isTrue();
    said(OptionalInt.of(1));
    assertThat(pace.pause(now)).isNotPositive();
  }

  @Test
  void a_question_that_nobody_takes_is_none_once_there_is_room() {
    refused(1, 0);
    now += 2 * SECOND;
    full.wonder(now);
    pace.succeeded(now);
    assertThat(full.takeQuestion()).isFalse();
  }

  @Test
  void who_can_not_tell_is_not_asked_again() {
    refused(1, 0);
    assertThat(full.asksNewcomers()).isTrue();
    assertThat(asksAfter(2 * SECOND)).isTrue();
    said(OptionalInt.empty());
    assertThat(asksAfter(100 * SECOND)).isFalse();
    assertThat(full.asksNewcomers()).isFalse();
    assertThat(pace.pause(now)).as("a connect shows it").isNotPositive();
  }

  /** As one whose proxy has a limit of its own. */
  @Test
  void who_says_there_is_room_and_refuses_is_not_asked_until_a_connect_succeeds() {
    refused(1, 0);
    for (int times = 1; times <= 2; times++) {
      assertThat(asksAfter(16 * SECOND)).isTrue();
      said(OptionalInt.of(7));
      refused(1, times);
    }
    assertThat(asksAfter(100 * SECOND)).isFalse();
    pace.succeeded(now);
    refused(1, 0);
    assertThat(asksAfter(2 * SECOND)).isTrue();
  }

  @Test
  void one_that_was_full_long_ago_is_not_asked() {
    refused(1, 0);
    full.newcomerSaid(OptionalInt.of(100), now);
    assertThat(full.asksNewcomers()).isTrue();
    assertThat(asksAfter(301 * SECOND)).isFalse();
    assertThat(full.asksNewcomers()).isFalse();
  }

  /** Others may be growing at the same moment. */
  @Test
  void where_there_is_not_plenty_of_room_few_are_under_way() {
    assertThat(full.asksNewcomers()).as("the first").isTrue();
    full.newcomerSaid(OptionalInt.of(100), now);
    assertThat(full.asksNewcomers()).isFalse();
    assertThat(pace.allowance()).isEqualTo(8);
    full.newcomerSaid(OptionalInt.of(24), now);
    assertThat(full.asksNewcomers()).isTrue();
    assertThat(pace.allowance()).isEqualTo(3);
    full.newcomerSaid(OptionalInt.of(3), now);
    assertThat(pace.allowance()).isEqualTo(1);
    full.newcomerSaid(OptionalInt.of(0), now);
    assertThat(pace.pause(now)).as("as if it had refused").isGreaterThan(FIRST / 2);
    full.newcomerSaid(OptionalInt.of(32), now);
    assertThat(pace.allowance()).isEqualTo(8);
  }

  @Test
  void a_driver_that_can_not_tell_is_asked_once() {
    full.newcomerSaid(OptionalInt.empty(), now);
    assertThat(full.asksNewcomers()).isFalse();
    assertThat(pace.allowance()).isEqualTo(8);
  }
}
