package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.PoolInSimulation;
import io.everpool.core.plain.PlainConnector;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Callers who have less time than a connection may take to answer, beside a driver whose
 * connections have to be asked whether they live.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ShortLimitsTest {
  private static final long SECOND = 1_000_000_000L;

  private static final int CONNECTIONS = 4;

  private static final Duration LIMIT = Duration.ofMillis(300);

  /** More than any look at the clock is late by. */
  private static final long LATE = SECOND / 2;

  private final Theatre theatre = new Theatre();
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final AtomicInteger opened = new AtomicInteger();
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicBoolean loses = new AtomicBoolean();

  /** The next one who is asked doesn't answer. */
  private final AtomicBoolean silences = new AtomicBoolean();

  private volatile Manner manner = Manner.PROMPT;

  /** How the driver answers whether a connection is alive. */
  private enum Manner {
    /** At once. */
    PROMPT,
    /** After three seconds, if it is given so long. */
    SLOW,
    /** When its time is up: no. */
    SILENT,
    /** When it was cut, whatever time it was given. */
    DEAF
  }

  /** How somebody comes to a connection. */
  private enum Way {
    /** Asks for one with a limit. */
    LIMITED(Duration.ofMillis(300)),
    /** Asks for one, and doesn't wait. */
    NOT_AT_ALL(Duration.ofSeconds(1)),
    /** Has a limit, where nobody may stand in line. */
    WITHOUT_LINE(Duration.ofSeconds(1)),
    /** Has a piece of work run that has a deadline. */
    UNIT(Duration.ofMillis(300)),
    /** Has lost the connection in such a piece of work. */
    RENEWAL(Duration.ofMillis(300));

    private final Duration within;

    Way(Duration within) {
      this.within = within;
    }
  }

  static Stream<Arguments> all() {
    List<Arguments> all = new ArrayList<>();
    for (Way way : Way.values()) {
      for (Manner manner : Manner.values()) {
        all.add(Arguments.of(way, manner));
      }
    }
    return all.stream();
  }

  private DataSource source() {
    return (DataSource)
        Proxy.newProxyInstance(
            ShortLimitsTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> connection());
  }

  private Connection connection() {
    opened.incrementAndGet();
    AtomicBoolean closed = new AtomicBoolean();
    return (Connection)
        Proxy.newProxyInstance(
            ShortLimitsTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (self, method, args) ->
                switch (method.getName()) {
                  case "isValid" -> answer((Integer) args[0], closed);
                  case "isClosed" -> closed.get();
                  case "abort", "close" -> {
                    closed.set(true);
                    yield null;
                  }
                  case "getAutoCommit" -> true;
                  case "createStatement" -> statement();
                  case "hashCode" -> System.identityHashCode(self);
                  case "equals" -> self == args[0];
                  default -> nothing(method.getReturnType());
                });
  }

  private Statement statement() {
    return (Statement)
        Proxy.newProxyInstance(
            ShortLimitsTest.class.getClassLoader(),
            new Class<?>[] {Statement.class},
            (self, method, args) -> {
              if (method.getName().equals("execute") && loses.getAndSet(false)) {
                throw new SQLException("lost", "08006");
              }
              return nothing(method.getReturnType());
            });
  }

  private static @Nullable Object nothing(Class<?> type) {
    return switch (type.getName()) {
      case "boolean" -> false;
      case "int" -> 0;
      default -> null;
    };
  }

  private boolean answer(int seconds, AtomicBoolean closed) {
    asked.incrementAndGet();
    Manner manner = silences.getAndSet(false) ? Manner.DEAF : this.manner;
    long end =
        switch (manner) {
          case PROMPT -> 0;
          case SLOW -> Math.min(seconds, 3) * SECOND;
          case SILENT -> seconds * SECOND;
          case DEAF -> 3600 * SECOND;
        };
    for (long waited = 0; waited < end && !closed.get(); waited += SECOND / 10) {
      theatre.sleep(SECOND / 10);
    }
    return !closed.get() && (manner == Manner.PROMPT || manner == Manner.SLOW && seconds >= 3);
  }

  private Pool open(Way way) {
    PoolConfig config =
        PoolConfig.builder("short:")
            .name("short")
            .minSize(CONNECTIONS)
            .maxSize(CONNECTIONS)
            .maxWaiters(way == Way.WITHOUT_LINE ? 0 : 100)
            .sleep(SleepMode.OFF)
            .retry(RetryConfig.DEFAULT.withInitialBackoff(Duration.ofNanos(1)))
            .build();
    PoolInSimulation stage =
        new PoolInSimulation(
            config,
            PlainConnector.of(source()),
            null,
            List.of(),
            List.of(events::add),
            null,
            List.of(),
            List.of(),
            theatre.environment());
    assertThat(perform(stage::open, 10 * SECOND)).isNull();
    theatre.play(10 * SECOND, () -> stage.pool().snapshot().idle() == CONNECTIONS);
    return stage.pool();
  }

  private interface Part {
    void play() throws SQLException;
  }

  /** What comes of it, within that time. */
  private @Nullable Throwable perform(Part part, long within) {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread caller = theatre.act("caller", () -> thrown.set(catchThrowable(part::play)));
    assertThat(theatre.play(within, () -> !caller.isAlive()))
        .as("it comes to an end in time: %s", Theatre.trace(caller))
        .isTrue();
    return thrown.get();
  }

  private void take(Pool pool, Way way) throws SQLException {
    WorkOptions options =
        (way == Way.RENEWAL ? WorkOptions.IDEMPOTENT : WorkOptions.DEFAULT).withDeadline(LIMIT);
    switch (way) {
      case LIMITED, WITHOUT_LINE -> pool.getConnection(LIMIT).close();
      case NOT_AT_ALL -> pool.getConnection(Duration.ZERO).close();
      case UNIT, RENEWAL ->
          pool.<Boolean, SQLException>run(
              options,
              connection -> {
                try (Statement statement = connection.createStatement()) {
                  return statement.execute("select 1");
                }
              });
    }
  }

  private long lost() {
    return events.stream().filter(PoolEvent.ConnectionClosed.class::isInstance).count();
  }

  @ParameterizedTest
  @MethodSource("all")
  void they_are_told_in_time_and_it_costs_no_more_than_that_connection(Way way, Manner answers) {
    Pool pool = open(way);
    theatre.play(2 * SECOND, () -> false); // they have rested
    if (way == Way.RENEWAL) {
      assertThat(perform(() -> pool.getConnection().close(), SECOND)).isNull(); // the next as well
      loses.set(true);
    }
    manner = answers;
    boolean deaf = answers == Manner.DEAF && way.within.toMillis() > 300;
    // A caller of a driver that keeps no time is freed by reset-timeout.
    long within = deaf ? 5 * SECOND : way.within.toNanos();
    Throwable told = perform(() -> take(pool, way), within + LATE);
    if (answers == Manner.PROMPT || way == Way.RENEWAL) { // who is served by one that is new
      assertThat(told).isNull();
    } else {
      assertThat(told).isInstanceOf(AcquireTimeoutException.class);
    }
    long losses = way == Way.RENEWAL ? 1 : 0;
    if (answers == Manner.SLOW) {
      theatre.play(10 * SECOND, () -> false);
      long hurried = way == Way.NOT_AT_ALL || way == Way.WITHOUT_LINE ? 1 : 0;
      assertThat(lost()).as("connections lost").isEqualTo(losses + hurried);
      assertThat(perform(() -> pool.getConnection().close(), 10 * SECOND)).isNull();
    } else if (answers == Manner.PROMPT) {
      assertThat(lost()).isEqualTo(losses);
    } else {
      manner = Manner.PROMPT;
      theatre.play(20 * SECOND, () -> pool.snapshot().idle() == CONNECTIONS);
      assertThat(perform(() -> pool.getConnection().close(), SECOND)).isNull();
    }
  }

  /** The others are left to those who have time to ask. */
  @ParameterizedTest
  @EnumSource(
      value = Way.class,
      names = {"LIMITED", "NOT_AT_ALL", "WITHOUT_LINE", "UNIT"})
  void one_that_answers_is_all_that_they_need(Way way) {
    Pool pool = open(way);
    theatre.play(2 * SECOND, () -> false); // they have rested
    asked.set(0);
    assertThat(perform(() -> take(pool, way), SECOND)).isNull();
    theatre.play(SECOND, () -> pool.snapshot().idle() == CONNECTIONS);
    assertThat(asked).as("connections that were asked").hasValue(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Way.class,
      names = {"LIMITED", "UNIT"})
  void one_that_is_silent_keeps_nobody_from_the_others(Way way) {
    Pool pool = open(way);
    theatre.play(2 * SECOND, () -> false);
    silences.set(true);
    assertThat(perform(() -> take(pool, way), way.within.toNanos())).isNull();
    assertThat(silences).isFalse();
  }

  /** Nor does he wait longer for the one than he wants to wait in all. */
  @Test
  void he_whose_limit_is_a_moment_is_told_in_a_moment() {
    Pool pool = open(Way.LIMITED);
    theatre.play(2 * SECOND, () -> false);
    manner = Manner.DEAF;
    assertThat(perform(() -> pool.getConnection(Duration.ofMillis(1)).close(), LATE))
        .isInstanceOf(AcquireTimeoutException.class);
  }
}
