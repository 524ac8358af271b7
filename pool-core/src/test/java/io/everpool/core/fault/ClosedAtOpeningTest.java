package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Of a pool that a listener closes as it opens each of them hears both, in this order and once. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClosedAtOpeningTest {
  private static final int LISTENERS = 3;

  private static final List<String> BOTH = List.of("PoolOpened", "PoolClosed");

  /** Who closes it, and what the listener that is told of the opening waits for. */
  enum By {
    THE_LISTENER,
    ANOTHER_THREAD,
    ANOTHER_THREAD_THAT_HAS_BEGUN,
    ANOTHER_THREAD_THAT_WAITS_FOR_A_LEASE,
    THE_COURIER
  }

  private final AtomicReference<@Nullable Pool> forTheCourier = new AtomicReference<>();
  private final CountDownLatch closedByTheCourier = new CountDownLatch(1);
  private final AtomicReference<@Nullable Connection> lease = new AtomicReference<>();

  /** What each listener has heard of pools' beginnings and ends. */
  private final List<List<PoolEvent>> heard =
      Stream.generate(() -> (List<PoolEvent>) new CopyOnWriteArrayList<PoolEvent>())
          .limit(LISTENERS)
          .toList();

  private static PoolConfig config() {
    return PoolConfig.builder("fault:")
        .name("closing")
        .minSize(1)
        .maxSize(2)
        .closeTimeout(Duration.ofSeconds(20))
        .drainTimeout(Duration.ofMinutes(10))
        .build();
  }

  private void close(Pool pool, By by) {
    switch (by) {
      case THE_LISTENER -> pool.close();
      case ANOTHER_THREAD -> CompletableFuture.runAsync(pool::close).join();
      case ANOTHER_THREAD_THAT_HAS_BEGUN -> begin(pool);
      case ANOTHER_THREAD_THAT_WAITS_FOR_A_LEASE -> {
        try {
          lease.set(pool.getConnection());
        } catch (SQLException e) {
          throw new AssertionError(e);
        }
        begin(pool);
      }
      case THE_COURIER -> {
        forTheCourier.set(pool);
        pool.replaceAll();
        await(closedByTheCourier);
      }
    }
  }

  private static void begin(Pool pool) {
    CompletableFuture<Void> unused = CompletableFuture.runAsync(pool::close);
    Await.until(pool::isClosed, "the end to begin");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** The courier's own tells it, too, so that it may close what another was told of. */
  private void closeByTheCourier(PoolEvent event) {
    Pool pool = event instanceof PoolEvent.Fenced ? forTheCourier.getAndSet(null) : null;
    if (pool != null) {
      pool.close();
      closedByTheCourier.countDown();
    }
  }

  /**
   * @param place of the one that closes the writer's pool, among those that only listen
   * @param at the pool at whose opening it does so
   */
  private void addListeners(Everpool.Builder builder, int place, By by, String at) {
    builder.listener(this::closeByTheCourier);
    for (int i = 0; i < LISTENERS; i++) {
      if (i == place) {
        builder.listener(closer(by, at));
      }
      List<PoolEvent> own = heard.get(i);
      builder.listener(
          event -> {
            if (event instanceof PoolEvent.PoolOpened || event instanceof PoolEvent.PoolClosed) {
              own.add(event);
            }
          });
    }
    if (place == LISTENERS) {
      builder.listener(closer(by, at));
    }
  }

  private PoolListener closer(By by, String at) {
    AtomicReference<@Nullable Pool> writer = new AtomicReference<>();
    return event -> {
      if (event instanceof PoolEvent.PoolOpened opened) {
        writer.compareAndSet(null, opened.self());
        if (event.pool().equals(at)) {
          close(requireNonNull(writer.get()), by);
        }
      }
    };
  }

  private List<String> heardOf(String pool, int listener) {
    return heard.get(listener).stream()
        .filter(event -> event.pool().equals(pool))
        .map(event -> event.getClass().getSimpleName())
        .toList();
  }

  private void requireBothOf(String pool) {
    for (int i = 0; i < LISTENERS; i++) {
      int listener = i;
      Await.until(
          () -> heardOf(pool, listener).contains("PoolClosed"),
          "the end of " + pool + " to be told");
    }
    for (int i = 0; i < LISTENERS; i++) {
      assertThat(heardOf(pool, i)).as("of %s, the listener %d", pool, i).isEqualTo(BOTH);
    }
  }

  static Stream<Arguments> placesAndClosers() {
    return IntStream.rangeClosed(0, LISTENERS)
        .boxed()
        .flatMap(place -> Stream.of(By.values()).map(by -> Arguments.of(place, by)));
  }

  @ParameterizedTest
  @MethodSource("placesAndClosers")
  void its_end_is_told_after_its_opening(int place, By by) throws Exception {
    FaultyDriver driver = new FaultyDriver(new Script());
    Everpool.Builder builder = Everpool.builder(config()).connector(driver);
    addListeners(builder, place, by, "closing");
    Pool pool = builder.open();
    assertThat(pool.isClosed()).isTrue();
    Connection held = lease.get();
    if (held != null) { // the end comes long after the opening was told
      for (int i = 0; i < LISTENERS; i++) {
        assertThat(heardOf("closing", i)).containsExactly("PoolOpened");
      }
      held.close();
    }
    requireBothOf("closing");
    pool.close();
    assertThat(pool.snapshot().state()).isEqualTo(PoolState.CLOSED);
    assertThat(catchThrowable(pool::getConnection)).isInstanceOf(PoolClosedException.class);
    Await.until(() -> driver.open() == 0, "the end of the last connection");
  }

  static Stream<Arguments> openingsAndClosers() {
    return Stream.of("closing", "closing-reader-1", "closing-reader-2")
        .flatMap(
            at ->
                Stream.of(By.values())
                    .filter(by -> by != By.ANOTHER_THREAD_THAT_WAITS_FOR_A_LEASE)
                    .map(by -> Arguments.of(at, by)));
  }

  /** There is no whole without its writer: nobody gets readers that hold connections for nobody. */
  @ParameterizedTest
  @MethodSource("openingsAndClosers")
  void a_pool_whose_writer_is_closed_meanwhile_is_not_opened(String at, By by) {
    List<Script> scripts = List.of(new Script(), new Script(), new Script());
    scripts.forEach(script -> script.watch(true));
    List<FaultyDriver> drivers = scripts.stream().map(FaultyDriver::new).toList();
    Everpool.Builder builder =
        Everpool.builder(config())
            .connector(drivers.get(0))
            .reader(drivers.get(1))
            .reader(drivers.get(2));
    addListeners(builder, 1, by, at);
    assertThat(catchThrowable(builder::open))
        .isInstanceOf(PoolClosedException.class)
        .hasMessageContaining("closing");
    List<String> opened =
        new ArrayList<>(List.of("closing", "closing-reader-1", "closing-reader-2"));
    opened.removeIf(pool -> pool.compareTo(at) > 0); // those after it
    opened.forEach(this::requireBothOf);
    assertThat(heard.get(0)).hasSize(2 * opened.size());
    for (int i = 0; i < drivers.size(); i++) {
      FaultyDriver driver = drivers.get(i);
      Await.until(() -> driver.open() == 0, "the end of the last connection");
      assertThat(scripts.get(i).calls()).containsEntry("connector.close", 1);
    }
  }
}
