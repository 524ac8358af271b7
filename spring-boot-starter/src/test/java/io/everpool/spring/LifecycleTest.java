package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.MBeanServer;
import javax.management.MBeanServerFactory;
import javax.management.ObjectName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.context.SmartLifecycle;

/** What pools do when their application stops, starts again and ends; and who is told of them. */
@Tag("contract")
class LifecycleTest {

  /** As Spring does before a checkpoint and after it: in between no socket may be open. */
  @Test
  void aStoppedApplicationHasNoConnection() {
    Boot.onH2("stopped")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              pool.getConnection().close();

              context.stop();

              assertThat(pool.snapshot().suspended()).isTrue();
              assertThat(pool.snapshot().total()).isZero();
              assertThatThrownBy(() -> pool.getConnection(Duration.ofMillis(1)))
                  .isInstanceOf(SQLException.class);

              context.start();

              try (Connection connection = pool.getConnection()) {
                assertThat(connection.isValid(1)).isTrue();
              }
              assertThat(pool.snapshot().suspended()).isFalse();
            });
  }

  /** Nor to a replica. */
  @Test
  void readersHaveNoneEither() {
    Boot.onH2("replicated-and-stopped")
        .withPropertyValues("everpool.readers[0]=" + Boot.h2("stopped-replica"))
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              pool.reader().getConnection().close();

              context.stop();

              assertThat(pool.readerSnapshots())
                  .isNotEmpty()
                  .allMatch(now -> now.suspended() && now.total() == 0);

              context.start();

              try (Connection connection = pool.reader().getConnection()) {
                assertThat(connection.isValid(1)).isTrue();
              }
            });
  }

  /** It would be opened in order to be suspended. */
  @Test
  void aPoolThatNobodyHasAskedForIsNotMadeAtTheStop() {
    Boot.onH2("lazy")
        .withInitializer(
            context ->
                context.addBeanFactoryPostProcessor(
                    new LazyInitializationBeanFactoryPostProcessor()))
        .run(
            context -> {
              context.getBean("everpoolLifecycle");
              context.start();
              context.stop();
              assertThat(context.getBeanFactory().containsSingleton("dataSource")).isFalse();
            });
  }

  /** A checkpoint is nothing to be warned of, and the console has what is logged from WARN on. */
  @Test
  void aStopIsNoFailure() throws Exception {
    String logged =
        Boot.logged(
            () ->
                Boot.onH2("orderly")
                    .withPropertyValues("everpool.name=orderly")
                    .run(
                        context -> {
                          context.getBean(Pool.class).getConnection().close();
                          context.stop();
                          context.start();
                        }));
    assertThat(logged).doesNotContain("orderly");
  }

  private static boolean answers(Pool pool) throws SQLException {
    try (Connection connection = pool.getConnection()) {
      return connection.isValid(1);
    }
  }

  /** What ends may need a connection, though the application was stopped before. */
  @Test
  void aStoppedApplicationThatEndsHasConnectionsAgain() {
    AtomicBoolean used = new AtomicBoolean();
    Boot.onH2("endsstopped")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              ((DefaultListableBeanFactory) context.getBeanFactory())
                  .registerDisposableBean("user", () -> used.set(answers(pool)));
              context.stop();
              context.close();
              assertThat(pool.isClosed()).isTrue();
            });
    assertThat(used).isTrue();
  }

  /** A port is taken, say: no event tells of that end, and Spring stops what it had started. */
  @Test
  void whatEndsAfterAFailedStartHasConnections() {
    AtomicBoolean used = new AtomicBoolean();
    AtomicReference<Pool> pool = new AtomicReference<>();
    Boot.onH2("fails-late")
        .withPropertyValues("everpool.acquire-timeout=300ms")
        .withBean(PoolListener.class, () -> event -> note(event, pool))
        .withBean(
            "user",
            DisposableBean.class,
            () -> () -> used.set(answers(requireNonNull(pool.get()))),
            definition -> definition.setDependsOn("dataSource"))
        .withBean(SmartLifecycle.class, FailsToStart::new)
        .run(context -> assertThat(context).hasFailed());

    assertThat(used).isTrue();
    assertThat(requireNonNull(pool.get()).isClosed()).isTrue();
  }

  private static void note(PoolEvent event, AtomicReference<Pool> pool) {
    if (event instanceof PoolEvent.PoolOpened opened) {
      pool.set(opened.self());
    }
  }

  /** It was up once, and goes on without what it can't start: who stops it then means it. */
  @Test
  void aStopAfterARestartThatFailedSuspends() {
    AtomicBoolean taken = new AtomicBoolean();
    Boot.onH2("restart-fails")
        .withBean(SmartLifecycle.class, () -> new StartsUnless(taken))
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              context.stop();
              taken.set(true);
              assertThatThrownBy(context::start).hasStackTraceContaining("taken");

              context.stop();
              assertThat(pool.snapshot().suspended()).isTrue();
              assertThat(pool.snapshot().total()).isZero();
            });
  }

  /** What is resumed is suspended in the snapshot until the next pass of upkeep. */
  @Test
  void aStopRightBehindAStartSuspends() {
    Boot.onH2("restarts")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              for (int i = 0; i < 100; i++) {
                context.stop();
                assertThat(pool.snapshot().suspended()).as("stop %s", i).isTrue();
                assertThat(PoolOperations.of(pool).isSuspended()).isTrue();
                context.start();
                assertThat(PoolOperations.of(pool).isSuspended()).as("start %s", i).isFalse();
              }
            });
  }

  /** As a web server whose port may be taken. */
  private static final class StartsUnless implements SmartLifecycle {
    private final AtomicBoolean taken;
    private boolean running;

    StartsUnless(AtomicBoolean taken) {
      this.taken = taken;
    }

    @Override
    public void start() {
      if (taken.get()) {
        throw new IllegalStateException("taken");
      }
      running = true;
    }

    @Override
    public void stop() {
      running = false;
    }

    @Override
    public boolean isRunning() {
      return running;
    }
  }

  /** As a web server whose port is taken. */
  private static final class FailsToStart implements SmartLifecycle {
    @Override
    public void start() {
      throw new IllegalStateException("taken");
    }

    @Override
    public void stop() {}

    @Override
    public boolean isRunning() {
      return false;
    }
  }

  /** It was not Spring who stopped the pool. */
  @Test
  void whatAnOperatorHasSuspendedStaysSo() {
    Boot.onH2("operator")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              PoolOperations.of(pool).suspend();
              Await.until(
                  Duration.ofMinutes(1), () -> pool.snapshot().suspended(), "the suspension");

              context.stop();
              context.start();

              assertThat(pool.snapshot().suspended()).isTrue();
            });
  }

  /** A holder who doesn't come back is waited for no longer than at the closing. */
  @Test
  void aConnectionThatStaysOutIsTold() {
    Boot.onH2("holder")
        .withPropertyValues(
            "everpool.min-size=1", "everpool.drain-timeout=20ms", "everpool.close-timeout=20ms")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              try (Connection held = pool.getConnection()) {
                context.stop();
                assertThat(held.isValid(1)).isTrue();
                Await.until(
                    Duration.ofMinutes(1), () -> pool.snapshot().suspended(), "the suspension");
                assertThat(pool.snapshot().leased()).isEqualTo(1);
              }
            });
  }

  /** Whoever uses the pool is destroyed before it, and may use it to the last. */
  @Test
  void thePoolEndsAfterAllThatUsesIt() {
    CompletableFuture<Pool> pool = new CompletableFuture<>();
    AtomicBoolean used = new AtomicBoolean();
    Boot.onH2("ends")
        .withBean(
            "user",
            DisposableBean.class,
            () -> () -> used.set(answers(pool.join())),
            definition -> definition.setDependsOn("dataSource"))
        .run(context -> pool.complete(context.getBean(Pool.class)));

    assertThat(used).isTrue();
    assertThat(pool.join().isClosed()).isTrue();
  }

  @Test
  void beansOfTheApplicationAreTold() {
    List<PoolEvent> events = new ArrayList<>();
    Boot.onH2("told")
        .withBean(PoolListener.class, () -> events::add)
        .withBean(
            EverpoolCustomizer.class,
            () -> (config, builder) -> builder.initializer(connection -> events.add(config::name)))
        .run(context -> assertThat(context).hasSingleBean(Pool.class));

    assertThat(events).anyMatch(PoolEvent.PoolOpened.class::isInstance);
    assertThat(events).anyMatch(PoolEvent.PoolClosed.class::isInstance);
  }

  @Test
  void beansOfJmxAreThereWhereSpringsAre() throws Exception {
    MBeanServer server = MBeanServerFactory.newMBeanServer();
    ObjectName name = new ObjectName("io.everpool:type=Pool,name=\"everpool\"");
    Boot.onH2("jmx")
        .withBean(MBeanServer.class, () -> server)
        .withPropertyValues("spring.jmx.enabled=true")
        .run(
            context -> {
              assertThat(context).hasSingleBean(Pool.class);
              assertThat(server.isRegistered(name)).isTrue();
            });
    assertThat(server.isRegistered(name)).isFalse();

    Boot.onH2("nojmx")
        .withBean(MBeanServer.class, () -> server)
        .run(
            context -> {
              assertThat(context).hasSingleBean(Pool.class);
              assertThat(server.isRegistered(name)).isFalse();
            });
  }

  // ---- health

  @Test
  void healthIsToldByWhatWasSeenAndWhen() throws SQLException {
    AtomicLong clock = new AtomicLong();
    Evidence evidence = new Evidence(clock::get);
    PoolConfig config = PoolConfig.builder(Boot.h2("health")).name("health").maxSize(1).build();
    Pool pool = Everpool.builder(config).listener(evidence).open();
    try (pool) {
      Await.until(Duration.ofMinutes(1), () -> evidence.of("health") != null, "the evidence");
      clock.addAndGet(Duration.ofSeconds(12).toNanos());
      PoolHealth health = PoolHealth.of(pool, evidence);

      assertThat(health.up()).isTrue();
      assertThat(health.details())
          .containsEntry("pool", "health")
          .containsEntry("state", "open")
          .containsEntry("evidence", "a connection was opened")
          .containsEntry("evidenceAge", "12s")
          .containsEntry("max", 1)
          .doesNotContainKey("lastConnectError");

      assertThat(PoolHealth.asked(pool, evidence).details()).containsEntry("answer", "valid");
      assertThat(PoolHealth.asked(pool, evidence).up()).isTrue();
    }
    assertThat(PoolHealth.of(pool, evidence).up()).isFalse();
    assertThat(PoolHealth.asked(pool, evidence).up()).isFalse();
  }

  @Test
  void whatIsBadIsEvidenceToo() {
    Evidence evidence = new Evidence(() -> 0);
    evidence.onEvent(new PoolEvent.HealthCheckFailed("p", 1, "gone"));
    assertThat(seen(evidence)).isEqualTo("an idle connection was found dead: gone");
    evidence.onEvent(new PoolEvent.ConnectFailed("p", Verdict.SERVER_DOWN, "refused", 1));
    assertThat(seen(evidence)).isEqualTo("a connection could not be opened: refused");
    evidence.onEvent(new PoolEvent.ConnectionFailed("p", 1, Verdict.CONNECTION_LOST, "lost"));
    assertThat(seen(evidence)).isEqualTo("a connection in use was lost: lost");
    evidence.onEvent(new PoolEvent.Recovered("p", 1));
    assertThat(seen(evidence)).isEqualTo("the server answered again after an outage");
    evidence.onEvent(new PoolEvent.PoolClosed("p"));
    assertThat(seen(evidence)).isEqualTo("nothing");
  }

  private static String seen(Evidence evidence) {
    Evidence.Seen seen = evidence.of("p");
    return seen == null ? "nothing" : seen.what();
  }
}
