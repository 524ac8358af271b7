package io.everpool.core.runtime;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What one pool's tasks do to a thread, which is another pool's next. What is waited for here
 * comes, or the test fails at its limit.
 */
@Timeout(60)
class PoolWorkersTest {

  @Test
  void the_end_of_a_pool_interrupts_its_own_tasks_only() throws InterruptedException {
    ExecutorService all = Executors.newCachedThreadPool();
    try {
      PoolWorkers ending = new PoolWorkers(all, all, "ending");
      PoolWorkers staying = new PoolWorkers(all, all, "staying");
      CountDownLatch begun = new CountDownLatch(2);
      CountDownLatch go = new CountDownLatch(1);
      BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
      BlockingQueue<Boolean> left = new LinkedBlockingQueue<>();
      ending.execute(
          () -> {
            begun.countDown();
            interrupted.add(hangs(new CountDownLatch(1)));
          });
      staying.execute(
          () -> {
            begun.countDown();
            left.add(hangs(go));
          });
      begun.await();
      ending.close();
      assertThat(interrupted.take()).isTrue();
      go.countDown();
      assertThat(left.take()).isFalse();
      assertThatThrownBy(() -> ending.execute(() -> {}))
          .isInstanceOf(RejectedExecutionException.class);
      staying.close();
    } finally {
      all.shutdown();
      assertThat(all.awaitTermination(60, SECONDS)).isTrue();
    }
  }

  private static boolean hangs(CountDownLatch until) {
    try {
      until.await();
      return false;
    } catch (InterruptedException e) {
      return true;
    }
  }

  /** A listener's, say, which goes on with whatever it has to do. */
  @Test
  void a_task_that_ends_its_own_pool_is_not_interrupted() throws InterruptedException {
    List<Runnable> queue = new ArrayList<>();
    PoolWorkers pool = new PoolWorkers(queue::add, queue::add, "pool");
    List<Boolean> interrupts = new ArrayList<>();
    pool.execute(
        () -> {
          pool.close();
          interrupts.add(Thread.currentThread().isInterrupted());
        });
    Thread thread = new Thread(() -> queue.forEach(Runnable::run), "everpool-worker-1");
    thread.start();
    thread.join();
    assertThat(interrupts).containsExactly(false);
  }

  /** One thread works for one pool and then for another: nothing of the first is left on it. */
  @Test
  void what_is_meant_for_one_task_does_not_reach_the_next() throws InterruptedException {
    List<Runnable> queue = new ArrayList<>();
    PoolWorkers first = new PoolWorkers(queue::add, queue::add, "first");
    PoolWorkers second = new PoolWorkers(queue::add, queue::add, "second");
    List<String> names = new ArrayList<>();
    List<Boolean> interrupts = new ArrayList<>();
    List<@Nullable ClassLoader> loaders = new ArrayList<>();
    List<Integer> priorities = new ArrayList<>();
    List<Boolean> handlers = new ArrayList<>();
    Runnable note =
        () -> {
          Thread thread = Thread.currentThread();
          names.add(thread.getName());
          interrupts.add(thread.isInterrupted());
          loaders.add(thread.getContextClassLoader());
          priorities.add(thread.getPriority());
          handlers.add(thread.getUncaughtExceptionHandler() == thread.getThreadGroup());
          thread.setName("a driver's");
          thread.setContextClassLoader(new ClassLoader(null) {});
          thread.setPriority(Thread.MAX_PRIORITY);
          thread.setUncaughtExceptionHandler((who, thrown) -> {});
        };
    first.execute(note);
    second.together(note);
    first.close(); // before its task has begun
    Thread thread = PoolThreads.unborn(() -> queue.forEach(Runnable::run), "everpool-worker-1");
    thread.start();
    thread.join();
    assertThat(names).containsExactly("everpool-first-worker", "everpool-second-worker");
    assertThat(interrupts).containsExactly(true, false);
    assertThat(loaders).containsOnly(PoolThreads.class.getClassLoader());
    assertThat(priorities).containsOnly(Thread.NORM_PRIORITY);
    assertThat(handlers).as("its group's").containsExactly(true, true);
    assertThat(thread.getName()).isEqualTo("everpool-worker-1");
  }

  /** A thread that may not be interrupted, as a security manager may have it. */
  private static final class Guarded extends Thread {
    private final AtomicInteger interrupts = new AtomicInteger();

    Guarded(Runnable task) {
      super(task, "everpool-worker-1");
    }

    @Override
    public void interrupt() {
      interrupts.incrementAndGet();
      throw new SecurityException("no interrupts");
    }
  }

  /** It was promised; and nothing of it is left on the thread, which is another pool's then. */
  @Test
  void a_task_is_done_though_its_thread_can_not_be_made_ready() throws InterruptedException {
    List<Runnable> queue = new ArrayList<>();
    PoolWorkers first = new PoolWorkers(queue::add, queue::add, "first");
    PoolWorkers second = new PoolWorkers(queue::add, queue::add, "second");
    List<String> names = new ArrayList<>();
    first.execute(() -> names.add(Thread.currentThread().getName()));
    second.execute(
        () -> {
          first.close(); // once more: it has nobody to interrupt by now
          names.add(Thread.currentThread().getName());
        });
    first.close(); // so that the first is interrupted at its beginning
    Guarded thread =
        new Guarded(
            () -> {
              for (Runnable task : queue) {
                try {
                  task.run();
                } catch (SecurityException e) {
                  names.add("lost");
                }
              }
            });
    thread.start();
    thread.join();
    assertThat(names).containsExactly("everpool-first-worker", "everpool-second-worker");
    assertThat(thread.interrupts).as("at the first's beginning").hasValue(1);
    assertThat(thread.getName()).isEqualTo("everpool-worker-1");
  }
}
