package io.everpool.metrics;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

/** On a real pool over H2. */
class DropwizardMetricsTest {
  private final MetricRegistry metrics = new MetricRegistry();
  private final HealthCheckRegistry healthChecks = new HealthCheckRegistry();

  private Pool open(String name) throws SQLException {
    DropwizardMetrics books = DropwizardMetrics.of(name, metrics, healthChecks);
    PoolConfig config =
        PoolConfig.builder("jdbc:h2:mem:metrics").name(name).minSize(1).maxSize(3).build();
    return Everpool.builder(config).listener(books).recorder(books).open();
  }

  private Object gauge(String name) {
    return requireNonNull(metrics.getGauges().get(name)).getValue();
  }

  @Test
  void a_lease_shows_in_gauges_timers_and_counters() throws SQLException {
    try (Pool pool = open("shop")) {
      long before = metrics.timer("shop.use").getCount();
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.isClosed()).isFalse();
        assertThat(gauge("shop.connections.leased")).isEqualTo(1);
        assertThat(gauge("shop.connections.max")).isEqualTo(3);
      }
      assertThat(metrics.timer("shop.use").getCount()).isEqualTo(before + 1);
      assertThat(metrics.timer("shop.wait").getCount()).isPositive();
      assertThat(metrics.timer("shop.connect").getCount()).isPositive();
      assertThat(metrics.counter("shop.opened").getCount()).isEqualTo(pool.snapshot().opened());
    }
  }

  @Test
  void two_pools_share_a_registry_and_each_takes_only_its_own_with_it() throws SQLException {
    metrics.counter("somebody.else");
    try (Pool first = open("first")) {
      open("second").close();
      assertThat(metrics.getNames()).noneMatch(n -> n.startsWith("second."));
      assertThat(metrics.getNames()).contains("first.wait", "somebody.else");
      assertThat(healthChecks.getNames()).containsExactly("first");
      assertThat(first.isClosed()).isFalse();
    }
    assertThat(metrics.getNames()).containsExactly("somebody.else");
    assertThat(healthChecks.getNames()).isEmpty();
  }

  @Test
  void a_name_that_is_taken_is_refused_with_advice() throws SQLException {
    try (Pool pool = open("twice")) {
      assertThatThrownBy(() -> DropwizardMetrics.of(pool.name(), metrics, null))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("twice.wait")
          .hasMessageContaining("a name of its own");
    }
  }

  @Test
  void what_is_rare_is_counted() {
    DropwizardMetrics books = DropwizardMetrics.of("p", metrics, null);
    books.onEvent(new PoolEvent.AcquireTimedOut("p", 1));
    books.onEvent(new PoolEvent.AcquireRejected("p"));
    books.onEvent(new PoolEvent.Retried("p", "work", 2, Verdict.CONNECTION_LOST, "gone"));
    books.onEvent(
        new PoolEvent.ConnectionClosed("p", 1, io.everpool.api.CloseReason.MAX_QUERIES, 1, 1));
    books.onEvent(new PoolEvent.ConnectFailed("p", Verdict.SERVER_DOWN, "refused", 1));
    books.onEvent(new PoolEvent.HealthCheckFailed("p", 1, "closed"));
    books.onEvent(new PoolEvent.Fenced("p", 2, "restart"));
    assertThat(metrics.getCounters().keySet())
        .containsExactly(
            "p.closed.max-queries",
            "p.connect-failures",
            "p.fenced",
            "p.health-check-failures",
            "p.rejected",
            "p.retries",
            "p.timeouts");
    assertThat(metrics.getCounters().values()).allMatch(c -> c.getCount() == 1);
  }

  @Test
  void the_health_check_tells_an_open_pool_from_a_closed_one() throws SQLException {
    Pool pool = open("check");
    PoolHealthCheck check = new PoolHealthCheck(pool);
    assertThat(check.execute().isHealthy()).isTrue();
    assertThat(healthChecks.runHealthCheck("check").isHealthy()).isTrue();
    pool.close();
    assertThat(check.execute().isHealthy()).isFalse();
    assertThat(check.execute().getMessage()).contains("CLOSED");
  }
}
