package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.PoolInSimulation;
import java.net.SocketException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The limits of the process, and of time: told as what they are, and healed from at once. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LimitsTest {
  private static final long SECOND = 1_000_000_000L;

  private static final LeaseRecorder DEAF =
      new LeaseRecorder() {
        @Override
        public void acquired(long waitedNanos) {}

        @Override
        public void released(long heldNanos) {}
      };

  private final Theatre theatre = new Theatre();
  private final FaultyDriver driver = new FaultyDriver(new Script());
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();

  private static PoolConfig.Builder config() {
    return PoolConfig.builder("fault:")
        .name("limits")
        .failFast(false)
        .minSize(0)
        .maxSize(2)
        .acquireTimeout(Duration.ofSeconds(5))
        .connectTimeout(Duration.ofSeconds(8));
  }

  private Pool open(PoolConfig config, Connector connector) throws Exception {
    PoolListener listener = events::add;
    PoolInSimulation it =
        new PoolInSimulation(
            config,
            connector,
            null,
            List.of(),
            List.of(listener),
            DEAF,
            List.of(),
            List.of(),
            theatre.environment());
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread opener = theatre.act("opener", () -> thrown.set(catchThrowable(it::open)));
    theatre.play(SECOND, () -> !opener.isAlive());
    assertThat(thrown.get()).isNull();
    return it.pool();
  }

  /** What a caller is given, or told, within this time; null for neither. */
  private @Nullable Object acquire(Pool pool, long within) {
    AtomicReference<@Nullable Object> outcome = new AtomicReference<>();
    theatre.act(
        "caller",
        () -> {
          try {
            outcome.set(pool.getConnection());
          } catch (Throwable e) {
            outcome.set(e);
          }
        });
    theatre.play(within, () -> outcome.get() != null);
    return outcome.get();
  }

  @Test
  void without_a_thread_to_be_had_callers_are_told_so_and_served_as_soon_as_there_is_one()
      throws Exception {
    Pool pool = open(config().build(), driver);
    theatre.threadless(true);
    assertThat(acquire(pool, 6 * SECOND))
        .isInstanceOfSatisfying(
            AcquireTimeoutException.class,
            told ->
                assertThat((Throwable) told)
                    .hasMessageContaining("can't start another thread")
                    .hasMessageNotContaining("check the host"));
    assertThat(pool.snapshot().connecting()).as("places kept for no thread").isZero();
    assertThat(pool.snapshot().down()).isFalse();
    theatre.threadless(false);
    assertThat(acquire(pool, SECOND / 2)).isInstanceOf(Connection.class);
  }

  /** Opens what a supplier gives. */
  private Connector opening(SupplierOfConnections supplier) {
    FaultyDriver words = driver;
    return new Connector() {
      @Override
      public String product() {
        return words.product();
      }

      @Override
      public String target() {
        return words.target();
      }

      @Override
      public PhysicalConnection open(long timeoutNanos) throws SQLException {
        return supplier.open();
      }

      @Override
      public Verdict classify(Throwable failure) {
        return words.classify(failure);
      }

      @Override
      public SideEffects sideEffects(String sql) {
        return SideEffects.NONE;
      }
    };
  }

  @FunctionalInterface
  private interface SupplierOfConnections {
    PhysicalConnection open() throws SQLException;
  }

  private void isTold(Throwable thrown, String what) throws Exception {
    AtomicReference<@Nullable Throwable> due = new AtomicReference<>(thrown);
    Connector connector =
        opening(
            () -> {
              Throwable next = due.get();
              if (next != null) {
                Fault.<RuntimeException>sneak(next);
              }
              return driver.open(SECOND);
            });
    Pool pool = open(config().build(), connector);
    assertThat(acquire(pool, 6 * SECOND))
        .isInstanceOfSatisfying(
            SQLException.class,
            told ->
                assertThat((Throwable) told)
                    .hasMessageContaining(what)
                    .hasMessageNotContaining("check the host"));
    due.set(null);
    Object outcome = acquire(pool, 4 * SECOND);
    for (int i = 0; i < 10 && outcome instanceof SQLException; i++) { // told at once for a while
      theatre.play(SECOND, () -> false);
      outcome = acquire(pool, 4 * SECOND);
    }
    assertThat(outcome).isInstanceOf(Connection.class);
  }

  @Test
  void file_descriptors_used_up_are_told_as_that() throws Exception {
    SQLException thrown =
        new SQLException(
            "the connection attempt failed", "08001", new SocketException("Too many open files"));
    isTold(thrown, "no file descriptor left");
    assertThat(events)
        .filteredOn(PoolEvent.ConnectFailed.class::isInstance)
        .allMatch(event -> ((PoolEvent.ConnectFailed) event).verdict() == Verdict.PROCESS_LIMIT);
  }

  /** Such as that of a server that greets with forty megabytes. */
  @Test
  void memory_used_up_by_a_login_is_told_as_that() throws Exception {
    isTold(new OutOfMemoryError("Java heap space"), "ran out of memory");
  }

  @Test
  void a_class_that_is_missing_is_told_as_that() throws Exception {
    isTold(new NoClassDefFoundError("com/example/Codec"), "look at the class path");
  }

  @Test
  void a_mistake_of_the_drivers_is_told_as_that() throws Exception {
    isTold(new IllegalStateException("oops"), "The driver failed to open a connection");
  }

  /** A driver's failure, or one of its causes, that fails itself. */
  private static final class Mumbling extends SQLException {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new UnsupportedOperationException("no text");
    }
  }

  /** By name, for JUnit asks its arguments what they are. */
  private enum Mumbled {
    ITSELF {
      @Override
      Throwable thrown() {
        return new Mumbling();
      }
    },
    ITS_CAUSE {
      @Override
      Throwable thrown() {
        return new SQLException("see the cause", "08001", new Mumbling());
      }
    },
    CAUSE_OF_A_MISTAKE {
      @Override
      Throwable thrown() {
        return new IllegalStateException("see the cause", new Mumbling());
      }
    },
    FOR_WANT_OF_MEMORY {
      @Override
      Throwable thrown() {
        return new IllegalStateException() {
          private static final long serialVersionUID = 1L;

          @Override
          public String toString() {
            throw new OutOfMemoryError("Java heap space");
          }
        };
      }
    };

    abstract Throwable thrown();
  }

  /** Neither its place, until connect-timeout, nor the pool's pace as if its thread hung. */
  @ParameterizedTest
  @EnumSource(Mumbled.class)
  void a_failure_that_can_not_be_told_costs_no_more_than_any_other(Mumbled failure)
      throws Exception {
    AtomicBoolean well = new AtomicBoolean();
    AtomicInteger failed = new AtomicInteger();
    Connector connector =
        opening(
            () -> {
              if (!well.get()) {
                failed.incrementAndGet();
                Fault.<RuntimeException>sneak(failure.thrown());
              }
              return driver.open(SECOND);
            });
    Pool pool = open(config().minSize(1).build(), connector);
    theatre.play(SECOND / 10, () -> failed.get() > 0);
    assertThat(pool.snapshot().connecting()).as("places kept for nothing").isZero();
    theatre.play(1800 * SECOND, () -> failed.get() >= 25);
    assertThat(failed.get()).as("in half an hour").isGreaterThanOrEqualTo(25);
    well.set(true);
    theatre.play(17 * SECOND, () -> pool.snapshot().idle() > 0);
    assertThat(pool.snapshot().idle()).as("within max-backoff").isPositive();
    assertThat(events).anyMatch(PoolEvent.ConnectFailed.class::isInstance);
  }

  /** Each that hangs keeps a thread of this process: half an hour of it must not cost a hundred. */
  @Test
  void connects_that_hang_for_half_an_hour_cost_a_handful_of_threads() throws Exception {
    AtomicInteger hanging = new AtomicInteger();
    AtomicBoolean well = new AtomicBoolean();
    List<Script> scripts = new ArrayList<>();
    Connector connector =
        opening(
            () -> {
              if (!well.get()) {
                Script hangs = new Script();
                hangs.arm("open", 1, Fault.HANGS);
                hangs.watch(true);
                synchronized (scripts) {
                  scripts.add(hangs);
                }
                hanging.incrementAndGet();
                hangs.called("open");
                hanging.decrementAndGet();
              }
              return driver.open(SECOND);
            });
    Pool pool = open(config().minSize(1).connectTimeout(Duration.ofSeconds(10)).build(), connector);
    theatre.play(1800 * SECOND, () -> false);
    assertThat(hanging.get()).isBetween(4, 16);
    well.set(true);
    assertThat(acquire(pool, 5 * SECOND)).as("all the places are kept").isNotNull();
    synchronized (scripts) {
      scripts.forEach(Script::tell);
    }
    theatre.play(3600 * SECOND, () -> pool.snapshot().idle() > 0);
    assertThat(acquire(pool, SECOND)).isInstanceOf(Connection.class);
  }

  /** The substitute is there before the old one goes. */
  @Test
  void the_pool_does_not_fall_below_its_minimum_when_connections_grow_old() throws Exception {
    Pool pool =
        open(
            config()
                .minSize(4)
                .maxSize(8)
                .maxLifetime(Duration.ofSeconds(30))
                .idleTimeout(Duration.ofSeconds(10))
                .build(),
            driver);
    theatre.play(5 * SECOND, () -> pool.snapshot().idle() == 4);
    AtomicInteger fewest = new AtomicInteger(4);
    theatre.play(
        200 * SECOND,
        () -> {
          fewest.accumulateAndGet(pool.snapshot().idle() + pool.snapshot().probing(), Math::min);
          return false;
        });
    assertThat(fewest).hasValue(4);
    assertThat(pool.snapshot().opened()).as("all were replaced, several times").isGreaterThan(20);
    assertThat(driver.open()).isLessThanOrEqualTo(6);
  }

  /** A look at a slow server takes its time, and the connection grows too old meanwhile. */
  @Test
  void what_is_doomed_while_it_is_looked_at_is_not_lent() throws Exception {
    Script script = new Script();
    Pool pool =
        open(
            config()
                .minSize(1)
                .maxLifetime(Duration.ofSeconds(30))
                .resetTimeout(Duration.ofSeconds(60))
                .acquireTimeout(Duration.ofSeconds(120))
                .healthCheckInterval(Duration.ofHours(1))
                .build(),
            new FaultyDriver(script));
    theatre.play(2 * SECOND, () -> false);
    script.watch(true);
    script.arm("look", 1, Fault.HANGS);
    assertThat(acquire(pool, 40 * SECOND)).as("before the look has ended").isNull();
    assertThat(script.hanging()).isNotNull();
    script.tell();
    assertThat(acquire(pool, 5 * SECOND)).isInstanceOf(Connection.class);
    assertThat(events)
        .as("the old one was closed, not lent")
        .anySatisfy(
            event ->
                assertThat(event)
                    .isInstanceOfSatisfying(
                        PoolEvent.ConnectionClosed.class,
                        closed -> assertThat(closed.reason()).isEqualTo(CloseReason.MAX_LIFETIME)));
  }
}
