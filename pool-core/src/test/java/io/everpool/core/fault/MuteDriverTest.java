package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.PoolInSimulation;
import io.everpool.core.jdbc.Logged;
import io.everpool.core.plain.PlainConnector;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A driver of which no connection can be asked whether it is alive. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MuteDriverTest {
  private static final long SECOND = 1_000_000_000L;

  private final Theatre theatre = new Theatre();
  private final List<PoolEvent> events = new CopyOnWriteArrayList<>();
  private final AtomicInteger opened = new AtomicInteger();
  private volatile boolean closed;

  private static PoolConfig config() {
    return PoolConfig.builder("fault:")
        .name("mute")
        .minSize(1)
        .maxSize(1)
        .healthCheckInterval(Duration.ofSeconds(10))
        .sleep(SleepMode.OFF)
        .build();
  }

  private DataSource source(Throwable refusal) {
    return (DataSource)
        Proxy.newProxyInstance(
            MuteDriverTest.class.getClassLoader(),
            new Class<?>[] {DataSource.class},
            (self, method, args) -> connection(refusal));
  }

  private Connection connection(Throwable refusal) {
    opened.incrementAndGet();
    closed = false;
    return (Connection)
        Proxy.newProxyInstance(
            MuteDriverTest.class.getClassLoader(),
            new Class<?>[] {Connection.class},
            (self, method, args) ->
                switch (method.getName()) {
                  case "isValid" -> throw refusal;
                  case "isClosed" -> closed;
                  case "getAutoCommit" -> true;
                  case "hashCode" -> System.identityHashCode(self);
                  case "equals" -> self == args[0];
                  default -> null;
                });
  }

  private interface Part {
    void play() throws SQLException;
  }

  /** What a caller does, which comes to a good end. */
  private void perform(Part part) {
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread caller = theatre.act("caller", () -> thrown.set(catchThrowable(part::play)));
    assertThat(theatre.play(30 * SECOND, () -> !caller.isAlive()))
        .as("it comes to an end: %s", Theatre.trace(caller))
        .isTrue();
    assertThat(thrown.get()).isNull();
  }

  private void pass(long nanos) {
    theatre.play(nanos, () -> false);
  }

  private List<CloseReason> reasons() {
    return events.stream()
        .filter(PoolEvent.ConnectionClosed.class::isInstance)
        .map(event -> ((PoolEvent.ConnectionClosed) event).reason())
        .toList();
  }

  static Stream<Throwable> refusals() {
    AbstractMethodError stub = new AbstractMethodError();
    stub.setStackTrace(
        new StackTraceElement[] {
          new StackTraceElement(
              "net.sourceforge.jtds.jdbc.JtdsConnection", "isValid", "JtdsConnection.java", 2833)
        });
    return Stream.of(
        stub,
        new SQLFeatureNotSupportedException("isValid", "0A000"),
        new UnsupportedOperationException());
  }

  /** It was lent after each rest as one that was found dead, and closed at each examination. */
  @ParameterizedTest
  @MethodSource("refusals")
  void its_connections_are_lent_again_unless_it_says_that_they_are_closed(Throwable refusal) {
    try (Logged log = new Logged()) {
      PoolInSimulation stage =
          new PoolInSimulation(
              config(),
              PlainConnector.of(source(refusal)),
              null,
              List.of(),
              List.of(events::add),
              null,
              List.of(),
              List.of(),
              theatre.environment());
      perform(stage::open);
      Pool pool = stage.pool();
      for (int i = 0; i < 2; i++) {
        pass(2 * SECOND);
        perform(() -> pool.getConnection().close());
      }
      pass(25 * SECOND); // two examinations
      perform(() -> pool.getConnection().close());
      assertThat(opened).hasValue(1);
      assertThat(log.messages(Level.WARN))
          .filteredOn(message -> message.contains("isValid"))
          .singleElement()
          .asString()
          .startsWith("Pool mute: isValid doesn't work with the DataSource given (");

      pass(2 * SECOND);
      closed = true;
      perform(() -> pool.getConnection().close());
      assertThat(opened).hasValue(2);
      perform(pool::close); // which waits until all was told
      assertThat(reasons()).containsExactly(CloseReason.FOUND_DEAD, CloseReason.POOL_CLOSED);
    }
  }
}
