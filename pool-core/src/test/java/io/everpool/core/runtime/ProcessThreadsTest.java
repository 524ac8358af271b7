package io.everpool.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.core.upkeep.PassScheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The threads that all pools share. What is waited for here comes, or the test fails at its limit.
 */
@Timeout(60)
class ProcessThreadsTest {
  private static final long FAR = Long.MAX_VALUE;

  private final BlockingQueue<Runnable> handedOver = new LinkedBlockingQueue<>();
  private final UpkeepThread upkeep = new UpkeepThread(handedOver::add);
  private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();
  private final BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();

  /** One that has had its first pass, of this thread, and one of upkeep's. */
  private PassScheduler start(String pool) throws InterruptedException {
    PassScheduler scheduler = upkeep.scheduler(pool);
    Thread opener = Thread.currentThread();
    scheduler.start(
        now -> {
          if (Thread.currentThread() != opener) {
            threads.add(Thread.currentThread());
          }
          ran.add(pool);
          return FAR;
        });
    assertThat(ran.remove()).as("passed by whoever opens it").isEqualTo(pool);
    scheduler.hurry();
    awaitRun(pool);
    return scheduler;
  }

  private void awaitRun(String pool) throws InterruptedException {
    assertThat(ran.take()).isEqualTo(pool);
  }

  @Test
  void one_thread_looks_after_all_pools_and_ends_with_the_last() throws InterruptedException {
    PassScheduler first = start("first");
    PassScheduler second = start("second");
    first.hurry();
    awaitRun("first");
    second.hurry();
    awaitRun("second");
    assertThat(threads).hasSize(4);
    Thread thread = threads.element();
    assertThat(threads).containsOnly(thread);
    assertThat(thread.isDaemon()).isTrue();
    assertThat(thread.getName()).isEqualTo("everpool-upkeep");
    first.stop();
    second.hurry();
    awaitRun("second");
    second.stop();
    thread.join();
  }

  @Test
  void a_pool_that_comes_after_the_last_is_looked_after_again() throws InterruptedException {
    start("first").stop();
    threads.take().join();
    start("second").stop();
    threads.take().join();
  }

  @Test
  void a_stopped_pool_has_no_further_pass() throws InterruptedException {
    PassScheduler first = start("first");
    PassScheduler second = start("second");
    first.stop();
    first.hurry();
    second.hurry();
    awaitRun("second");
    second.hurry();
    awaitRun("second");
    assertThat(ran).isEmpty();
    second.stop();
  }

  /** A pass may wait for a logger's lock, and use up what was meant to wake the thread. */
  @Test
  void a_thread_that_has_parked_during_a_pass_ends_and_begins_all_the_same()
      throws InterruptedException {
    PassScheduler first = upkeep.scheduler("first");
    first.start(
        afterTheOpeners(
            () -> {
              threads.add(Thread.currentThread());
              PassScheduler second = upkeep.scheduler("second");
              second.start(
                  afterTheOpeners(
                      () -> {
                        ran.add("second");
                        second.stop();
                        LockSupport.parkNanos(1);
                      }));
              first.stop();
              LockSupport.parkNanos(1);
            }));
    awaitRun("second");
    threads.take().join();
  }

  /** Does this at the second pass, which comes at once. */
  private static PassScheduler.Pass afterTheOpeners(Runnable task) {
    AtomicInteger passes = new AtomicInteger();
    return now -> {
      if (passes.getAndIncrement() == 0) {
        return 0;
      }
      task.run();
      return FAR;
    };
  }

  /** It would run on two threads else. */
  @Test
  void upkeep_leaves_a_pool_alone_until_its_opener_is_through_with_it()
      throws InterruptedException {
    PassScheduler other = start("other");
    PassScheduler pool = upkeep.scheduler("pool");
    Thread opener = Thread.currentThread();
    pool.start(
        now -> {
          if (Thread.currentThread() == opener) {
            pool.hurry();
            other.hurry(); // its pass comes, and none of this one's
            try {
              awaitRun("other");
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
          }
          ran.add("pool");
          return FAR;
        });
    awaitRun("pool"); // the opener's
    awaitRun("pool"); // what was hurried meanwhile isn't lost
    pool.stop();
    other.stop();
  }

  @Test
  void what_a_pass_throws_ends_neither_its_pool_nor_another() throws InterruptedException {
    PassScheduler other = start("other");
    PassScheduler failing = upkeep.scheduler("failing");
    AtomicInteger passes = new AtomicInteger();
    failing.start(
        now -> {
          if (passes.getAndIncrement() < 2) {
            throw new StackOverflowError("what a driver may do");
          }
          ran.add("failing");
          return FAR;
        });
    awaitRun("failing");
    other.hurry();
    awaitRun("other");
    failing.stop();
    other.stop();
  }

  /** It is not lost: the flag is cleared before the pass begins. */
  @Test
  void what_happens_during_a_pass_hurries_the_next() throws InterruptedException {
    PassScheduler scheduler = upkeep.scheduler("pool");
    AtomicInteger passes = new AtomicInteger();
    scheduler.start(
        now -> {
          ran.add("pass " + passes.incrementAndGet());
          if (passes.get() < 3) {
            scheduler.hurry();
          }
          return FAR;
        });
    awaitRun("pass 1");
    awaitRun("pass 2");
    awaitRun("pass 3");
    scheduler.stop();
  }

  @Test
  void a_pass_comes_when_it_is_due_though_another_pool_has_nothing_to_do()
      throws InterruptedException {
    PassScheduler calm = start("calm");
    PassScheduler busy = upkeep.scheduler("busy");
    busy.start(
        now -> {
          ran.add("busy");
          return 1_000_000;
        });
    for (int i = 0; i < 5; i++) {
      awaitRun("busy");
    }
    busy.stop();
    calm.stop();
  }

  @Test
  void what_the_passes_of_one_turn_leave_to_a_worker_is_one_task_in_their_order()
      throws InterruptedException {
    List<String> done = new ArrayList<>();
    PassScheduler first = upkeep.scheduler("first");
    PassScheduler second = upkeep.scheduler("second");
    PassScheduler both = upkeep.scheduler("both");
    both.start(
        afterTheOpeners(
            () -> {
              upkeep.together(() -> done.add("one"));
              upkeep.together(() -> done.add("another"));
            }));
    handedOver.take().run();
    assertThat(done).containsExactly("one", "another");
    first.start(afterTheOpeners(() -> upkeep.together(() -> done.add("first"))));
    handedOver.take().run();
    second.start(afterTheOpeners(() -> upkeep.together(() -> done.add("second"))));
    handedOver.take().run();
    assertThat(done).containsExactly("one", "another", "first", "second");
    both.stop();
    first.stop();
    second.stop();
    assertThat(handedOver).isEmpty();
  }

  /** They are other pools'. */
  @Test
  void what_one_of_them_throws_keeps_none_of_the_others_back() throws InterruptedException {
    List<String> done = new ArrayList<>();
    PassScheduler pool = upkeep.scheduler("pool");
    pool.start(
        afterTheOpeners(
            () -> {
              upkeep.together(() -> done.add("first"));
              upkeep.together(
                  () -> {
                    throw new StackOverflowError("what a driver may do");
                  });
              upkeep.together(
                  () -> {
                    throw new IllegalStateException("and a program");
                  });
              upkeep.together(() -> done.add("last"));
            }));
    handedOver.take().run();
    assertThat(done).containsExactly("first", "last");
    pool.stop();
  }

  @Test
  void without_a_worker_for_what_passes_share_upkeep_goes_on() throws InterruptedException {
    UpkeepThread poor =
        new UpkeepThread(
            task -> {
              throw new OutOfMemoryError("unable to create native thread");
            });
    PassScheduler pool = poor.scheduler("pool");
    AtomicInteger passes = new AtomicInteger();
    pool.start(
        now -> {
          poor.together(() -> ran.add("never"));
          ran.add("pass " + passes.incrementAndGet());
          return passes.get() < 3 ? 1 : FAR;
        });
    awaitRun("pass 1");
    awaitRun("pass 2");
    awaitRun("pass 3");
    pool.stop();
    assertThat(ran).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 99_999_999, 100_000_000, -1, Long.MAX_VALUE - 5, Long.MIN_VALUE})
  void pools_at_rest_are_due_together_and_no_other_is_put_off(long now) {
    for (long pause : new long[] {0, 1, 999_999_999}) {
      assertThat(UpkeepThread.due(now, pause)).isEqualTo(now + pause);
    }
    for (long pause : new long[] {1_000_000_000, 1_000_000_001, 86_400_000_000_000L}) {
      long due = UpkeepThread.due(now, pause);
      assertThat(due - (now + pause)).isBetween(0L, 99_999_999L);
      assertThat(due % 100_000_000).isZero();
    }
  }

  @Test
  void the_workers_go_with_the_last_pool() {
    ProcessThreads first = ProcessThreads.enter();
    ProcessThreads second = ProcessThreads.enter();
    assertThat(second).isSameAs(first);
    first.leave();
    assertThat(first.workers.isShutdown()).isFalse();
    second.leave();
    assertThat(first.workers.isShutdown()).isTrue();
  }

  @Test
  void a_runtime_that_is_closed_twice_leaves_once() {
    try (SystemRuntime other = new SystemRuntime("other")) {
      SystemRuntime runtime = new SystemRuntime("pool");
      runtime.close();
      runtime.close();
      other.environment().workers().execute(() -> {}); // its workers are still there
    }
  }

  @Test
  void a_thread_of_the_pool_has_not_the_priority_of_whoever_opened_it() throws Exception {
    AtomicInteger priority = new AtomicInteger();
    Thread opener =
        new Thread(() -> priority.set(PoolThreads.unborn(() -> {}, "a worker").getPriority()));
    opener.setPriority(Thread.MIN_PRIORITY);
    opener.start();
    opener.join();
    assertThat(priority).hasValue(Thread.NORM_PRIORITY);
  }
}
