package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.framework.PoolOperations;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** For a checkpoint of the process: a driver that has not come back may have a socket. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class GivenUpConnectsTest {
  private final Script writers = new Script();
  private final Script readers = new Script();
  private final FaultyDriver writer = new FaultyDriver(writers);
  private final FaultyDriver reader = new FaultyDriver(readers);

  private static boolean hasNone(PoolSnapshot now) {
    return now.suspended() && now.total() == 0 && now.connecting() == 0 && now.closing() == 0;
  }

  @Test
  void of_a_suspended_pool_and_its_readers_it_is_known_what_drivers_still_open() throws Exception {
    for (Script each : List.of(writers, readers)) {
      each.arm("open", 1, Fault.HANGS);
      each.watch(true);
    }
    PoolConfig config =
        PoolConfig.builder("fault:")
            .name("opening")
            .minSize(1)
            .maxSize(1)
            .failFast(false)
            .connectTimeout(Duration.ofMinutes(10))
            .build();
    Everpool.Builder builder = Everpool.builder(config).connector(writer).reader(reader);
    try (Pool pool = builder.open()) {
      PoolOperations operations = PoolOperations.of(pool);
      Await.until(() -> writers.struck() && readers.struck(), "both connects to hang");
      assertThat(operations.connectsGivenUp()).isZero();
      operations.suspend();
      Await.until(
          () -> hasNone(pool.snapshot()) && hasNone(pool.readerSnapshots().get(0)),
          "the suspension");
      assertThat(operations.connectsGivenUp()).isEqualTo(2);
      writers.tell();
      Await.until(() -> operations.connectsGivenUp() == 1, "the first to come back");
      assertThat(writer.open()).isZero();
    } finally {
      writers.tell();
      readers.tell();
    }
    Await.until(() -> reader.open() == 0, "the end of the last connection");
  }
}
