package io.everpool.benchmarks.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class ProcessorTimeTest {
  private static final long WORK_NANOS = 30_000_000;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  private void work() {
    long until = threads.getCurrentThreadCpuTime() + WORK_NANOS;
    while (threads.getCurrentThreadCpuTime() < until) {
      Thread.onSpinWait();
    }
  }

  @Test
  void ofThisThreadAndOfAnotherThatLives() throws Exception {
    CountDownLatch done = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    ProcessorTime before = ProcessorTime.now();
    Thread other =
        new Thread(
            () -> {
              work();
              done.countDown();
              try {
                mayEnd.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    other.start();
    work();
    done.await();
    assertThat(ProcessorTime.now().since(before)).isGreaterThanOrEqualTo(2 * WORK_NANOS);
    mayEnd.countDown();
    other.join();
  }

  @Test
  void ofAThreadThatHasEndedInTheMeantimeToo() throws Exception {
    CountDownLatch known = new CountDownLatch(1);
    Thread other =
        new Thread(
            () -> {
              try {
                known.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              work();
            });
    other.start();
    ProcessorTime before = ProcessorTime.now();
    known.countDown();
    other.join();
    assertThat(ProcessorTime.now().since(before)).isGreaterThanOrEqualTo(WORK_NANOS - 10_000_000);
  }

  @Test
  void andOfOneThatBeganAndEndedMeanwhile() throws Exception {
    ProcessorTime before = ProcessorTime.now();
    Thread other = new Thread(this::work);
    other.start();
    other.join();
    assertThat(ProcessorTime.now().since(before)).isGreaterThanOrEqualTo(WORK_NANOS - 10_000_000);
  }
}
