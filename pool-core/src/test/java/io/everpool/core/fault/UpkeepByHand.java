package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Each pass and each worker's task comes when the test says so, on its thread. */
class UpkeepByHand {
  static final long MS = 1_000_000L;

  final Queue<Runnable> workers = new ArrayDeque<>();
  final List<PoolEvent> events = new ArrayList<>();
  final Script script = new Script();
  final FaultyDriver driver = new FaultyDriver(script);

  /** Nanoseconds; longer than drain-timeout and close-timeout together, twice. */
  static final long LONGER_THAN_ANY_TIMEOUT = 600_000 * MS;

  private static final long BEGINNING = Long.MAX_VALUE - 1000 * MS;

  long now = BEGINNING;

  /** For how long the machine was suspended, or how much its time of day was set ahead. */
  long suspended;

  private PassScheduler.@Nullable Pass pass;
  private boolean threads = true;

  private final PassScheduler scheduler =
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

  /** With so many connections, all idle. */
  UpkeepWithoutFaces open(int size) {
    return open(size, builder -> {});
  }

  UpkeepWithoutFaces open(int size, Consumer<PoolConfig.Builder> settings) {
    PoolConfig.Builder config =
        PoolConfig.builder("fault:")
            .minSize(size)
            .maxSize(size)
            .leakThreshold(Duration.ofSeconds(10));
    settings.accept(config);
    UpkeepWithoutFaces upkeep =
        new UpkeepWithoutFaces(
            config.build(),
            driver,
            failure -> Verdict.CONNECTION_LOST,
            new Environment(
                this::look,
                this::timeOfDay,
                scheduler,
                this::execute,
                this::execute,
                () -> 0.5,
                nanos -> {}),
            new PoolEvents("pause", List.of(events::add)));
    upkeep.start();
    beat();
    work();
    beat();
    assertThat(upkeep.engine().slots()).allMatch(slot -> slot.state() == State.IDLE);
    return upkeep;
  }

  /** What the pool sees of the clock. */
  long look() {
    return now;
  }

  private Instant timeOfDay() {
    return Instant.EPOCH.plusNanos(now - BEGINNING + suspended);
  }

  /** Runs a pass; returns how long until the next is due, in nanoseconds. */
  long beat() {
    return requireNonNull(pass).run(now);
  }

  /** From now on there is no thread to be had. */
  void withoutThreads() {
    threads = false;
  }

  void withThreads() {
    threads = true;
  }

  private void execute(Runnable task) {
    if (!threads) {
      throw new OutOfMemoryError("unable to create native thread");
    }
    workers.add(task);
  }

  void work() {
    for (Runnable task; (task = workers.poll()) != null; ) {
      task.run();
    }
  }
}
