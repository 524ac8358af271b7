package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.api.Verdict;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.engine.State;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import io.everpool.core.upkeep.UpkeepWithoutFaces;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Closing a pool comes to an end, and leaves nothing behind, whoever closes it and when. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ClosingTest {
  private final Script script = new Script();
  private final FaultyDriver driver = new FaultyDriver(script);

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fault:")
        .name("closing")
        .minSize(1)
        .maxSize(2)
        .closeTimeout(Duration.ofSeconds(5))
        .drainTimeout(Duration.ofMinutes(10));
  }

  @Test
  void a_second_close_waits_for_the_first() throws Exception {
    Pool pool = Everpool.builder(config().build()).connector(driver).open();
    Connection held = pool.getConnection();
    CompletableFuture<Void> first = CompletableFuture.runAsync(pool::close);
    Await.until(() -> pool.snapshot().state() != PoolState.OPEN, "the end to begin");
    CompletableFuture<PoolState> second =
        CompletableFuture.supplyAsync(
            () -> {
              pool.close();
              return pool.snapshot().state();
            });
    assertThat(first).isNotDone();
    assertThat(second).isNotDone();
    held.close();
    assertThat(second.get(30, TimeUnit.SECONDS)).isEqualTo(PoolState.CLOSED);
    first.get(30, TimeUnit.SECONDS);
  }

  /** On whichever of the pool's threads it is called. */
  @Test
  void a_listener_may_close_the_pool() throws Exception {
    AtomicReference<@Nullable Pool> pool = new AtomicReference<>();
    CountDownLatch closed = new CountDownLatch(1);
    pool.set(
        Everpool.builder(config().build())
            .connector(driver)
            .listener(
                event -> {
                  Pool it = pool.get();
                  if (event instanceof PoolEvent.Fenced && it != null) {
                    it.close();
                    closed.countDown();
                  }
                })
            .open());
    Pool it = requireNonNull(pool.get());
    it.replaceAll();
    assertThat(closed.await(30, TimeUnit.SECONDS)).as("it comes back").isTrue();
    assertThat(it.snapshot().state()).isEqualTo(PoolState.CLOSED);
    // closing waits for no connect; one that comes late ends then
    Await.until(() -> driver.open() == 0, "the end of the last connection");
  }

  /** As an application does that shuts down: what is out of the second has its drain-timeout. */
  @Test
  void a_listener_may_close_one_pool_after_the_other() throws Exception {
    AtomicReference<@Nullable Pool> first = new AtomicReference<>();
    FaultyDriver others = new FaultyDriver(new Script());
    Pool second = Everpool.builder(config().name("second").build()).connector(others).open();
    Connection held = second.getConnection();
    CountDownLatch closed = new CountDownLatch(1);
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    first.set(
        Everpool.builder(config().build())
            .connector(driver)
            .listener(
                event -> {
                  Pool it = first.get();
                  if (event instanceof PoolEvent.Fenced && it != null) {
                    it.close();
                    interrupted.set(Thread.currentThread().isInterrupted());
                    second.close();
                    closed.countDown();
                  }
                })
            .open());
    requireNonNull(first.get()).replaceAll();
    Await.until(() -> second.snapshot().state() != PoolState.OPEN, "the end to begin");
    assertThat(closed.await(300, TimeUnit.MILLISECONDS)).as("without the lease").isFalse();
    held.createStatement().close();
    held.close();
    assertThat(closed.await(30, TimeUnit.SECONDS)).as("it comes back").isTrue();
    assertThat(interrupted).hasValue(false);
  }

  private static boolean ended(Script script) {
    return script.calls().containsKey("connector.close");
  }

  /** Whoever hangs at the end of a reader keeps neither the next one nor the writer open. */
  @Test
  void a_listener_that_hangs_at_the_very_end_keeps_nothing_open() throws Exception {
    List<Script> scripts = List.of(script, new Script(), new Script());
    AtomicBoolean letGo = new AtomicBoolean();
    List<String> hanging = new CopyOnWriteArrayList<>();
    try (Logged logged = new Logged()) {
      Pool pool =
          Everpool.builder(config().closeTimeout(Duration.ofMillis(200)).build())
              .connector(driver)
              .reader(new FaultyDriver(scripts.get(1)))
              .reader(new FaultyDriver(scripts.get(2)))
              .listener(
                  event -> {
                    if (event instanceof PoolEvent.PoolClosed) {
                      hanging.add(event.pool());
                      while (!letGo.get()) {
                        LockSupport.parkNanos(1_000_000);
                      }
                    }
                  })
              .open();
      scripts.forEach(each -> each.watch(true));
      CompletableFuture.runAsync(pool::close).get(30, TimeUnit.SECONDS);
      assertThat(pool.snapshot().state()).isEqualTo(PoolState.CLOSED);
      // on threads that are waited for no longer than close-timeout
      Await.until(() -> scripts.stream().allMatch(ClosingTest::ended), "the connectors' ends");
      Await.until(() -> hanging.size() == 3, "the listener to be told of each end");
      assertThat(hanging)
          .containsExactlyInAnyOrder("closing-reader-1", "closing-reader-2", "closing");
      assertThat(logged.messages(Level.INFO))
          .filteredOn("Closed FaultyDB connection pool"::equals)
          .hasSize(3);
      assertThat(logged.messages(Level.WARN))
          .contains("Pool closing: the driver or a listener holds up its end");
    } finally {
      letGo.set(true);
    }
  }

  /** Of one that could not be opened: those of its readers were never asked for anything. */
  @Test
  void a_connector_that_hangs_or_throws_unused_keeps_nothing_open() throws Exception {
    JdbcDataSource nowhere = new JdbcDataSource();
    nowhere.setURL("jdbc:h2:mem:nowhere;IFEXISTS=TRUE");
    assertThat(catchThrowable(nowhere::getConnection)).isNotNull(); // H2 is loaded by now
    Script throwing = new Script();
    Script last = new Script();
    script.arm("connector.close", 1, Fault.HANGS);
    throwing.arm("connector.close", 1, Fault.CLASS_MISSING);
    List.of(script, throwing, last).forEach(each -> each.watch(true));
    Everpool.Builder builder =
        Everpool.builder(
                config()
                    .closeTimeout(Duration.ofMillis(200))
                    .acquireTimeout(Duration.ofSeconds(2))
                    .build())
            .dataSource(nowhere)
            .reader(driver)
            .reader(new FaultyDriver(throwing))
            .reader(new FaultyDriver(last));
    try {
      CompletableFuture<Throwable> told =
          CompletableFuture.supplyAsync(() -> catchThrowable(builder::open));
      assertThat(told.get(30, TimeUnit.SECONDS))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("nowhere");
      Await.until(() -> ended(last), "the end of the last connector");
    } finally {
      script.tell();
    }
  }

  /** It would not be done: the connections go, and nobody is lent another. */
  @Test
  void a_pool_that_is_being_closed_takes_no_orders() throws Exception {
    List<PoolEvent> events = new CopyOnWriteArrayList<>();
    try (Logged logged = new Logged()) {
      Pool pool =
          Everpool.builder(config().drainTimeout(Duration.ofHours(1)).build())
              .connector(driver)
              .listener(events::add)
              .open();
      CompletableFuture<Void> closed;
      PoolOperations operations = PoolOperations.of(pool);
      try (Connection held = pool.getConnection()) {
        assertThat(held.isClosed()).isFalse();
        closed = CompletableFuture.runAsync(pool::close);
        while (pool.snapshot().state() == PoolState.OPEN) {
          Thread.onSpinWait();
        }
        pool.replaceAll();
        operations.suspend();
        operations.resume();
        operations.evictIdle();
        operations.resize(0, 1);
        assertThatThrownBy(() -> operations.resize(2, 1)).hasMessageContaining("min-size");
      }
      closed.get(30, TimeUnit.SECONDS);
      assertThat(pool.snapshot().maxSize()).isEqualTo(2);
      assertThat(events).noneMatch(PoolEvent.Fenced.class::isInstance);
      assertThat(logged.messages(Level.INFO)).noneMatch(line -> line.contains("resumed"));
    }
  }

  @Test
  void a_connector_that_fails_to_close_leaves_no_pool_half_closed() throws Exception {
    for (Fault fault : Fault.values()) {
      if (fault != Fault.HANGS) { // which is waited for in the matrix
        Script failing = new Script();
        Pool pool = Everpool.builder(config().build()).connector(new FaultyDriver(failing)).open();
        failing.arm("connector.close", 1, fault);
        failing.watch(true);
        pool.close();
        assertThat(failing.struck()).isTrue();
        assertThat(pool.snapshot().state()).as("after %s", fault).isEqualTo(PoolState.CLOSED);
      }
    }
  }

  /**
   * Between the moment in which a connection arrives in its slot and that in which it is open, the
   * closing pool gives up the slot. The pool draws a random number just there, which is where this
   * test has the drain run.
   */
  @Test
  void a_connection_that_arrives_while_the_pool_drains_is_closed() {
    Queue<Runnable> workers = new ArrayDeque<>();
    AtomicReference<PassScheduler.@Nullable Pass> pass = new AtomicReference<>();
    AtomicReference<@Nullable UpkeepWithoutFaces> draining = new AtomicReference<>();
    Environment environment =
        new Environment(
            () -> 0,
            () -> Instant.EPOCH,
            scheduler(pass),
            workers::add,
            workers::add,
            () -> {
              UpkeepWithoutFaces upkeep = draining.getAndSet(null);
              if (upkeep != null) {
                assertThat(upkeep.drain()).as("a connect is on its way").isNotDone();
                run(pass);
              }
              return 0.5;
            },
            nanos -> {});
    UpkeepWithoutFaces upkeep = upkeep(environment);
    upkeep.start();
    run(pass);
    draining.set(upkeep);
    runAll(workers);
    run(pass);
    assertThat(draining.get()).as("the drain ran in between").isNull();
    assertThat(upkeep.engine().slots()[0].state()).isEqualTo(State.EMPTY);
    assertThat(driver.open()).as("connections left open").isZero();
    assertThat(upkeep.drain()).isDone();
  }

  /**
   * A connection with news for upkeep, whether the pool is closed before or after it tells: nobody
   * runs another pass once the last slot is empty.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_connection_that_supersedes_the_others_of_a_closing_pool_is_closed(boolean afterTheEnd) {
    Queue<Runnable> workers = new ArrayDeque<>();
    AtomicReference<PassScheduler.@Nullable Pass> pass = new AtomicReference<>();
    Environment environment =
        new Environment(
            () -> 0,
            () -> Instant.EPOCH,
            scheduler(pass),
            workers::add,
            workers::add,
            () -> 0.5,
            nanos -> {});
    UpkeepWithoutFaces upkeep = upkeep(environment);
    upkeep.start();
    run(pass);
    driver.promote();
    if (!afterTheEnd) {
      runAll(workers);
      assertThat(driver.open()).isEqualTo(1);
    }
    CompletableFuture<Void> drained = upkeep.drain();
    run(pass);
    if (!afterTheEnd) {
      runAll(workers);
    }
    run(pass);
    assertThat(drained).isDone();
    runAll(workers);
    assertThat(driver.open()).as("connections left open").isZero();
    assertThat(upkeep.engine().slots()[0].state()).isEqualTo(State.EMPTY);
  }

  private UpkeepWithoutFaces upkeep(Environment environment) {
    return new UpkeepWithoutFaces(
        config().maxSize(1).build(),
        driver,
        failure -> Verdict.CONNECTION_LOST,
        environment,
        new PoolEvents("closing", List.of()));
  }

  /** Beats when the test wants it to. */
  private static PassScheduler scheduler(AtomicReference<PassScheduler.@Nullable Pass> pass) {
    return new PassScheduler() {
      @Override
      public void start(Pass first) {
        pass.set(first);
      }

      @Override
      public void hurry() {}

      @Override
      public void stop() {}
    };
  }

  private static void runAll(Queue<Runnable> workers) {
    for (Runnable task; (task = workers.poll()) != null; ) {
      task.run();
    }
  }

  private static void run(AtomicReference<PassScheduler.@Nullable Pass> pass) {
    PassScheduler.Pass next = pass.get();
    if (next == null) {
      throw new AssertionError("not started");
    }
    next.run(0);
  }
}
