package io.everpool.core.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.core.Await;
import io.everpool.core.Everpool;
import io.everpool.core.jdbc.FakeConnector;
import io.everpool.core.observe.PoolEvents;
import java.sql.Connection;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Whoever waits on a fork/join worker, such as a unit of a fan-out, does nothing else meanwhile: of
 * what is queued there each unit would want a connection besides the one that is held below it.
 */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ForkJoinWaitsTest {

  /** Whether the task that was queued before ran on the stack of who waits. */
  private boolean nested;

  /** JDK 17 does so for the common pool's workers alone, of which there may be none. */
  @BeforeAll
  static void aFutureRunsOthers() throws Exception {
    ForkJoinWaitsTest control = new ForkJoinWaitsTest();
    control.waitOnWorker(
        () -> {
          try {
            return new CompletableFuture<Boolean>().get(1, TimeUnit.MILLISECONDS);
          } catch (TimeoutException e) {
            return false;
          }
        },
        () -> {});
    Assumptions.assumeTrue(
        control.nested, "on this JDK a future that is waited for runs nothing on such a worker");
  }

  /** The only worker of its pool queues a task, and waits; {@code end} ends the wait. */
  private boolean waitOnWorker(Callable<Boolean> wait, AutoCloseable end) throws Exception {
    AtomicReference<Thread> waiting = new AtomicReference<>();
    AtomicBoolean ran = new AtomicBoolean();
    ForkJoinPool pool = new ForkJoinPool(1);
    try {
      ForkJoinTask<Boolean> waited =
          pool.submit(
              () -> {
                CompletableFuture.runAsync(
                    () -> {
                      nested = Thread.currentThread().equals(waiting.get());
                      ran.set(true);
                    },
                    pool);
                waiting.set(Thread.currentThread());
                try {
                  return wait.call();
                } finally {
                  waiting.set(null);
                }
              });
      Await.until(() -> waited.isDone() || isParked(waiting.get()), "the wait");
      end.close();
      boolean result = waited.get();
      Await.until(ran::get, "the other task");
      return result;
    } finally {
      pool.shutdownNow();
    }
  }

  private static boolean isParked(Thread thread) {
    Thread.State state = thread == null ? Thread.State.NEW : thread.getState();
    return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
  }

  @Test
  void forAServerThatWrites() throws Exception {
    SharedState shared =
        new SharedState(
            PoolConfig.builder("fake:").build(),
            new FakeConnector(),
            failure -> Verdict.CONNECTION_LOST,
            new Environment(
                System::nanoTime,
                InstantSource.system(),
                new Asleep(),
                Runnable::run,
                Runnable::run,
                () -> 0.5,
                nanos -> {}),
            new PoolEvents("pool", List.of()));
    assertThat(shared.search.refused(shared.engine.slots()[0]))
        .isEqualTo(PrimarySearch.Refusal.SOUGHT);
    boolean found =
        waitOnWorker(
            () -> shared.search.await(TimeUnit.MINUTES.toNanos(1)), () -> shared.search.found());
    assertThat(found).isTrue();
    assertThat(nested).isFalse();
  }

  @Test
  void forTheEndOfAPool() throws Exception {
    JdbcDataSource database = new JdbcDataSource();
    database.setURL("jdbc:h2:mem:fork-join-waits");
    Pool pool =
        Everpool.builder(PoolConfig.builder("h2:").minSize(0).build()).dataSource(database).open();
    Connection held = pool.getConnection();
    waitOnWorker(
        () -> {
          pool.close();
          return true;
        },
        held);
    assertThat(nested).isFalse();
  }
}
