package io.everpool.core;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.SideEffects;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import java.lang.management.ManagementFactory;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A program may have hundreds of pools that do nothing, so what most of them never need is made
 * when it is needed. Bytes that are allocated to put a pool together, nearly all of which it keeps;
 * those are counted by the JVM and don't waver.
 */
class HeapPerPoolTest {
  private static final int POOLS = 1_000;
  private static final int SIZE = 5;

  /** A little more than the 5,176 there are. Who needs more says here what for. */
  private static final double MOST = 5_200;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final PoolConfig config = PoolConfig.builder("stub:").minSize(SIZE).maxSize(SIZE).build();
  private final Connector connector = new NoConnector();
  private final Environment environment =
      new Environment(
          () -> 0,
          () -> Instant.EPOCH,
          new NoPasses(),
          task -> {},
          task -> {},
          () -> 0.5,
          nanos -> {});
  private @Nullable Object kept; // lest the compiler sees that nobody else gets it

  @Test
  void a_pool_of_five_that_nobody_uses_is_small() {
    assemble();
    long before = THREADS.getCurrentThreadAllocatedBytes();
    assemble();
    double each = (0.0 + THREADS.getCurrentThreadAllocatedBytes() - before) / POOLS;
    assertThat(each).as("bytes, without its connections").isLessThan(MOST);
  }

  private void assemble() {
    for (int i = 0; i < POOLS; i++) {
      kept =
          new PoolInSimulation(
              config,
              connector,
              null,
              List.of(),
              List.of(),
              null,
              List.of(),
              List.of(),
              environment);
    }
    assertThat(kept).isNotNull();
  }

  private static final class NoConnector implements Connector {
    @Override
    public String product() {
      return "Stub";
    }

    @Override
    public String target() {
      return "stub:";
    }

    @Override
    public PhysicalConnection open(long timeoutNanos) throws SQLException {
      throw new SQLException("nobody opens these pools");
    }

    @Override
    public Verdict classify(Throwable failure) {
      return Verdict.STATEMENT_FAILED;
    }

    @Override
    public SideEffects sideEffects(String sql) {
      return SideEffects.NONE;
    }
  }

  private static final class NoPasses implements PassScheduler {
    @Override
    public void start(Pass pass) {}

    @Override
    public void hurry() {}

    @Override
    public void stop() {}
  }
}
