package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.State;
import io.everpool.core.jdbc.FakeDriver;
import io.everpool.core.observe.PoolEvents;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The end of a pool, with a pass of upkeep at every look at the clock that a worker takes. */
class DrainTest {
  private final List<PoolEvent> events = new ArrayList<>();
  private final Queue<Runnable> work = new ArrayDeque<>();
  private PassScheduler.@Nullable Pass pass;
  private boolean working;
  private long now;

  private long look() {
    if (working) {
      working = false;
      pass();
      working = true;
    }
    return now++;
  }

  private void pass() {
    now += 20_000_000;
    requireNonNull(pass).run(now);
  }

  private void work() {
    for (Runnable task; (task = work.poll()) != null; ) {
      working = true;
      task.run();
      working = false;
    }
  }

  private Environment environment() {
    PassScheduler scheduler =
        new PassScheduler() {
          @Override
          public void start(Pass first) {
            pass = first;
          }

          @Override
          public void hurry() {}

          @Override
          public void stop() {}
        };
    return new Environment(
        this::look, () -> Instant.EPOCH, scheduler, work::add, work::add, () -> 0.5);
  }

  private static Connector connector() {
    return new Connector() {
      @Override
      public String product() {
        return "Fake";
      }

      @Override
      public String target() {
        return "nowhere";
      }

      @Override
      public PhysicalConnection open(long timeoutNanos) {
        return new FakeDriver().open();
      }

      @Override
      public Verdict classify(Throwable failure) {
        return Verdict.CONNECTION_LOST;
      }

      @Override
      public SideEffects sideEffects(String sql) {
        return SideEffects.NONE;
      }
    };
  }

  /** Passes and works until it is so, which takes but a few. */
  private void until(BooleanSupplier so) {
    for (int i = 0; i < 1_000 && !so.getAsBoolean(); i++) {
      pass();
      work();
    }
    assertThat(so.getAsBoolean()).isTrue();
  }

  /** The worker who closes it has emptied the slot, and hasn't told of it yet. */
  @Test
  void thePoolDoesNotEndBeforeTheLastClosingIsPosted() {
    PoolConfig config = PoolConfig.builder("fake:").minSize(1).maxSize(1).build();
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config,
            connector(),
            failure -> Verdict.CONNECTION_LOST,
            environment(),
            new PoolEvents("drained", List.of(events::add)));
    upkeep.start();
    until(() -> upkeep.engine().slots()[0].state() == State.IDLE);

    CompletableFuture<Void> end = upkeep.drain();
    List<PoolEvent> before = new ArrayList<>();
    CompletableFuture<Void> seen = end.thenRun(() -> before.addAll(events));
    until(seen::isDone);

    assertThat(before).hasAtLeastOneElementOfType(PoolEvent.ConnectionClosed.class);
  }
}
