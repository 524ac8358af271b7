package io.everpool.guice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.CreationException;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Module;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.name.Names;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolListener;
import io.everpool.micrometer.MicrometerMetrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.Connection;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Over H2: metrics are there for who has a registry, and cost nobody else anything. */
final class MetricsTest {
  private final MetricRegistry metrics = new MetricRegistry();
  private final HealthCheckRegistry checks = new HealthCheckRegistry();
  private final Module withMetrics =
      binder -> binder.bind(MetricRegistry.class).toInstance(metrics);
  private final Module withChecks =
      binder -> binder.bind(HealthCheckRegistry.class).toInstance(checks);

  private final EverpoolShutdown shutdown = new EverpoolShutdown();

  @AfterEach
  void close() {
    shutdown.close();
  }

  @Test
  void withoutRegistriesThePoolDoesWithout() throws Exception {
    Injector injector =
        Guice.createInjector(shutdown.module(), EverpoolModule.of(Traces.h2("bare").build()));

    try (Connection connection = injector.getInstance(Pool.class).getConnection()) {
      assertThat(connection.isValid(1)).isTrue();
    }
  }

  /** Two pools in one registry, told apart by their names; gone again when closed. */
  @Test
  void boundRegistriesGetEveryPoolUnderItsName() throws Exception {
    Injector injector =
        Guice.createInjector(
            shutdown.module(),
            withMetrics,
            withChecks,
            EverpoolModule.of(Traces.h2("m-one").build()),
            EverpoolModule.of(Traces.h2("m-two").build()).annotatedWith(Names.named("two")));
    long leasesBefore = timings("m-one");

    injector.getInstance(Pool.class).getConnection().close();

    // the recorder is on
    assertThat(timings("m-one")).isGreaterThan(leasesBefore);
    assertThat(metrics.getNames())
        .anyMatch(name -> name.contains("m-one"))
        .anyMatch(name -> name.contains("m-two"));
    assertThat(checks.runHealthChecks().values()).hasSize(2).allMatch(check -> check.isHealthy());

    shutdown.close();

    assertThat(metrics.getNames()).isEmpty();
    assertThat(checks.getNames()).isEmpty();
  }

  /** What a pool tells Dropwizard it tells Micrometer as well, the leases' times included. */
  @Test
  void aListenerThatMeasuresLeasesDoesSo() throws Exception {
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    Injector injector =
        Guice.createInjector(
            shutdown.module(),
            withMetrics,
            binder ->
                Multibinder.newSetBinder(binder, PoolListener.class)
                    .addBinding()
                    .toInstance(MicrometerMetrics.of("m-both", meters)),
            EverpoolModule.of(Traces.h2("m-both").build()));
    long leasesBefore = timings("m-both");

    injector.getInstance(Pool.class).getConnection().close();

    assertThat(meters.get("db.client.connection.use_time").timer().count()).isEqualTo(1);
    assertThat(timings("m-both")).isGreaterThan(leasesBefore);
  }

  @Test
  void healthChecksDoNotNeedMetrics() {
    Guice.createInjector(
        shutdown.module(), withChecks, EverpoolModule.of(Traces.h2("checked").build()));

    assertThat(checks.runHealthChecks().values()).hasSize(1).allMatch(check -> check.isHealthy());
  }

  /** What a pool that never was left in the registry would stand in the way of the next try. */
  @Test
  void aPoolThatCannotBeOpenedLeavesNothingInTheRegistries() {
    PoolConfig nowhere =
        Traces.h2("nowhere")
            .url("jdbc:h2:mem:nowhere;IFEXISTS=TRUE")
            .acquireTimeout(Duration.ofMillis(300))
            .build();

    assertThatThrownBy(
            () ->
                Guice.createInjector(
                    shutdown.module(), withMetrics, withChecks, EverpoolModule.of(nowhere)))
        .isInstanceOf(CreationException.class)
        .hasMessageContaining("pool \"nowhere\" can't be opened: ");

    assertThat(metrics.getNames()).isEmpty();
    assertThat(checks.getNames()).isEmpty();
    assertThat(shutdown.isClosed()).isTrue();
  }

  /** The second would overwrite the first's figures; that they need names is said at start-up. */
  @Test
  void twoPoolsOfOneNameInOneRegistryAreRefused() {
    EverpoolModule twin = EverpoolModule.of(Traces.h2("twin").build());

    assertThatThrownBy(
            () ->
                Guice.createInjector(
                    shutdown.module(), withMetrics, twin, twin.annotatedWith(Reports.class)))
        .isInstanceOf(CreationException.class)
        .hasMessageContaining("give each pool a name of its own");

    Traces.awaitNoThreads();
    assertThat(metrics.getNames()).isEmpty();
  }

  private long timings(String poolName) {
    return metrics.getTimers((name, timer) -> name.contains(poolName)).values().stream()
        .mapToLong(Timer::getCount)
        .sum();
  }
}
