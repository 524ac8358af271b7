package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.multibindings.Multibinder;
import io.everpool.api.Pool;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("contract")
final class EverpoolShutdownTest {
  private final List<String> closed = new CopyOnWriteArrayList<>();

  /** What was opened later may stand on what was opened before. */
  @Test
  void closesTheLastOpenedFirstAndOnce() throws Exception {
    EverpoolShutdown shutdown = new EverpoolShutdown();
    for (String name : List.of("first", "second", "third")) {
      shutdown.closeLater(open(name));
    }
    assertThat(shutdown.isClosed()).isFalse();

    shutdown.close();
    shutdown.close();

    assertThat(closed).containsExactly("third", "second", "first");
    assertThat(shutdown.isClosed()).isTrue();
  }

  /** Guice goes on opening pools after one has failed; nobody would close those. */
  @Test
  void aPoolThatComesTooLateIsClosedAtOnce() throws Exception {
    EverpoolShutdown shutdown = new EverpoolShutdown();
    shutdown.close();
    Pool late = open("late");

    shutdown.closeLater(late);

    assertThat(late.isClosed()).isTrue();
    Traces.awaitNoThreads();
  }

  /** Whoever works until then holds a connection that the closing waits for. */
  @Test
  @Timeout(60)
  void whetherItIsClosedIsToldWhileItCloses() throws Exception {
    EverpoolShutdown shutdown = new EverpoolShutdown();
    Pool pool =
        Everpool.open(
            Traces.h2("worked-in").minSize(1).maxSize(1).drainTimeout(Duration.ofHours(1)).build());
    shutdown.closeLater(pool);
    CountDownLatch lent = new CountDownLatch(1);
    ExecutorService threads = Executors.newSingleThreadExecutor();
    Future<?> worker =
        threads.submit(
            () -> {
              try (Connection connection = pool.getConnection()) {
                lent.countDown();
                while (!shutdown.isClosed()) {
                  Thread.onSpinWait();
                }
                return connection.isValid(1);
              }
            });
    lent.await();

    shutdown.close();

    worker.get();
    threads.shutdown();
    assertThat(pool.snapshot().leased()).isZero();
  }

  /** It may be the same database that couldn't be reached. */
  @Test
  void afterwardsNoPoolIsOpened() {
    EverpoolShutdown shutdown = new EverpoolShutdown();
    shutdown.close();
    assertThatThrownBy(
            () ->
                Guice.createInjector(
                    shutdown.module(),
                    EverpoolModule.of(Traces.h2("late").build()),
                    binder ->
                        Multibinder.newSetBinder(binder, PoolListener.class)
                            .addBinding()
                            .toInstance(event -> closed.add(event.toString()))))
        .isInstanceOf(CreationException.class)
        .hasMessageContaining("pool \"late\" isn't opened: another couldn't be, or the pools were");
    assertThat(closed).isEmpty();
  }

  private Pool open(String name) throws SQLException {
    return Everpool.builder(Traces.h2(name).build())
        .listener(
            event -> {
              if (event instanceof PoolEvent.PoolClosed) {
                closed.add(name);
              }
            })
        .open();
  }
}
