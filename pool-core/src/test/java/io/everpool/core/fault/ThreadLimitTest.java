package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The process has no thread left for what may block: upkeep, which serves all pools, waits. */
@Timeout(60)
class ThreadLimitTest extends UpkeepByHand {
  private static final long LONGER_THAN_A_CONNECT = 60_000 * MS;

  /**
   * A connection that shows a failover comes when its connect was given up already. Its driver's
   * calls are counted from here on.
   */
  private UpkeepWithoutFaces unwantedWithoutThread() {
    UpkeepWithoutFaces upkeep = open(1);
    Engine engine = upkeep.engine();
    driver.promote();
    Slot slot = upkeep.lent(requireNonNull(engine.tryAcquire(0)));
    engine.doom(slot, slot.lease, CloseReason.FAILED);
    engine.release(slot, slot.lease);
    work();
    beat();
    Runnable connect = requireNonNull(workers.poll(), "a connect under way");
    long until = now + LONGER_THAN_A_CONNECT;
    while (slot.state() == State.CONNECTING && now - until < 0) {
      now += 100 * MS;
      beat();
    }
    assertThat(slot.state()).as("given up").isEqualTo(State.EMPTY);
    workers.clear();
    connect.run();
    assertThat(driver.open()).isEqualTo(1);
    script.watch(true);
    withoutThreads();
    return upkeep;
  }

  @Test
  void upkeep_ends_no_connection_itself() {
    unwantedWithoutThread();
    now += 100 * MS;
    assertThat(beat()).as("tries again").isLessThanOrEqualTo(100 * MS);
    assertThat(script.calls()).as("calls of the driver").isEmpty();
    now += 100 * MS;
    beat();
    assertThat(script.calls()).isEmpty();
    assertThat(driver.open()).isEqualTo(1);
    withThreads();
    now += 100 * MS;
    beat();
    work();
    assertThat(script.calls()).containsEntry("abort", 1);
  }

  @Test
  void a_closing_pool_waits_for_what_is_to_be_ended() {
    UpkeepWithoutFaces upkeep = unwantedWithoutThread();
    CompletableFuture<Void> drained = upkeep.drain();
    beat();
    assertThat(drained).isNotDone();
    assertThat(driver.open()).isEqualTo(1);
    withThreads();
    now += 100 * MS;
    beat();
    work();
    assertThat(drained).isDone();
    assertThat(driver.open()).isZero();
  }

  /** It was idle, and there is nobody to close it. */
  @Test
  void nor_for_ever_for_what_has_a_place() {
    UpkeepWithoutFaces upkeep = open(1);
    withoutThreads();
    CompletableFuture<Void> drained = upkeep.drain();
    beat();
    assertThat(drained).isNotDone();
    for (int i = 0; i < 3; i++) {
      now += LONGER_THAN_ANY_TIMEOUT;
      beat();
    }
    assertThat(drained).isDone();
  }

  /** However many places are empty: each failure is told, and each attempt warned of by the JVM. */
  @Test
  void one_connect_is_tried_at_a_time() {
    UpkeepWithoutFaces upkeep = open(8);
    upkeep.evictIdle();
    beat();
    work();
    withoutThreads();
    events.clear();
    beat();
    assertThat(failures()).isEqualTo(1);
    now += 100 * MS;
    beat();
    assertThat(failures()).isEqualTo(2);
  }

  private long failures() {
    return events.stream().filter(PoolEvent.ConnectFailed.class::isInstance).count();
  }

  @Test
  void but_not_for_ever() {
    UpkeepWithoutFaces upkeep = unwantedWithoutThread();
    CompletableFuture<Void> drained = upkeep.drain();
    beat();
    now += LONGER_THAN_ANY_TIMEOUT;
    beat();
    assertThat(drained).isDone();
  }
}
