package io.everpool.micrometer;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.metrics.micrometer.MicrometerMetricsTrackerFactory;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On a real pool over H2, as Prometheus shows it. */
@Tag("contract")
class RealPoolTest {
  private static final String SHOP = "db_client_connection_pool_name=shop";

  private final Prometheus prometheus;

  RealPoolTest() throws ReflectiveOperationException {
    prometheus = Prometheus.create();
  }

  private static PoolConfig.Builder config(String name) {
    return PoolConfig.builder("jdbc:h2:mem:micrometer-" + name)
        .name(name)
        .user("app")
        .password("hunter2")
        .minSize(1)
        .maxSize(3);
  }

  private Pool open(PoolConfig config, MetricNames names) throws SQLException {
    MicrometerMetrics poolMetrics =
        MicrometerMetrics.builder(config.name(), prometheus.registry()).names(names).build();
    return Everpool.builder(config).listener(poolMetrics).recorder(poolMetrics).open();
  }

  private Pool open(PoolConfig config) throws SQLException {
    return open(config, MetricNames.OPEN_TELEMETRY);
  }

  private double sample(String name) throws ReflectiveOperationException {
    return requireNonNull(prometheus.samples().get(name), name);
  }

  @Test
  void aLeaseShowsInPrometheusText() throws Exception {
    try (Pool pool = open(config("shop").build())) {
      String waits = "db_client_connection_wait_time_seconds_count{" + SHOP + "}";
      String uses = "db_client_connection_use_time_seconds_count{" + SHOP + "}";
      double waited = sample(waits);
      double used = sample(uses);
      try (Connection connection = pool.getConnection()) {
        assertThat(connection.isClosed()).isFalse();
        assertThat(sample(waits)).isEqualTo(waited + 1);
        assertThat(sample("db_client_connection_max{" + SHOP + "}")).isEqualTo(3);
      }
      assertThat(sample(uses)).isEqualTo(used + 1);
    }
  }

  /** Nor is it taken for one of whose end these metrics never hear. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aPoolThatIsClosedAsItOpensLeavesNothingInTheRegistry(boolean byAnotherThread)
      throws Exception {
    for (int i = 0; i < 2; i++) {
      MicrometerMetrics poolMetrics =
          MicrometerMetrics.builder("brief", prometheus.registry()).build();
      Pool pool =
          Everpool.builder(config("brief").build())
              .listener(closer(byAnotherThread))
              .listener(poolMetrics)
              .recorder(poolMetrics)
              .open();
      assertThat(pool.isClosed()).isTrue();
      assertThat(prometheus.samples()).isEmpty();
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

  /** A reader is a pool of its own, and its figures are not the writer's. */
  @Test
  void aReaderHasMetricsOfItsOwn() throws Exception {
    String reader = "db_client_connection_pool_name=shop-reader-1";
    String uses = "db_client_connection_use_time_seconds_count{";
    PoolConfig config =
        config("shop")
            .readers(List.of("jdbc:h2:mem:micrometer-reader"))
            .maxReplicaLag(Duration.ZERO)
            .build();
    try (Pool pool = open(config)) {
      await(() -> prometheus.samples().containsKey("db_client_connection_max{" + reader + "}"));
      double writers = sample(uses + SHOP + "}");
      double readers = sample(uses + reader + "}");
      pool.reader().getConnection().close();
      assertThat(sample(uses + reader + "}")).isEqualTo(readers + 1);
      assertThat(sample(uses + SHOP + "}")).isEqualTo(writers);
    }
    await(() -> prometheus.samples().isEmpty());
  }

  private static void await(Callable<Boolean> fact) {
    assertTimeoutPreemptively(
        Duration.ofSeconds(60),
        () -> {
          while (!fact.call()) {
            LockSupport.parkNanos(1_000_000);
          }
        });
  }

  /** As the conventions say: gauges, counters, and histograms in seconds. */
  @Test
  void prometheusHasOpenTelemetrysNamesKindsAndUnits() throws Exception {
    try (Pool pool = open(config("shop").build())) {
      assertThat(pool.isClosed()).isFalse();
      Map<String, String> types = prometheus.types();
      types.keySet().removeIf(name -> name.startsWith("everpool_"));

      Map<String, String> expected = new TreeMap<>();
      for (String timer : new String[] {"wait_time", "use_time", "create_time"}) {
        expected.put("db_client_connection_" + timer + "_seconds", "histogram");
        expected.put("db_client_connection_" + timer + "_seconds_max", "gauge");
      }
      for (String gauge :
          new String[] {"count", "idle_max", "idle_min", "max", "pending_requests"}) {
        expected.put("db_client_connection_" + gauge, "gauge");
      }
      expected.put("db_client_connection_timeouts_total", "counter");
      assertThat(types).isEqualTo(expected);
      for (String timer : new String[] {"wait", "use", "create"}) {
        for (String bound : new String[] {"0.001", "0.5", "10.0", "+Inf"}) {
          assertThat(prometheus.samples())
              .containsKey(
                  "db_client_connection_"
                      + timer
                      + "_time_seconds_bucket{"
                      + SHOP
                      + ", le="
                      + bound
                      + "}");
        }
      }
      assertThat(prometheus.samples())
          .containsKey("db_client_connection_count{" + SHOP + ", db_client_connection_state=idle}")
          .containsKey("db_client_connection_count{" + SHOP + ", db_client_connection_state=used}")
          .containsEntry("everpool_connections_closed_total{" + SHOP + ", reason=fenced}", 0.0);
    }
  }

  /** A dashboard of HikariCP's goes on: the peer itself says what it shows. */
  @Test
  void prometheusHasAllThatHikariCpShows() throws Exception {
    HikariConfig theirs = new HikariConfig();
    theirs.setJdbcUrl("jdbc:h2:mem:micrometer-hikari");
    theirs.setPoolName("shop");
    Prometheus peers = Prometheus.create();
    theirs.setMetricsTrackerFactory(new MicrometerMetricsTrackerFactory(peers.registry()));
    Map<String, Double> expected;
    try (HikariDataSource peer = new HikariDataSource(theirs)) {
      peer.getConnection().close();
      expected = peers.samples();
    }
    assertThat(expected).hasSizeGreaterThan(15).containsKey("hikaricp_connections{pool=shop}");

    try (Pool pool = open(config("shop").build(), MetricNames.HIKARI_CP)) {
      pool.getConnection().close();
      assertThat(prometheus.samples()).containsKeys(expected.keySet().toArray(String[]::new));
      assertThat(prometheus.types())
          .containsEntry("hikaricp_connections_acquire_seconds", "histogram")
          .containsEntry("hikaricp_connections_usage_seconds", "histogram")
          .containsEntry("hikaricp_connections_creation_seconds", "histogram")
          .doesNotContainKey("db_client_connection_count");
    }
  }

  /** What an operator sees must not help a thief. */
  @Test
  void nothingInTheTextIsASecret() throws Exception {
    try (Pool pool = open(config("secret").build())) {
      assertThat(pool.config().password()).isEqualTo("hunter2");
      assertThat(prometheus.text()).contains("secret").doesNotContain("hunter2");
    }
  }

  @Test
  void twoPoolsShareARegistryAndEachTakesOnlyItsOwnWithIt() throws Exception {
    try (Pool first = open(config("first").build())) {
      open(config("second").build()).close();
      assertThat(first.isClosed()).isFalse();
      assertThat(prometheus.text()).contains("\"first\"").doesNotContain("\"second\"");
    }
    assertThat(prometheus.registry().getMeters()).isEmpty();
  }

  /** Whoever tries again must not be told that the name is taken. */
  @Test
  void aPoolThatCannotBeOpenedLeavesNothingInTheRegistry() {
    PoolConfig nowhere =
        config("nowhere")
            .url("jdbc:h2:mem:nowhere;IFEXISTS=TRUE")
            .acquireTimeout(Duration.ofMillis(200))
            .build();

    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> open(nowhere)).isInstanceOf(SQLException.class);
      assertThat(prometheus.registry().getMeters()).isEmpty();
    }
  }

  /** Nor loses what it tells as it opens: that it has connected, and how long that took. */
  @Test
  void whoeverTriesAgainWithTheSameObjectHasHisConnectsCounted() throws Exception {
    String opened = "everpool_connections_opened_total{" + SHOP + "}";
    String url = "jdbc:h2:mem:micrometer-shop;IFEXISTS=TRUE";
    PoolConfig.Builder config = config("shop").url(url);
    MicrometerMetrics poolMetrics =
        MicrometerMetrics.builder("shop", prometheus.registry()).build();
    for (int i = 0; i < 2; i++) {
      Everpool.Builder hasty =
          Everpool.builder(config.acquireTimeout(Duration.ofMillis(200)).build())
              .listener(poolMetrics)
              .recorder(poolMetrics);
      assertThatThrownBy(hasty::open).isInstanceOf(SQLException.class);
    }
    try (Connection keeper =
        DriverManager.getConnection("jdbc:h2:mem:micrometer-shop", "app", "hunter2")) {
      assertThat(keeper.isValid(1)).isTrue();
      for (int i = 0; i < 2; i++) {
        PoolConfig patient = config.acquireTimeout(Duration.ofSeconds(60)).build();
        try (Pool pool =
            Everpool.builder(patient).listener(poolMetrics).recorder(poolMetrics).open()) {
          await(() -> sample(opened) == pool.snapshot().opened());
          assertThat(sample("db_client_connection_create_time_seconds_count{" + SHOP + "}"))
              .isPositive();
        }
      }
    }
    assertThat(prometheus.samples()).isEmpty();
  }
}
