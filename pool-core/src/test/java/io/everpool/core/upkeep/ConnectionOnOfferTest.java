package io.everpool.core.upkeep;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.jdbc.StubPhysical;
import io.everpool.core.observe.PoolEvents;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a pass makes of a connection that its opener is about to hand to whoever waits. */
class ConnectionOnOfferTest {
  private PassScheduler.@Nullable Pass pass;

  private final PassScheduler scheduler =
      new PassScheduler() {
        @Override
        public void start(Pass what) {
          pass = what;
        }

        @Override
        public void hurry() {}

        @Override
        public void stop() {}
      };

  private final Queue<Runnable> tasks = new ArrayDeque<>();

  /** How many tasks there were after a pass in the midst of an offer. */
  private final List<Integer> begun = new ArrayList<>();

  private final UpkeepWithoutFaces pool =
      new UpkeepWithoutFaces(
          PoolConfig.builder("fake:").minSize(0).maxSize(4).build(),
          new FakeConnector() {
            @Override
            public PhysicalConnection open(long timeoutNanos) {
              return new StubPhysical();
            }
          },
          failure -> Verdict.CONNECTION_LOST,
          new Environment(
              this::look,
              InstantSource.system(),
              scheduler,
              tasks::add,
              tasks::add,
              () -> 0.5,
              nanos -> {}),
          new PoolEvents("offer", List.of()));

  /** The opener looks at the clock when it has taken the connection to offer it. */
  private long look() {
    if (pool != null && begun.isEmpty() && first().state() == State.LEASED) {
      begun.add(-1);
      pass();
      begun.set(0, tasks.size());
    }
    return 0;
  }

  private Slot first() {
    return pool.engine().slots()[0];
  }

  private void pass() {
    requireNonNull(pass).run(0);
  }

  @Test
  void it_needs_no_other_beside_it() {
    pool.start();
    Waiter waiter =
        new Waiter(0) {
          @Override
          protected void wake() {}
        };
    assertThat(pool.engine().begin(waiter, 7, 1)).isEqualTo(WaitResult.WAIT);
    pass();
    assertThat(tasks).as("a connect").hasSize(1);
    tasks.remove().run();
    assertThat(begun).containsExactly(0);
    assertThat(pool.engine().step(waiter, 7)).isEqualTo(WaitResult.SERVED);
  }
}
