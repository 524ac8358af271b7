package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.WorkOptions;
import io.everpool.core.PoolInSimulation;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The pause before a unit is run again takes the time that all else takes: with any other, what
 * comes after it, and all that is tried here of that, would be a matter of luck.
 */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PausesTest {
  private static final long MINUTE = 60_000_000_000L;

  private final Script script = new Script();
  private final Theatre theatre = new Theatre();

  @Test
  void a_rerun_comes_after_a_pause_of_the_pools_own_time() throws Exception {
    RetryConfig patient =
        RetryConfig.builder()
            .maxDuration(Duration.ofHours(2))
            .maxBackoff(Duration.ofMinutes(20))
            .initialBackoff(Duration.ofMinutes(20))
            .build();
    PoolInSimulation pool =
        new PoolInSimulation(
            PoolConfig.builder("fault:").minSize(0).maxSize(1).retry(patient).build(),
            new FaultyDriver(script),
            null,
            List.of(),
            List.of(),
            null,
            List.of(),
            List.of(),
            theatre.environment());
    script.arm("Statement.execute", 1, Fault.CONNECTION_LOST);
    script.watch(true);
    AtomicInteger runs = new AtomicInteger();
    Thread caller =
        theatre.act(
            "caller",
            () -> {
              try {
                pool.open();
                pool.pool()
                    .use(
                        WorkOptions.IDEMPOTENT,
                        connection -> {
                          runs.incrementAndGet();
                          try (Statement statement = connection.createStatement()) {
                            statement.execute("select 1");
                          }
                        });
              } catch (SQLException e) {
                throw new AssertionError(e);
              }
            });

    long begun = theatre.nanoTime();
    assertThat(theatre.play(60 * MINUTE, () -> !caller.isAlive())).as("he comes back").isTrue();
    assertThat(runs).hasValue(2);
    assertThat(theatre.nanoTime() - begun).isGreaterThan(MINUTE);
  }
}
