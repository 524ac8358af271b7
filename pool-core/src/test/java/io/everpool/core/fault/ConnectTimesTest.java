package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent.ConnectionOpened;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.PoolInSimulation;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the opening of a connection is said to have taken. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ConnectTimesTest {
  private static final long SECOND = 1_000_000_000L;

  private final Theatre theatre = new Theatre();
  private final List<ConnectionOpened> events = new CopyOnWriteArrayList<>();

  /** Whoever waits for a connection waits for that, too. */
  @Test
  void the_set_up_is_part_of_it() {
    PoolListener listener =
        event -> {
          if (event instanceof ConnectionOpened opened) {
            events.add(opened);
          }
        };
    PoolInSimulation stage =
        new PoolInSimulation(
            PoolConfig.builder("fault:").name("times").minSize(1).maxSize(1).build(),
            new FaultyDriver(new Script()),
            null,
            List.of(),
            List.of(listener),
            null,
            List.of(),
            List.of(connection -> theatre.sleep(2 * SECOND)),
            theatre.environment());
    perform(stage::open);
    Pool pool = stage.pool();
    perform(pool::close); // which waits until all was told
    assertThat(events)
        .singleElement()
        .satisfies(opened -> assertThat(opened.tookNanos()).isBetween(2 * SECOND, 3 * SECOND));
  }

  private interface Part {
    void play() throws Exception;
  }

  private void perform(Part part) {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread caller = theatre.act("caller", () -> thrown.set(catchThrowable(part::play)));
    assertThat(theatre.play(30 * SECOND, () -> !caller.isAlive()))
        .as("it comes to an end: %s", Theatre.trace(caller))
        .isTrue();
    assertThat(thrown.get()).isNull();
  }
}
