package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Verdict;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Housekeeping;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import java.time.InstantSource;
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

  private final ConnectPace pace = pace();

  private ConnectPace pace() {
    Slot slot = engine.slots()[0];
    slot.attempt(Move.RESERVE);
    engine.opened(slot, slot.word());
    return new ConnectPace(
        PoolConfig.builder("fake:").maxSize(8).build(),
        new Environment(
            () -> now, InstantSource.system(), scheduler, Runnable::run, Runnable::run, () -> 0.99),
        new Workers(Runnable::run, Runnable::run, scheduler, "pool"),
        engine);
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
}
