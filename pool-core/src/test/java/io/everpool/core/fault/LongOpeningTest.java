package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.PoolInSimulation;
import java.net.SocketTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A start comes to its end, however long callers may wait: HikariCP's 0 is a year here. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LongOpeningTest {
  private static final long SECOND = 1_000_000_000L;

  private final Theatre theatre = new Theatre();

  /** A host that swallows what it is sent. */
  private final class Silence implements Connector {
    @Override
    public String product() {
      return "Silence";
    }

    @Override
    public String target() {
      return "nowhere";
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) throws SQLException {
      theatre.sleep(8 * SECOND);
      throw new SQLException("unreachable", "08001", new SocketTimeoutException("timed out"));
    }

    @Override
    public Verdict classify(Throwable failure) {
      return Verdict.SERVER_DOWN;
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return SideEffects.NONE;
    }
  }

  private PoolInSimulation pool(int acquireTimeout, boolean failFast) {
    return new PoolInSimulation(
        PoolConfig.builder("fault:")
            .failFast(failFast)
            .acquireTimeout(Duration.ofSeconds(acquireTimeout))
            .build(),
        new Silence(),
        null,
        List.of(),
        List.of(),
        null,
        List.of(),
        List.of(),
        theatre.environment());
  }

  @ParameterizedTest
  @CsvSource({
    "20, 20, (acquire-timeout)",
    "300, 300, (acquire-timeout)",
    "301, 300, (the opening of a pool waits no longer",
    "31536000, 300, (the opening of a pool waits no longer"
  })
  void an_opening_waits_for_five_minutes_at_the_most(int acquireTimeout, int seconds, String said) {
    PoolInSimulation it = pool(acquireTimeout, true);
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread opener = theatre.act("opener", () -> thrown.set(catchThrowable(it::open)));

    theatre.play((seconds - 1) * SECOND, () -> !opener.isAlive());
    assertThat(thrown.get()).as("before").isNull();
    theatre.play(10 * SECOND, () -> !opener.isAlive());
    assertThat(thrown.get())
        .isInstanceOf(AcquireTimeoutException.class)
        .hasMessageContaining("No connection within " + seconds)
        .hasMessageContaining(said)
        .hasMessageContaining("unreachable");
    assertThat(it.pool().snapshot().state()).isEqualTo(PoolState.CLOSED);
  }

  @Test
  void a_caller_waits_for_as_long_as_he_is_told_to() {
    PoolInSimulation it = pool(600, false);
    AtomicReference<@Nullable Throwable> thrown = new AtomicReference<>();
    Thread caller =
        theatre.act(
            "caller",
            () ->
                thrown.set(
                    catchThrowable(
                        () -> {
                          it.open();
                          try (Connection connection = it.pool().getConnection()) {
                            throw new AssertionError("there is none: " + connection);
                          }
                        })));

    theatre.play(590 * SECOND, () -> !caller.isAlive());
    assertThat(thrown.get()).isNull();
    theatre.play(20 * SECOND, () -> !caller.isAlive());
    assertThat(thrown.get()).isInstanceOf(AcquireTimeoutException.class);
  }
}
