package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A lease has one end, though two threads want to bring it about in two ways. */
class AbortRaceTest {
  private static final int ROUNDS = 5_000;

  /** Or the late abort cuts the next borrower's connection, who has done nothing. */
  @Test
  @Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void an_abort_that_races_with_a_close_cuts_nobody_elses_connection() throws Exception {
    FaultyDriver driver = new FaultyDriver(new Script());
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name("race")
            .minSize(1)
            .maxSize(1)
            .acquireTimeout(Duration.ofSeconds(30))
            .build();
    ExecutorService other = Executors.newSingleThreadExecutor();
    CyclicBarrier start = new CyclicBarrier(2);
    int dead = 0;
    try (Pool pool = Everpool.builder(config).connector(driver).open()) {
      for (int i = 0; i < ROUNDS; i++) {
        Connection contested = pool.getConnection();
        Future<?> aborted =
            other.submit(
                () -> {
                  start.await();
                  contested.abort(Runnable::run);
                  return null;
                });
        start.await();
        contested.close();
        try (Connection next = pool.getConnection()) {
          aborted.get();
          dead += next.isClosed() ? 1 : 0;
        }
      }
    } finally {
      other.shutdownNow();
    }
    assertThat(dead).as("connections of others that were cut").isZero();
    // closing waits for no connect; one that comes late ends then
    Await.until(() -> driver.open() == 0, "the end of the last connection");
  }
}
