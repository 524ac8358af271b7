package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.dropwizard.testing.DropwizardTestSupport;
import io.everpool.api.Pool;
import io.everpool.api.driver.Causes;
import io.everpool.dropwizard.shop.PlainApplication;
import io.everpool.dropwizard.shop.ShopApplication;
import io.everpool.dropwizard.shop.ShopConfiguration;
import io.everpool.servers.Await;
import io.everpool.servers.Port;
import io.everpool.servers.PostgresServer;
import io.everpool.servers.PostgresServer.Shutdown;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole application, started once, on a real server: Jdbi, Hibernate, migrations, a web server
 * and its admin, which are read over HTTP.
 */
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ApplicationTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final PostgresServer SERVER = Db.server();

  /** The sessions of this application. */
  private static final String SESSIONS = "shop-app";

  private static @TempDir @Nullable Path directory;
  private static DropwizardTestSupport<ShopConfiguration> support;

  @BeforeAll
  static void start() throws Exception {
    Path file =
        yaml(
            "shop.yml",
            "url: " + SERVER.jdbcUrl(),
            "user: " + SERVER.user(),
            "password: " + SERVER.password(),
            "maxSize: 3",
            "min-size: 1",
            "maxWaitForConnection: 20s",
            "healthCheckInterval: 1s",
            "validationQueryTimeout: 1s",
            "properties:",
            "  ApplicationName: " + SESSIONS,
            "  hibernate.jdbc.batch_size: 5");
    new ShopApplication().run("db", "migrate", file.toString());
    support = new DropwizardTestSupport<>(ShopApplication.class, file.toString());
    support.before();
  }

  private static Path yaml(String name, String... lines) throws IOException {
    Path file = Path.of(String.valueOf(directory)).resolve(name);
    String text =
        """
        server:
          applicationConnectors: [{ type: http, port: 0, bindHost: localhost }]
          adminConnectors: [{ type: http, port: 0, bindHost: localhost }]
          requestLog: { appenders: [] }
        logging: { level: WARN }
        database:
          %s
        """;
    return Files.writeString(file, text.formatted(String.join("\n  ", lines)));
  }

  @AfterAll
  static void end() {
    support.after();
  }

  private static ShopApplication application() {
    return support.getApplication();
  }

  private static HttpResponse<String> get(String path) throws Exception {
    return HTTP.send(request(support.getLocalPort(), path).GET().build(), BodyHandlers.ofString());
  }

  private static HttpResponse<String> post(String path) throws Exception {
    return HTTP.send(
        request(support.getLocalPort(), path).POST(BodyPublishers.noBody()).build(),
        BodyHandlers.ofString());
  }

  private static HttpResponse<String> admin(String path) throws Exception {
    return HTTP.send(request(support.getAdminPort(), path).GET().build(), BodyHandlers.ofString());
  }

  private static HttpRequest.Builder request(int port, String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path)).timeout(LIMIT);
  }

  @Test
  @Order(1)
  void jdbiAndHibernateWriteToTheTableOfTheMigration() throws Exception {
    assertThat(post("/items/jdbi/boots").statusCode()).isEqualTo(200);
    assertThat(post("/items/hibernate/scarf").body()).isEqualTo("scarf");

    assertThat(get("/items").body()).isEqualTo("[\"boots\",\"scarf\"]");
  }

  @Test
  @Order(2)
  void theSettingsAreThoseOfTheYaml() throws Exception {
    Pool pool = application().database().pool();

    assertThat(pool.name()).isEqualTo("shop");
    assertThat(pool.config().maxSize()).isEqualTo(3);
    assertThat(pool.config().acquireTimeout()).isEqualTo(Duration.ofSeconds(20));
    assertThat(pool.config().properties()).containsOnlyKeys("ApplicationName");
  }

  @Test
  @Order(2)
  void theAdminTellsTheMetricsOfEachPool() throws Exception {
    String metrics = admin("/metrics").body();

    assertThat(metrics)
        .contains("\"shop.connections.max\":{\"value\":3}")
        .contains("\"hibernate.connections.max\":{\"value\":3}")
        .contains("\"shop.wait\"")
        .doesNotContain(SERVER.password());
  }

  @Test
  @Order(2)
  void theAdminTellsTheHealthByDropwizardsCheckAndByThePoolsOwn() throws Exception {
    AtomicReference<String> healthy = new AtomicReference<>("");
    Await.until( // a busy machine may need longer than the second that a check has
        LIMIT,
        () -> {
          HttpResponse<String> health = health();
          healthy.set(health.body());
          return health.statusCode() == 200;
        },
        "a healthy application");
    assertThat(healthy.get())
        .contains("\"hibernate\":{\"healthy\":true")
        .contains("\"shop\":{\"healthy\":true,\"message\":\"")
        .doesNotContain(SERVER.password());
  }

  @Test
  @Order(2)
  void aTransactionWhoseConnectionIsKilledIsRunAgain() throws Exception {
    AtomicInteger runs = new AtomicInteger();

    application()
        .units()
        .useTransaction(
            handle -> {
              handle.execute("insert into item values ('again')");
              if (runs.incrementAndGet() == 1) {
                assertThat(SERVER.terminateAll(SESSIONS)).isPositive();
              }
              handle.execute("insert into item values ('and again')");
            });

    assertThat(runs).hasValue(2);
    assertThat(get("/items").body()).contains("\"again\",\"and again\"");
  }

  @Test
  @Order(3)
  void aRestartOfTheServerIsToldAndSurvived() throws Exception {
    SERVER.stop(Shutdown.FAST);
    Await.until(
        LIMIT,
        () -> health().body().contains("\"shop\":{\"healthy\":false"),
        "a pool that knows of the outage by itself");
    assertThat(health())
        .returns(500, HttpResponse::statusCode)
        .extracting(HttpResponse::body, STRING)
        .contains("\"hibernate\":{\"healthy\":false", "last connect error: Cannot connect to")
        .doesNotContain(SERVER.password());

    SERVER.startAgain();

    Await.until(LIMIT, () -> health().statusCode() == 200, "a healthy application");
    assertThat(get("/items").body()).contains("boots");
  }

  private static HttpResponse<String> health() {
    try {
      return admin("/healthcheck");
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** He asks for a second connection after the stop, which only a pool that is open gives. */
  @Test
  @Order(4)
  void whoIsStillServedHasHisConnectionsAndThenThePoolsAreClosed() throws Exception {
    Pool pool = application().database().pool();
    try (Connection other =
            DriverManager.getConnection(SERVER.jdbcUrl(), SERVER.user(), SERVER.password());
        Statement lock = other.createStatement()) {
      lock.execute("select pg_advisory_lock(7)");
      CompletableFuture<HttpResponse<String>> slow =
          HTTP.sendAsync(
              request(support.getLocalPort(), "/items/slow/7").GET().build(),
              BodyHandlers.ofString());
      Await.until(
          LIMIT,
          () ->
              SERVER
                  .ask("select count(*) from pg_locks where locktype = 'advisory' and not granted")
                  .equals("1"),
          "a request that waits for the lock");

      var server = application().server();
      CompletableFuture<Void> stop = CompletableFuture.runAsync(support::after);
      Await.until(LIMIT, server::isStopping, "an application that stops");
      assertThat(pool.isClosed()).isFalse();
      lock.execute("select pg_advisory_unlock(7)");

      assertThat(slow.get().body()).isEqualTo("served");
      stop.get();
    }
    assertThat(pool.isClosed()).isTrue();
    Await.until(LIMIT, () -> SERVER.backendPids(SESSIONS).isEmpty(), "no session of the pools");
  }

  /** With Jdbi as Dropwizard makes it, which asks for no connection before the start. */
  @Test
  @Order(5)
  void anApplicationDoesNotStartWithoutItsDatabase() throws Exception {
    try (Port nobody = Port.claim()) {
      Path file =
          yaml(
              "nobody.yml",
              "url: jdbc:postgresql://localhost:" + nobody.number() + "/shop",
              "user: app",
              "password: s3cret");
      DropwizardTestSupport<ShopConfiguration> plain =
          new DropwizardTestSupport<>(PlainApplication.class, file.toString());

      assertThatThrownBy(plain::before)
          .hasStackTraceContaining("localhost:" + nobody.number())
          .satisfies(ApplicationTest::tellsNoSecret);
    }
  }

  private static void tellsNoSecret(Throwable failure) {
    assertThat(Causes.first(failure, at -> at.toString().contains("s3cret"))).isNull();
  }
}
