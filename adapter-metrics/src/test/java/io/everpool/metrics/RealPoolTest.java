package io.everpool.metrics;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a real pool over H2. */
@Tag("contract")
class RealPoolTest {
  private final MetricRegistry metrics = new MetricRegistry();
  private final HealthCheckRegistry healthChecks = new HealthCheckRegistry();

  private static PoolConfig.Builder config(String name) {
    return PoolConfig.builder("jdbc:h2:mem:metrics-" + name)
        .name(name)
        .user("app")
        .password("hunter2")
        .minSize(1)
        .maxSize(3);
  }

  private Pool open(PoolConfig config) throws SQLException {
    DropwizardMetrics poolMetrics = DropwizardMetrics.of(config.name(), metrics, healthChecks);
    return Everpool.builder(config).listener(poolMetrics).recorder(poolMetrics).open();
  }

  private Object gauge(String name) {
    return requireNonNull(requireNonNull(metrics.getGauges().get(name), name).getValue());
  }

  @Test
  void aLeaseShowsInGaugesTimersAndCounters() throws SQLException {
    try (Pool pool = open(config("shop").build())) {
      long waits = metrics.timer("shop.wait").getCount();
      long uses = metrics.timer("shop.use").getCount();
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.isClosed()).isFalse();
        assertThat(gauge("shop.connections.leased")).isEqualTo(1);
        assertThat(gauge("shop.connections.max")).isEqualTo(3);
        assertThat(metrics.timer("shop.wait").getCount()).isEqualTo(waits + 1);
      }
      assertThat(metrics.timer("shop.use").getCount()).isEqualTo(uses + 1);
      // told by a thread of the pool's own, after the fact
      await(() -> metrics.timer("shop.connect").getCount() > 0);
      await(() -> metrics.counter("shop.opened").getCount() == pool.snapshot().opened());
    }
  }

  /** A reader is a pool of its own, and its figures are not the writer's. */
  @Test
  void aReaderHasMetricsOfItsOwn() throws SQLException {
    PoolConfig config =
        config("read")
            .readers(List.of("jdbc:h2:mem:metrics-reader"))
            .maxReplicaLag(Duration.ZERO)
            .build();
    try (Pool pool = open(config)) {
      await(() -> metrics.getGauges().containsKey("read-reader-1.connections.leased"));
      long writers = metrics.timer("read.use").getCount();
      try (Connection connection = pool.reader().getConnection()) {
        assertThat(connection.isClosed()).isFalse();
        assertThat(gauge("read-reader-1.connections.leased")).isEqualTo(1);
        assertThat(gauge("read.connections.leased")).isEqualTo(0);
      }
      assertThat(metrics.timer("read-reader-1.use").getCount()).isPositive();
      assertThat(metrics.timer("read.use").getCount()).isEqualTo(writers);
      assertThat(healthChecks.getNames()).contains("read", "read-reader-1");
    }
    await(() -> metrics.getNames().isEmpty());
    assertThat(healthChecks.getNames()).isEmpty();
  }

  private static void await(BooleanSupplier fact) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          while (!fact.getAsBoolean()) {
            LockSupport.parkNanos(1_000_000);
          }
        });
  }

  /** What an operator sees must not help a thief. */
  @Test
  void noNameNoFigureAndNoHealthCheckHasASecret() throws SQLException {
    try (Pool pool = open(config("secret").build())) {
      StringBuilder all = new StringBuilder(metrics.getNames().toString());
      metrics.getGauges().forEach((name, gauge) -> all.append(gauge.getValue()));
      all.append(healthChecks.runHealthChecks());

      assertThat(pool.config().password()).isEqualTo("hunter2");
      assertThat(all.toString()).doesNotContain("hunter2");
    }
  }

  @Test
  void twoPoolsShareARegistryAndEachTakesOnlyItsOwnWithIt() throws SQLException {
    try (Pool first = open(config("first").build())) {
      open(config("second").build()).close();
      assertThat(metrics.getNames()).isNotEmpty().allMatch(name -> name.startsWith("first."));
      assertThat(healthChecks.runHealthCheck(first.name()).isHealthy()).isTrue();
    }
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }

  /** The one that works is watched on, whatever becomes of another that was given its metrics. */
  @Test
  void aSecondPoolThatCannotBeOpenedTakesNothingOfTheFirst() throws SQLException {
    DropwizardMetrics both = DropwizardMetrics.of("twice", metrics, healthChecks);
    try (Pool pool = Everpool.builder(config("twice").build()).listener(both).open()) {
      Set<String> before = metrics.getNames();
      PoolConfig nowhere =
          pool.config().toBuilder()
              .url("jdbc:h2:mem:nowhere;IFEXISTS=TRUE")
              .acquireTimeout(Duration.ofMillis(200))
              .build();
      assertThatThrownBy(() -> Everpool.builder(nowhere).listener(both).open())
          .isInstanceOf(SQLException.class);
      assertThat(metrics.getNames()).isEqualTo(before);
      assertThat(healthChecks.runHealthCheck("twice").isHealthy()).isTrue();
    }
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }

  /** Nor that of one that was closed before these metrics heard of it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPoolThatIsClosedAsItOpensLeavesNothingInTheRegistries(boolean byAnotherThread)
      throws SQLException {
    for (int i = 0; i < 2; i++) {
      DropwizardMetrics poolMetrics = DropwizardMetrics.of("brief", metrics, healthChecks);
      Pool pool =
          Everpool.builder(config("brief").build())
              .listener(closer(byAnotherThread))
              .listener(poolMetrics)
              .recorder(poolMetrics)
              .open();
      assertThat(pool.isClosed()).isTrue();
      assertThat(metrics.getNames()).isEmpty();
      assertThat(healthChecks.getNames()).isEmpty();
    }
  }

  /** Before the others hear that it has opened; on the thread that opens it or on its own. */
  private static PoolListener closer(boolean onAThreadOfItsOwn) {
    return event -> {
      if (event instanceof PoolEvent.PoolOpened opened) {
        if (onAThreadOfItsOwn) {
          CompletableFuture.runAsync(opened.self()::close).join();
        } else {
          opened.self().close();
        }
      }
    };
  }

  /** Whoever tries again must not be told that the name is taken. */
  @Test
  void aPoolThatCannotBeOpenedLeavesNothingInTheRegistries() {
    PoolConfig nowhere =
        config("nowhere")
            .url("jdbc:h2:mem:nowhere;IFEXISTS=TRUE")
            .acquireTimeout(Duration.ofMillis(200))
            .build();

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> open(nowhere)).isInstanceOf(SQLException.class);
      assertThat(metrics.getNames()).isEmpty();
      assertThat(healthChecks.getNames()).isEmpty();
    }
  }

  /** Whichever closes first, and though the second isn't opened at all. */
  @Test
  void anotherPoolWithTheSameObjectTakesNothingAway() throws SQLException {
    DropwizardMetrics poolMetrics = DropwizardMetrics.of("twice", metrics, healthChecks);
    PoolConfig config = config("twice").build();
    PoolConfig nowhere =
        config("twice")
            .url("jdbc:h2:mem:nowhere;IFEXISTS=TRUE")
            .acquireTimeout(Duration.ofMillis(200))
            .build();
    try (Pool first = Everpool.builder(config).listener(poolMetrics).open()) {
      Set<String> before = metrics.getNames();
      Everpool.builder(config).listener(poolMetrics).open().close();
      assertThatThrownBy(() -> Everpool.builder(nowhere).listener(poolMetrics).open())
          .isInstanceOf(SQLException.class);
      assertThat(metrics.getNames()).isEqualTo(before);
      assertThat(gauge("twice.connections.min")).isEqualTo(1);
      assertThat(healthChecks.getNames()).containsExactly("twice");
      assertThat(first.isClosed()).isFalse();
    }
    assertThat(metrics.getNames()).isEmpty();
    assertThat(healthChecks.getNames()).isEmpty();
  }
}
