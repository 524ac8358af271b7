package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.everpool.api.Pool;
import io.everpool.servers.Await;
import io.everpool.servers.PostgresServer;
import io.everpool.spring.shop.Shop;
import io.everpool.spring.shop.ShopApplication;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A whole application, started once, on a real server: JPA, JdbcTemplate, jOOQ, MyBatis, Flyway,
 * Liquibase, a web server and Actuator, which is read over HTTP.
 */
@Tag("contract")
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ApplicationTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private static ConfigurableApplicationContext context;
  private static Shop shop;
  private static Pool pool;

  @BeforeAll
  static void start() {
    PostgresServer server = Boot.server();
    context =
        SpringApplication.run(
            ShopApplication.class,
            "--spring.datasource.url=" + server.jdbcUrl(),
            "--spring.datasource.username=" + server.user(),
            "--spring.datasource.password=" + server.password(),
            "--spring.datasource.hikari.pool-name=shop",
            "--spring.datasource.hikari.maximum-pool-size=4",
            "--spring.jpa.open-in-view=false",
            "--spring.flyway.baseline-on-migrate=true",
            "--spring.flyway.baseline-version=0",
            "--spring.liquibase.change-log=classpath:/db/changelog/db.changelog-master.sql",
            "--spring.main.banner-mode=off",
            "--server.port=0",
            "--server.shutdown=graceful",
            "--management.endpoints.web.exposure.include=*",
            "--everpool.spring.console=/actuator/pools",
            "--management.endpoint.health.show-details=always");
    shop = context.getBean(Shop.class);
    pool = context.getBean(Pool.class);
  }

  @AfterAll
  static void end() {
    context.close();
  }

  private static String get(String path) throws Exception {
    String port = context.getEnvironment().getProperty("local.server.port");
    URI uri = URI.create("http://localhost:" + port + path);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(LIMIT).build();
    return HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
  }

  /** Beside Actuator's own, and over the servlet that has all other paths. */
  @Test
  @Order(1)
  void thePageShowsThePool() throws Exception {
    assertThat(get("/actuator/pools/")).contains("<title>").containsIgnoringCase("everpool");
    try (Connection held = pool.getConnection()) {
      assertThat(held.isValid(60)).isTrue();
      assertThat(get("/actuator/pools/holders?pool=shop"))
          .contains(Thread.currentThread().getName());
    }
    assertThat(get("/actuator/health/db")).as("Actuator's").contains("\"status\":\"UP\"");
  }

  @Test
  @Order(1)
  void whatWasSaidForHikariCpCounts() {
    assertThat(context.getBeansOfType(HikariDataSource.class)).isEmpty();
    assertThat(pool.name()).isEqualTo("shop");
    assertThat(pool.config().maxSize()).isEqualTo(4);
  }

  @Test
  @Order(1)
  void allOfThemAreInOneTransaction() throws Exception {
    shop.addByAll("one", false);

    assertThat(shop.names("one"))
        .containsExactly("one-jdbc", "one-jooq", "one-jpa", "one-mybatis", "one-unit");
  }

  @Test
  @Order(1)
  void allOfThemAreRolledBackTogether() {
    assertThatThrownBy(() -> shop.addByAll("none", true)).hasMessage("no");

    assertThat(shop.names("none")).isEmpty();
  }

  @Test
  @Order(1)
  void whatIsReadOnlyDoesNotWrite() {
    assertThatThrownBy(shop::writeThoughReadOnly)
        .rootCause()
        .extracting(failure -> ((SQLException) failure).getSQLState())
        .isEqualTo("25006");
  }

  @Test
  @Order(1)
  void aMarkedTransactionOfJpaIsRunAgain() {
    AtomicBoolean struck = new AtomicBoolean();

    int run =
        shop.addAgain(
            "again",
            () -> {
              if (struck.compareAndSet(false, true)) {
                assertThat(Boot.server().terminateAll()).isPositive();
              }
            });

    assertThat(run).isEqualTo(2);
    assertThat(shop.names("again")).containsExactly("again", "again-end");
  }

  // ---- Actuator

  @Test
  @Order(2)
  void healthTellsWhatWasSeenAndWhen() throws Exception {
    long acquired = acquired();

    String health = get("/actuator/health/db");

    assertThat(health)
        .contains("\"status\":\"UP\"", "\"pool\":\"shop\"", "\"state\":\"open\"")
        .containsPattern("\"evidence\":\"[^\"]+\",\"evidenceAge\":\"\\d+s\"");
    assertThat(acquired()).as("no connection was taken for that").isEqualTo(acquired);
  }

  private static long acquired() {
    return context
        .getBean(MeterRegistry.class)
        .get("db.client.connection.wait_time")
        .timer()
        .count();
  }

  @Test
  @Order(2)
  void metricsHaveThePool() throws Exception {
    assertThat(get("/actuator/metrics/jdbc.connections.max")).contains("\"value\":4");
    assertThat(get("/actuator/metrics/db.client.connection.max")).contains("\"value\":4");
  }

  /**
   * By the registry that Actuator makes, whose handlers are the timers' and, if there are, spans'.
   */
  @Test
  @Order(2)
  void aUnitIsObservedAndTheCurrentObservationWhileItRuns() throws SQLException {
    ObservationRegistry registry = context.getBean(ObservationRegistry.class);

    Observation current =
        pool.<Observation, SQLException>run(
            connection -> requireNonNull(registry.getCurrentObservation()));

    assertThat(current.getContext().getName()).isEqualTo("everpool.unit");
    assertThat(registry.getCurrentObservation()).isNull();
    assertThat(
            context
                .getBean(MeterRegistry.class)
                .get("everpool.unit")
                .tags("pool", "shop", "kind", "run", "outcome", "success")
                .timer()
                .count())
        .isPositive();
  }

  @Test
  @Order(2)
  void prometheusHasThePool() throws Exception {
    assertThat(get("/actuator/prometheus"))
        .contains("db_client_connection_max{db_client_connection_pool_name=\"shop\"}")
        .contains("jdbc_connections_max{name=\"dataSource\"}");
  }

  /** Secrets may be in settings, and Actuator shows settings. */
  @Test
  @Order(2)
  void noPasswordIsToBeSeen() throws Exception {
    for (String path : List.of("health", "metrics", "prometheus", "beans", "configprops", "env")) {
      assertThat(get("/actuator/" + path)).doesNotContain(Boot.server().password());
    }
  }

  // ---- a server that restarts

  @Test
  @Order(3)
  void aRestartUnderLoadCostsNoUnitAnError() throws Exception {
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger done = new AtomicInteger();
    AtomicLong written = new AtomicLong();
    ExecutorService threads = Executors.newFixedThreadPool(4);
    List<Future<?>> workers = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        workers.add(
            threads.submit(
                () -> {
                  while (!stop.get()) {
                    pool.useTransaction(
                        connection -> {
                          try (var statement = connection.createStatement()) {
                            statement.executeUpdate("insert into item (name) values ('load')");
                          }
                        });
                    written.incrementAndGet();
                    done.incrementAndGet();
                  }
                  return null;
                }));
      }
      Await.until(LIMIT, () -> done.get() > 50, "work before the restart");
      Boot.server().restart(PostgresServer.Shutdown.FAST);
      int before = done.get();
      Await.until(LIMIT, () -> done.get() > before + 50, "work after the restart");
    } finally {
      stop.set(true);
      threads.shutdown();
    }
    for (Future<?> worker : workers) {
      worker.get();
    }
    assertThat(Boot.server().ask("select count(*) from item where name = 'load'"))
        .isEqualTo(String.valueOf(written.get()));
    assertThat(get("/actuator/health/db")).contains("\"status\":\"UP\"");
  }

  // ---- the end

  /** A page that is open: done when it has been ended, and failed if it was cut off. */
  private static CompletableFuture<Void> watch(String path) throws Exception {
    String port = context.getEnvironment().getProperty("local.server.port");
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).build();
    InputStream events = HTTP.send(request, HttpResponse.BodyHandlers.ofInputStream()).body();
    assertThat(events.read()).as("it is told something").isPositive();
    return CompletableFuture.runAsync(
        () -> {
          try (events) {
            events.transferTo(OutputStream.nullOutputStream());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Who is being served while the application ends gets his answer, from the database, too. */
  @Test
  @Order(4)
  void theWebServerDrainsBeforeThePoolCloses() throws Exception {
    ShopApplication application = context.getBean(ShopApplication.class);
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return get("/slow");
              } catch (Exception e) {
                throw new IllegalStateException(e);
              }
            });
    application.asked.await();
    CompletableFuture<Void> page = watch("/actuator/pools/events");
    Thread closing = new Thread(context::close);
    closing.start();
    Await.until(LIMIT, context::isClosed, "the closing");
    assertThat(pool.isClosed()).isFalse();

    page.get(); // in good order, and while the server waits for others: it isn't waited for
    application.goOn.countDown();

    assertThat(answer.get()).startsWith("items: ");
    closing.join();
    assertThat(pool.isClosed()).isTrue();
  }
}
