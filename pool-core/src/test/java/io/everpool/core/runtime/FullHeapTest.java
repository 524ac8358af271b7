package io.everpool.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.core.upkeep.InboxInFullHeap;
import io.everpool.core.upkeep.PassScheduler;
import io.everpool.core.upkeep.UpkeepInFullHeap;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Where the process has no memory left for a while, what holds its pools together goes on: also
 * where not even a log line can be made of that.
 */
class FullHeapTest {

  /** A maintenance pass that fails then ends neither its pool nor another. */
  static final class Upkeep {
    private static final long SOON = TimeUnit.MILLISECONDS.toNanos(1);
    private static final Error EXHAUSTED = new OutOfMemoryError("by hand");
    private static volatile int passes;

    private Upkeep() {}

    public static void main(String[] args) {
      UpkeepThread upkeep = new UpkeepThread(Runnable::run);
      PassScheduler pool = upkeep.scheduler("pool");
      pool.start(
          now -> {
            int pass = passes + 1;
            passes = pass;
            if (pass == 2) {
              FullHeap.fill();
              throw EXHAUSTED;
            }
            FullHeap.free();
            return SOON;
          });
      long begun = System.nanoTime();
      while (passes < 4 && System.nanoTime() - begun < TimeUnit.SECONDS.toNanos(120)) {
        LockSupport.parkNanos(SOON);
      }
      FullHeap.free();
      System.out.println(passes < 4 ? "ended" : "went well");
      System.exit(0);
    }
  }

  /** What was promised to be done is done, though its thread can't be made ready for it. */
  static final class Worker {
    private static boolean done;

    private Worker() {}

    public static void main(String[] args) {
      Executor full =
          task -> {
            FullHeap.fill();
            try {
              task.run();
            } finally {
              FullHeap.free();
            }
          };
      // as in a process that has run for a while
      UpkeepThread.tell("a failure by hand", new Throwable());
      Runnable work = () -> done = true;
      new PoolWorkers(Runnable::run, Runnable::run, "pool").execute(work);
      done = false;
      try {
        new PoolWorkers(full, full, "pool").execute(work);
      } catch (OutOfMemoryError e) {
        // it may fail after that
      }
      System.out.println(done ? "went well" : "not done");
    }
  }

  @ParameterizedTest
  @ValueSource(
      classes = {Upkeep.class, Worker.class, InboxInFullHeap.class, UpkeepInFullHeap.class})
  @Timeout(value = 240, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void whatHoldsThePoolsTogetherGoesOn(Class<?> program) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx24m",
                "-cp",
                System.getProperty("java.class.path"),
                program.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    assertThat(said).contains("went well");
  }
}
