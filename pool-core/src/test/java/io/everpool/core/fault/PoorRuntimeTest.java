package io.everpool.core.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On a runtime without java.management explanations are poorer, and nothing else. */
class PoorRuntimeTest {

  /** The program that runs on such a runtime; prints a word for each part that went well. */
  public static final class Program {
    public static void main(String[] args) throws Exception {
      if (ModuleLayer.boot().findModule("java.management").isPresent()) {
        throw new AssertionError("a rich runtime");
      }
      CountDownLatch leak = new CountDownLatch(1);
      PoolConfig config =
          PoolConfig.builder("fault:")
              .name("poor")
              .minSize(1)
              .maxSize(1)
              .leakThreshold(Duration.ofMillis(500))
              .drainTimeout(Duration.ofMillis(100))
              .build();
      Pool pool =
          Everpool.builder(config)
              .connector(new FaultyDriver(new Script()))
              .listener(
                  event -> {
                    if (event instanceof PoolEvent.LeakSuspected) {
                      leak.countDown();
                    }
                  })
              .open();
      Connection held = pool.getConnection();
      try {
        pool.getConnection(Duration.ofMillis(300));
      } catch (AcquireTimeoutException e) {
        System.out.println("exhausted");
      }
      if (leak.await(30, TimeUnit.SECONDS)) {
        System.out.println("leak");
      }
      pool.close();
      if (pool.snapshot().state() == PoolState.CLOSED) {
        System.out.println("closed");
      }
      held.close();
      System.exit(0);
    }
  }

  /** The class path, less what needs more of the runtime than the pool does. */
  private static String classPath() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !entry.contains("logback"))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static String roots(Class<?>... types) throws Exception {
    StringBuilder roots = new StringBuilder();
    for (Class<?> type : types) {
      Path root = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
      roots.append(root).append(File.pathSeparator);
    }
    return roots.toString();
  }

  @Test
  @Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void without_java_management_nothing_breaks() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--limit-modules",
                "java.base,java.sql,java.logging,java.xml,java.transaction.xa",
                "-cp",
                roots(
                        Program.class,
                        Everpool.class,
                        Pool.class,
                        org.slf4j.Logger.class,
                        org.jspecify.annotations.NullMarked.class)
                    + classPath(),
                Program.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).contains("exhausted", "leak", "closed").doesNotContain("NoClassDefFound");
  }
}
