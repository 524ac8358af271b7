package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.framework.PoolOperations;
import io.everpool.servers.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** What an application's stop does with connections that are just being opened. */
@Tag("contract")
class StoppedWhileOpeningTest {

  /** Takes its time to open a connection, and to close it. */
  private static final class Slow extends DelegatingDataSource {
    final CountDownLatch opens = new CountDownLatch(1);
    final CountDownLatch mayOpen = new CountDownLatch(1);
    final CountDownLatch closes = new CountDownLatch(1);
    final CountDownLatch mayClose = new CountDownLatch(1);
    final AtomicInteger open = new AtomicInteger();

    Slow(String url) {
      JdbcDataSource h2 = new JdbcDataSource();
      h2.setURL(url);
      setTargetDataSource(h2);
    }

    @Override
    public Connection getConnection() throws SQLException {
      open.incrementAndGet();
      opens.countDown();
      await(mayOpen);
      return slow(super.getConnection());
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
      return getConnection();
    }

    private Connection slow(Connection connection) {
      AtomicBoolean ended = new AtomicBoolean();
      return (Connection)
          Proxy.newProxyInstance(
              Slow.class.getClassLoader(),
              new Class<?>[] {Connection.class},
              (self, method, args) -> {
                boolean last = method.getName().equals("close") || method.getName().equals("abort");
                if (last) {
                  closes.countDown();
                  await(mayClose);
                }
                try {
                  return method.invoke(connection, args);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                } finally {
                  if (last && ended.compareAndSet(false, true)) {
                    open.decrementAndGet();
                  }
                }
              });
    }

    private static void await(CountDownLatch latch) {
      try {
        assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  private static ApplicationContextRunner over(Slow slow) {
    return Boot.onH2("slow")
        .withBean(EverpoolCustomizer.class, () -> (config, builder) -> builder.dataSource(slow))
        .withPropertyValues("everpool.fail-fast=false", "everpool.min-size=1");
  }

  private static void assertNotOver(CompletableFuture<Void> stop) {
    assertThatThrownBy(() -> stop.get(300, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
  }

  /** A checkpoint is refused as long as there is a socket, be it one that nobody wants any more. */
  @Test
  void theStopWaitsForThemToo() {
    Slow slow = new Slow(Boot.h2("slow"));
    over(slow)
        .withPropertyValues("everpool.connect-timeout=60s", "everpool.close-timeout=60s")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              assertThat(slow.opens.await(1, TimeUnit.MINUTES)).isTrue();

              CompletableFuture<Void> stop = CompletableFuture.runAsync(context::stop);
              Await.until(
                  Duration.ofMinutes(1),
                  () -> pool.snapshot().suspended() && pool.snapshot().connecting() == 0,
                  "the suspension");
              assertNotOver(stop);
              assertThat(PoolOperations.of(pool).connectsGivenUp()).isEqualTo(1);

              slow.mayOpen.countDown();
              assertThat(slow.closes.await(1, TimeUnit.MINUTES)).isTrue();
              assertNotOver(stop);

              slow.mayClose.countDown();
              stop.get(1, TimeUnit.MINUTES);
              assertThat(slow.open).hasValue(0);
              assertThat(PoolOperations.of(pool).connectsGivenUp()).isZero();
            });
  }

  /** Not for ever; and whoever has the checkpoint refused then reads whose socket it is. */
  @Test
  void oneThatDoesNotComeIsTold() throws Exception {
    Slow slow = new Slow(Boot.h2("slow"));
    slow.mayClose.countDown();
    String logged =
        Boot.logged(
            () ->
                over(slow)
                    .withPropertyValues(
                        "everpool.name=tardy",
                        "everpool.connect-timeout=100ms",
                        "everpool.close-timeout=100ms")
                    .run(
                        context -> {
                          assertThat(slow.opens.await(1, TimeUnit.MINUTES)).isTrue();
                          context.stop();
                          slow.mayOpen.countDown();
                        }));
    assertThat(logged).contains("Pool tardy is suspended, and the driver still opens");
  }
}
