package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.Verdict;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.WaitListener;
import io.everpool.core.PoolInSimulation;
import io.everpool.core.plain.PlainConnector;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A caller who gets a connection has waited once for it, however many were tried. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MeasuredOnceTest {
  private static final long SECOND = 1_000_000_000L;

  /** How many connections an interceptor may lose. */
  private static final int ATTEMPTS = 3;

  /** The interceptor's own, and what H2 says where a connection is closed. */
  private static final List<String> LOST = List.of("ZZ999", "90007");

  private final Theatre theatre = new Theatre();
  private final List<Connection> opened = new CopyOnWriteArrayList<>();
  private final List<Long> waits = new CopyOnWriteArrayList<>();
  private final List<Long> uses = new CopyOnWriteArrayList<>();
  private final List<Long> told = new CopyOnWriteArrayList<>();
  private @Nullable PoolInSimulation stage;

  /** What the interceptor does to the next connections, each after a second. */
  private final List<Loss> losses = new ArrayList<>();

  /** How an interceptor fails. */
  enum Loss {
    /** Says that the connection is lost, and others find it good. */
    SAID("ZZ999"),
    /** Finds it gone: the next has to be opened, which is waited for in line. */
    FOUND("90007"),
    /** Throws what is the caller's affair. */
    NONE("ZZ000");

    private final String state;

    Loss(String state) {
      this.state = state;
    }
  }

  /** How a caller comes by a connection, and gives it back. */
  enum Way {
    ACQUIRED {
      @Override
      void go(Pool pool) throws SQLException {
        pool.getConnection().close();
      }
    },
    IN_TIME {
      @Override
      void go(Pool pool) throws SQLException {
        pool.getConnection(Duration.ofSeconds(20)).close();
      }
    },
    FOR_A_UNIT {
      @Override
      void go(Pool pool) throws SQLException {
        pool.<Boolean, SQLException>run(Connection::getAutoCommit);
      }
    },
    FOR_A_TRANSACTION {
      @Override
      void go(Pool pool) throws SQLException {
        pool.<Boolean, SQLException>inTransaction(WorkOptions.IDEMPOTENT, Connection::isReadOnly);
      }
    };

    abstract void go(Pool pool) throws SQLException;
  }

  private interface Part {
    void play() throws SQLException;
  }

  private @Nullable Throwable perform(Part part) {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread caller = theatre.act("caller", () -> thrown.set(catchThrowable(part::play)));
    assertThat(theatre.play(120 * SECOND, () -> !caller.isAlive()))
        .as("it comes to an end: %s", Theatre.trace(caller))
        .isTrue();
    return thrown.get();
  }

  private DataSource source() {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL("jdbc:h2:mem:measured-once");
    return (DataSource)
        Proxy.newProxyInstance(
            MeasuredOnceTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> {
              try {
                Object answer = method.invoke(h2, args);
                if (answer instanceof Connection connection) {
                  theatre.sleep(SECOND);
                  opened.add(connection);
                }
                return answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  private final LeaseRecorder recorder =
      new LeaseRecorder() {
        @Override
        public void acquired(long waitedNanos) {
          waits.add(waitedNanos);
        }

        @Override
        public void released(long heldNanos) {
          uses.add(heldNanos);
        }
      };

  private final WaitListener listener =
      new WaitListener() {
        @Override
        public void onEvent(PoolEvent event) {}

        @Override
        public void waited(String pool, long waitedNanos) {
          told.add(waitedNanos);
        }
      };

  private final LeaseInterceptor interceptor =
      new LeaseInterceptor() {
        @Override
        public void acquired(Connection connection) throws SQLException {
          if (losses.isEmpty()) {
            return;
          }
          Loss loss = losses.remove(0);
          theatre.sleep(SECOND);
          if (loss == Loss.FOUND) {
            opened.get(opened.size() - 1).close();
            connection.createStatement();
          }
          throw new SQLException("by way of trial", loss.state);
        }
      };

  private Pool open(LeaseInterceptor... interceptors) {
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:measured-once")
            .name("once")
            .minSize(1)
            .maxSize(1)
            .acquireTimeout(Duration.ofSeconds(60))
            .sleep(SleepMode.OFF)
            .build();
    PoolInSimulation opening =
        new PoolInSimulation(
            config,
            PlainConnector.of(source()),
            null,
            List.of(e -> LOST.contains(sqlState(e)) ? Verdict.CONNECTION_LOST : null),
            List.of(listener),
            recorder,
            List.of(interceptors),
            List.of(),
            theatre.environment());
    stage = opening;
    assertThat(perform(opening::open)).isNull();
    assertThat(waits).as("the opening is nobody's wait").isEmpty();
    assertThat(told).isEmpty();
    return opening.pool();
  }

  private static String sqlState(Throwable e) {
    return e instanceof SQLException sql ? sql.getSQLState() : "";
  }

  @AfterEach
  void close() {
    perform(() -> requireNonNull(stage).pool().close());
  }

  private void lose(Loss loss, int times) {
    for (int i = 0; i < times; i++) {
      losses.add(loss);
    }
  }

  static Stream<Arguments> waysAndLosses() {
    return Stream.of(Way.values())
        .flatMap(
            way ->
                Stream.of(Loss.values())
                    .flatMap(
                        loss ->
                            Stream.of(0, 1, ATTEMPTS - 1, ATTEMPTS)
                                .map(times -> Arguments.of(way, loss, times))));
  }

  @ParameterizedTest
  @MethodSource("waysAndLosses")
  void what_is_lost_in_an_interceptor_is_a_part_of_one_wait_and_nobodys_use(
      Way way, Loss loss, int times) {
    Pool pool = open(interceptor);
    lose(loss, times);

    Throwable thrown = perform(() -> way.go(pool));

    boolean served = times == 0 || (loss != Loss.NONE && times < ATTEMPTS);
    assertThat(thrown == null).isEqualTo(served);
    assertMeasured(served, times * SECOND);
    if (loss == Loss.FOUND && times > 0 && served) {
      assertThat(told).isEqualTo(waits);
    } else {
      assertThat(told).as("nobody who was served has stood in line").isEmpty();
    }
  }

  private void assertMeasured(boolean served, long atLeast) {
    if (served) {
      assertThat(waits)
          .singleElement()
          .satisfies(wait -> assertThat(wait).isGreaterThanOrEqualTo(atLeast));
      assertThat(uses)
          .singleElement()
          .satisfies(use -> assertThat(use).as("without what was lost").isLessThan(SECOND));
    } else {
      assertThat(waits).isEmpty();
      assertThat(uses).isEmpty();
    }
  }

  static Stream<Arguments> losses() {
    return Stream.of(Loss.values())
        .flatMap(
            loss ->
                Stream.of(0, 1, ATTEMPTS - 1, ATTEMPTS).map(times -> Arguments.of(loss, times)));
  }

  /** Each of its sessions is a lease; those that are lost before it has them are none of it. */
  @ParameterizedTest
  @MethodSource("losses")
  void a_unit_that_is_run_again_has_waited_once_for_each_run(Loss loss, int times) {
    Pool pool = open(interceptor);
    List<Boolean> runs = new ArrayList<>();
    Throwable thrown =
        perform(
            () ->
                pool.<Boolean, SQLException>run(
                    WorkOptions.IDEMPOTENT,
                    connection -> {
                      runs.add(true);
                      if (runs.size() == 1) {
                        lose(loss, times);
                        opened.get(0).close();
                      }
                      return connection.createStatement().execute("select 1");
                    }));
    if (times == 0 || (loss != Loss.NONE && times < ATTEMPTS)) {
      assertThat(thrown).isNull();
      assertThat(runs).hasSize(2);
    }
    assertThat(waits).hasSameSizeAs(runs);
    assertThat(uses).hasSameSizeAs(runs);
    if (runs.size() == 2) {
      assertThat(waits.get(1)).isGreaterThanOrEqualTo(times * SECOND);
      assertThat(told).containsExactly(waits.get(1));
    }
  }

  @Test
  void what_is_found_dead_before_it_is_lent_is_a_part_of_the_wait() {
    Pool pool = open();
    theatre.play(3 * SECOND, () -> false); // it rests
    perform(() -> opened.get(0).close());

    assertThat(perform(() -> pool.getConnection().close())).isNull();

    assertThat(opened).hasSize(2);
    assertMeasured(true, SECOND);
    assertThat(told).isEqualTo(waits);
  }

  @Test
  void and_so_it_is_where_the_next_is_lost_in_an_interceptor() {
    Pool pool = open(interceptor);
    theatre.play(3 * SECOND, () -> false);
    perform(() -> opened.get(0).close());
    lose(Loss.FOUND, 1);

    assertThat(perform(() -> pool.getConnection().close())).isNull();

    assertThat(opened).hasSize(3);
    assertMeasured(true, 3 * SECOND); // two connects, and the interceptor's second
    assertThat(told).isEqualTo(waits);
  }
}
