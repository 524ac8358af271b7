package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** What an application's stop and start do with what an operator had suspended before. */
@Tag("contract")
class SuspendedBeforeTest {

  private static boolean answers(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      return connection.isValid(1);
    }
  }

  private static ApplicationContextRunner replicated(String name, Map<String, Pool> members) {
    return Boot.onH2(name)
        .withPropertyValues(
            "everpool.name=" + name,
            "everpool.readers[0]=" + Boot.h2(name + "-replica"),
            "everpool.max-replica-lag=0s") // which H2 can't tell
        .withBean(
            PoolListener.class,
            () ->
                event -> {
                  if (event instanceof PoolEvent.PoolOpened opened) {
                    members.put(opened.pool(), opened.self());
                  }
                });
  }

  private static void suspendAsAnOperator(Pool pool) {
    PoolOperations.of(pool).suspend();
    Await.until(Duration.ofMinutes(1), () -> pool.snapshot().suspended(), "the suspension");
  }

  /** Waits until a pool has done what it was told before; it does one thing after another. */
  private static void awaitOrders(Pool pool) {
    PoolOperations.of(pool).resize(0, 1);
    Await.until(Duration.ofMinutes(1), () -> pool.snapshot().maxSize() == 1, "the orders");
  }

  /** The writer alone is no reason to leave the readers' sockets open. */
  @Test
  void readersHaveNoneAlsoWhereTheirWriterWasSuspendedBefore() {
    Map<String, Pool> members = new ConcurrentHashMap<>();
    replicated("half", members)
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              pool.reader().getConnection().close();
              suspendAsAnOperator(requireNonNull(members.get("half")));

              context.stop();

              assertThat(pool.readerSnapshots())
                  .isNotEmpty()
                  .allMatch(now -> now.suspended() && now.total() == 0);

              context.start();

              try (Connection connection = pool.reader().getConnection()) {
                assertThat(connection.isValid(1)).isTrue();
              }
              awaitOrders(requireNonNull(members.get("half")));
              assertThat(pool.snapshot().suspended()).as("the operator's").isTrue();
            });
  }

  /** It was not Spring who suspended that one. */
  @Test
  void aReaderThatAnOperatorHasSuspendedStaysSo() {
    Map<String, Pool> members = new ConcurrentHashMap<>();
    replicated("other-half", members)
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              Pool reader = requireNonNull(members.get("other-half-reader-1"));
              suspendAsAnOperator(reader);

              context.stop();
              assertThat(pool.snapshot().suspended()).isTrue();
              context.start();

              assertThat(answers(pool)).isTrue();
              awaitOrders(reader);
              assertThat(reader.snapshot().suspended()).as("the operator's").isTrue();
            });
  }

  /** Its connections may be open still. */
  @Test
  void whatAnOperatorHasSuspendedJustBeforeIsWaitedForAsWell() throws Exception {
    String logged =
        Boot.logged(
            () ->
                Boot.onH2("just-before")
                    .withPropertyValues(
                        "everpool.name=just-before",
                        "everpool.drain-timeout=20ms",
                        "everpool.close-timeout=20ms")
                    .run(
                        context -> {
                          Pool pool = context.getBean(Pool.class);
                          try (Connection held = pool.getConnection()) {
                            suspendAsAnOperator(pool);
                            context.stop();
                            assertThat(held.isValid(1)).isTrue();
                          }
                        }));
    assertThat(logged).contains("Pool just-before is suspended and still has connections");
  }

  /** One that the application has opened itself is known as a whole only. */
  @Test
  void aPoolOfTheApplicationsOwnIsStoppedAndStartedToo() throws Exception {
    PoolConfig config =
        PoolConfig.builder(Boot.h2("own-stopped"))
            .name("own-stopped")
            .readers(List.of(Boot.h2("own-stopped-replica")))
            .build();
    Boot.runner()
        .withBean("own", Pool.class, () -> opened(config))
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              pool.reader().getConnection().close();

              context.stop();
              assertThat(pool.snapshot().suspended()).isTrue();
              assertThat(pool.readerSnapshots())
                  .isNotEmpty()
                  .allMatch(now -> now.suspended() && now.total() == 0);

              context.start();
              assertThat(answers(pool)).isTrue();
            });
  }

  private static Pool opened(PoolConfig config) {
    try {
      return Everpool.open(config);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
