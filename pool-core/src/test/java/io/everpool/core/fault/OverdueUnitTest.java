package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.PoolConfig;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.PoolInSimulation;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A unit that has run over its deadline on a server that doesn't hear the cancel either. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class OverdueUnitTest {
  private static final long SECOND = 1_000_000_000L;

  private final Script script = new Script();
  private final FaultyDriver driver = new FaultyDriver(script);
  private final Theatre theatre = new Theatre();

  /** What the recorder was told, and by which thread. */
  private final List<String> told = new CopyOnWriteArrayList<>();

  private final LeaseRecorder recorder =
      new LeaseRecorder() {
        @Override
        public void acquired(long waitedNanos) {
          told.add("acquired by the " + Thread.currentThread().getName());
        }

        @Override
        public void released(long heldNanos) {
          told.add("released by the " + Thread.currentThread().getName());
        }
      };

  /** All pools of the process share upkeep's thread, and a recorder is somebody else's code. */
  @Test
  void itsConnectionIsCutAndNoRecorderRunsOnUpkeepsThread() throws Exception {
    PoolInSimulation pool =
        new PoolInSimulation(
            PoolConfig.builder("fault:").minSize(0).maxSize(1).build(),
            driver,
            null,
            List.of(),
            List.of(),
            recorder,
            List.of(),
            List.of(),
            theatre.environment());
    driver.acceptCancels();
    script.arm("Statement.execute", 1, Fault.HANGS);
    script.watch(true);
    WorkOptions limited = WorkOptions.DEFAULT.withDeadline(Duration.ofSeconds(2));
    Thread caller =
        theatre.act(
            "caller",
            () -> {
              try {
                pool.open();
                pool.pool()
                    .run(
                        limited,
                        connection -> {
                          try (Statement statement = connection.createStatement()) {
                            return statement.execute("select pg_sleep(3600)");
                          }
                        });
              } catch (SQLException e) {
                throw new AssertionError(e);
              }
            });
    try {
      assertThat(theatre.play(10 * SECOND, () -> script.hanging() != null)).isTrue();
      assertThat(theatre.play(10 * SECOND, () -> script.calls().containsKey("abort")))
          .as("the connection is cut")
          .isTrue();
    } finally {
      script.tell();
    }
    assertThat(theatre.play(10 * SECOND, () -> !caller.isAlive())).isTrue();
    assertThat(told).containsExactly("acquired by the caller");
    assertThat(pool.pool().snapshot().leased()).isZero();
  }
}
