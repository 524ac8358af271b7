package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.name.Names;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigUtil;
import io.everpool.api.Pool;
import io.everpool.guice.EverpoolModule;
import io.everpool.guice.EverpoolShutdown;
import io.everpool.servers.Await;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.json.Json;
import org.junit.jupiter.api.Test;

/** Guice, HOCON, Jdbi and metrics together, over PostgreSQL. */
class AssembledIT {

  /** What is kept as JSONB. */
  @Json
  public record Note(String text, List<Integer> pages) {}

  private static Config config() {
    return ConfigFactory.parseString(
        "everpool { url = "
            + ConfigUtil.quoteString(Db.server().jdbcUrl())
            + ", user = "
            + ConfigUtil.quoteString(Db.server().user())
            + ", password = "
            + ConfigUtil.quoteString(Db.server().password())
            + ", health-check-interval = 1h\n"
            + "pools { as-orders { max-size = 3 }, as-reports { min-size = 1, max-size = 1 } } }");
  }

  @Test
  void oneModuleForEachPoolGivesEverythingAndShutdownEndsAllSessions() throws Exception {
    MetricRegistry metrics = new MetricRegistry();
    HealthCheckRegistry checks = new HealthCheckRegistry();
    Pool orders;
    try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
      Injector injector =
          Guice.createInjector(
              shutdown.module(),
              binder -> {
                binder.bind(MetricRegistry.class).toInstance(metrics);
                binder.bind(HealthCheckRegistry.class).toInstance(checks);
              },
              EverpoolModule.of(config(), "as-orders"),
              EverpoolModule.of(config(), "as-reports").annotatedWith(Names.named("reports")));
      orders = injector.getInstance(Pool.class);
      assertThat(injector.getInstance(Pool.class)).isSameAs(orders);
      DataSource reports = injector.getInstance(Key.get(DataSource.class, Names.named("reports")));
      try (Connection connection = reports.getConnection()) {
        assertThat(Db.ask(connection, "show application_name")).isEqualTo("as-reports");
      }
      Note note = new Note("tea", List.of(1, 2));
      Note found =
          injector
              .getInstance(Jdbi.class)
              .inTransaction(
                  handle ->
                      handle
                          .createQuery("select :note::jsonb")
                          .bind("note", note)
                          .mapTo(Note.class)
                          .one());
      assertThat(found).isEqualTo(note);
      Db.awaitRest(orders, 2);
      Await.until( // listeners are told afterwards
          Db.LIMIT,
          () -> metrics.counter("as-orders.opened").getCount() == orders.snapshot().opened(),
          "the metrics to have heard of both");
      assertThat(metrics.timer("as-orders.wait").getCount()).isPositive();
      assertThat(metrics.timer("as-orders.use").getCount()).isPositive();
      assertThat(metrics.getGauges()).containsKey("as-reports.connections.idle");
    }
    Db.awaitSessions(orders, 0);
    Await.until(
        Db.LIMIT,
        () -> Db.server().backendPids("as-reports").isEmpty(),
        "the end of the reports' sessions");
    assertThat(metrics.getNames()).isEmpty();
    assertThat(checks.getNames()).isEmpty();
  }

  /** A query would keep a suspended database awake; the server would have heard of it. */
  @Test
  void theHealthCheckSendsNothing() throws Exception {
    HealthCheckRegistry checks = new HealthCheckRegistry();
    try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
      Injector injector =
          Guice.createInjector(
              shutdown.module(),
              binder -> binder.bind(HealthCheckRegistry.class).toInstance(checks),
              EverpoolModule.of(config(), "as-orders"));
      Pool pool = injector.getInstance(Pool.class);
      Db.awaitIdle(pool, 2);
      String heard = lastHeardFrom(pool);
      Db.staysTrue(
          Duration.ofMillis(300),
          () -> checks.runHealthCheck(pool.name()).isHealthy(),
          "a healthy pool");
      assertThat(lastHeardFrom(pool)).isEqualTo(heard);
      assertThat(pool.snapshot().opened()).isEqualTo(2);
    }
  }

  private static String lastHeardFrom(Pool pool) {
    return Db.server()
        .ask(
            "select string_agg(pid || ' ' || state_change, ', ' order by pid)"
                + " from pg_stat_activity where application_name = '"
                + pool.name()
                + "'");
  }
}
