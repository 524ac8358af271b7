package io.everpool.core.work;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One unit at a time runs again after a conflict, and nobody waits for ever for that. */
@Timeout(60)
class ConflictLaneTest {
  private static final long LONG = 30_000_000_000L;

  private final ConflictLane lane = new ConflictLane();

  @Test
  void anotherThreadWaitsUntilTheLaneIsLeft() throws Exception {
    assertThat(lane.enter(LONG)).isTrue();
    AtomicBoolean left = new AtomicBoolean();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      CountDownLatch begun = new CountDownLatch(1);
      Future<Boolean> afterwards =
          other.submit(
              () -> {
                begun.countDown();
                boolean had = lane.enter(LONG);
                boolean inOrder = left.get();
                if (had) {
                  lane.leave();
                }
                return !had || inOrder;
              });
      begun.await();
      left.set(true);
      lane.leave();
      assertThat(afterwards.get()).isTrue();
    } finally {
      other.shutdownNow();
    }
  }

  /** The one inside may wait for him. */
  @Test
  void whoHasNoTimeLeftGoesOnWithout() throws Exception {
    assertThat(lane.enter(LONG)).isTrue();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      assertThat(other.submit(() -> lane.enter(0)).get()).isFalse();
      assertThat(other.submit(() -> lane.enter(-1)).get()).isFalse();
      assertThat(other.submit(() -> lane.enter(1_000_000)).get()).isFalse();
    } finally {
      other.shutdownNow();
    }
  }

  /** A unit within a unit, on another connection perhaps. */
  @Test
  void aThreadThatIsInTheLaneNeedNotWaitForItself() {
    assertThat(lane.enter(LONG)).isTrue();
    assertThat(lane.enter(LONG)).isTrue();
    lane.leave();
    lane.leave();
  }

  @Test
  void anInterruptEndsTheWaitingAndStaysPending() throws Exception {
    assertThat(lane.enter(LONG)).isTrue();
    ExecutorService other = Executors.newSingleThreadExecutor();
    try {
      Future<Boolean> pending =
          other.submit(
              () -> {
                Thread.currentThread().interrupt();
                boolean had = lane.enter(LONG);
                return !had && Thread.interrupted();
              });
      assertThat(pending.get()).isTrue();
    } finally {
      other.shutdownNow();
    }
  }
}
