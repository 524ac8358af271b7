package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dropwizard.db.ManagedDataSource;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.driver.Causes;
import io.everpool.api.observe.PoolEvent;
import io.everpool.servers.Await;
import io.everpool.servers.Port;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** The life of a pool that an application manages, on a real server. */
@Timeout(120)
class EverpoolDataSourceTest {
  private final MetricRegistry metrics = new MetricRegistry();

  private static EverpoolDataSourceFactory factory(String... keysAndValues) {
    return EverpoolDataSourceFactory.of(Db.block(keysAndValues));
  }

  @Test
  void itIsOpenFromStartToStopAndSoAreItsMetrics() throws Exception {
    EverpoolDataSource shop = factory().build(metrics, "shop");
    assertThat(metrics.getNames()).isEmpty();
    assertThat(shop.healthCheck().execute().isHealthy()).isFalse();

    shop.start();
    Pool pool = shop.pool();
    assertThat(metrics.getNames()).contains("shop.connections.idle", "shop.use");
    assertThat(shop.healthCheck().execute().isHealthy()).isTrue();
    assertThat(shop.unwrap(Pool.class)).isSameAs(pool);
    assertThat(shop.unwrap(ManagedDataSource.class)).isSameAs(shop);
    assertThat(shop.isWrapperFor(Pool.class)).isTrue();

    shop.stop();
    assertThat(pool.isClosed()).isTrue();
    assertThat(metrics.getNames()).isEmpty();
    assertThat(shop.healthCheck().execute().isHealthy()).isFalse();
    assertThatThrownBy(shop::getConnection).isInstanceOf(PoolClosedException.class);
  }

  /** As Hibernate does while the application is put together. */
  @Test
  void whoAsksForAConnectionBeforeTheStartHasOne() throws Exception {
    EverpoolDataSource shop = factory().build(metrics, "early");
    try (Connection connection = shop.getConnection()) {
      assertThat(connection.isValid(0)).isTrue();
      Pool pool = shop.pool();
      shop.start();
      assertThat(shop.pool()).isSameAs(pool);
    } finally {
      shop.stop();
    }
  }

  @Test
  void whatIsClosedStartsNoMore() throws Exception {
    EverpoolDataSource never = factory().build(metrics, "never");
    never.stop();
    assertThatThrownBy(never::start).isInstanceOf(PoolClosedException.class);

    EverpoolDataSource once = factory().build(metrics, "once");
    once.start();
    once.stop();
    assertThatThrownBy(once::start).isInstanceOf(PoolClosedException.class);
  }

  /** From where it is stopped while it opens. */
  private enum Stop {
    CUSTOMIZER,
    LISTENER,
    ANOTHER_THREAD
  }

  /** By something that is told to end while the application starts: nobody else could close it. */
  @ParameterizedTest
  @EnumSource(Stop.class)
  void whatIsStoppedWhileItOpensStaysNotOpen(Stop from) throws Exception {
    List<Pool> opened = new CopyOnWriteArrayList<>();
    AtomicReference<EverpoolDataSource> itself = new AtomicReference<>();
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    Thread stopper =
        new Thread(
            () -> {
              itself.get().stop();
              stopped.complete(null);
            });
    EverpoolDataSource shop =
        factory()
            .customize(
                builder -> {
                  if (from == Stop.CUSTOMIZER) {
                    itself.get().stop();
                  }
                  builder.listener(
                      event -> {
                        if (event instanceof PoolEvent.PoolOpened opening) {
                          opened.add(opening.self());
                          if (from == Stop.LISTENER) {
                            itself.get().stop();
                          } else if (from == Stop.ANOTHER_THREAD) {
                            stopper.start(); // who waits for the one who opens it
                            Await.until(
                                Duration.ofMinutes(1),
                                () -> stopper.getState() == Thread.State.WAITING,
                                "the wait");
                          }
                        }
                      });
                })
            .build(metrics, "shop");
    itself.set(shop);

    assertThatThrownBy(shop::start)
        .isInstanceOf(PoolClosedException.class)
        .hasMessageContaining("shop");
    if (from == Stop.ANOTHER_THREAD) {
      stopped.get(60, TimeUnit.SECONDS);
    }
    assertThat(opened).allMatch(Pool::isClosed);
    assertThat(metrics.getNames()).isEmpty();
    assertThat(shop.healthCheck().execute().isHealthy()).isFalse();
    assertThatThrownBy(shop::getConnection).isInstanceOf(PoolClosedException.class);
  }

  @Test
  void aPoolThatCannotBeOpenedSaysSoAndLeavesNothingBehind() throws Exception {
    try (Port nobody = Port.claim()) {
      EverpoolDataSource shop =
          factory("url", "jdbc:postgresql://localhost:" + nobody.number() + "/x")
              .build(metrics, "shop");
      assertThatThrownBy(shop::start)
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("localhost:" + nobody.number())
          .hasMessageNotContaining(Db.server().password());
      assertThat(metrics.getNames()).isEmpty();
    }
  }

  @Test
  void aWrongPasswordIsToldAndNotShown() {
    EverpoolDataSource shop = factory("password", "wr0ng").build(metrics, "shop");

    assertThatThrownBy(shop::start)
        .isInstanceOf(SQLException.class)
        .hasMessageContaining(Db.server().user())
        .satisfies(
            failure ->
                assertThat(Causes.first(failure, at -> at.toString().contains("wr0ng"))).isNull());
  }

  @Test
  void whoeverComesFirstOpensThePoolForAll() throws Exception {
    EverpoolDataSource shop = factory().build(metrics, "shop");
    CountDownLatch together = new CountDownLatch(4);
    List<CompletableFuture<Pool>> comers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      CompletableFuture<Pool> opened = new CompletableFuture<>();
      comers.add(opened);
      new Thread(
              () -> {
                together.countDown();
                try {
                  together.await();
                  opened.complete(shop.pool());
                } catch (InterruptedException | SQLException e) {
                  opened.completeExceptionally(e);
                }
              })
          .start();
    }
    for (CompletableFuture<Pool> each : comers) {
      assertThat(each.get()).isSameAs(shop.pool());
    }
    shop.stop();
  }

  /** As they wait for a connection: {@code acquire-timeout} long, and not if interrupted. */
  @Test
  void whoWaitsForTheOneWhoOpensGivesUpInTime() throws Exception {
    CountDownLatch opens = new CountDownLatch(1);
    CountDownLatch goesOn = new CountDownLatch(1);
    EverpoolDataSource shop =
        factory("acquireTimeout", "100ms", "minSize", "0", "failFast", "false")
            .customize(
                builder -> {
                  opens.countDown();
                  await(goesOn);
                })
            .build(metrics, "shop");
    CompletableFuture<Pool> opened = new CompletableFuture<>();
    Thread opener = new Thread(() -> open(shop, opened));
    opener.start();
    try {
      opens.await();
      assertThatThrownBy(shop::getConnection)
          .isInstanceOf(SQLTransientConnectionException.class)
          .hasMessageContaining("Pool shop is still being opened by another thread after 100");

      Thread.currentThread().interrupt();
      assertThatThrownBy(shop::getConnection)
          .isInstanceOf(SQLTransientConnectionException.class)
          .hasMessageContaining("Interrupted while pool shop was being opened");
      assertThat(Thread.interrupted()).isTrue();
    } finally {
      goesOn.countDown();
      opener.join();
    }
    assertThat(opened.get()).isSameAs(shop.pool());
    shop.stop();
  }

  private static void open(EverpoolDataSource shop, CompletableFuture<Pool> opened) {
    try {
      opened.complete(shop.pool());
    } catch (SQLException e) {
      opened.completeExceptionally(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void twoPoolsOfOneNameCannotShareARegistry() throws Exception {
    EverpoolDataSource one = factory("name", "twin").build(metrics, "one");
    EverpoolDataSource two = factory("name", "twin").build(metrics, "two");
    one.start();
    try {
      assertThatThrownBy(two::start)
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("twin");
    } finally {
      one.stop();
      two.stop();
    }
  }

  /** As Hibernate and Jdbi have of one block, whose pools share the application's registry. */
  @Test
  void twoPoolsOfOneNamedBlockHaveTwoNames() throws Exception {
    EverpoolDataSourceFactory factory = factory("name", "db", "failFast", "false");
    EverpoolDataSource hibernate = factory.build(metrics, "hibernate");
    EverpoolDataSource shop = factory.build(metrics, "shop");
    hibernate.start();
    shop.start();
    try {
      assertThat(hibernate.pool().name()).isEqualTo("db");
      assertThat(shop.pool().name()).isEqualTo("db-shop");
      assertThat(metrics.getNames()).contains("db.wait", "db-shop.wait");
    } finally {
      hibernate.stop();
      shop.stop();
    }
    EverpoolDataSource again = factory.build(metrics, "hibernate");
    again.start();
    assertThat(again.pool().name()).isEqualTo("db");
    again.stop();
  }

  /** With room for what the pools of its readers are called. */
  @Test
  void aNameThatAPoolCannotHaveIsMadeOne() throws Exception {
    EverpoolDataSourceFactory factory = EverpoolDataSourceFactory.of(withAReader());
    EverpoolDataSource shop = factory.build(metrics, "my shop/" + "x".repeat(80));
    shop.start();
    assertThat(shop.pool().name()).isEqualTo("my-shop-" + "x".repeat(46));
    assertThat(metrics.getNames()).anyMatch(name -> name.contains("x-reader-1."));
    shop.stop();
  }

  private static Map<String, Object> withAReader() {
    Map<String, Object> block = Db.block("failFast", "false");
    block.put("readers", List.of(Db.server().jdbcUrl()));
    return block;
  }

  @Test
  void aSessionBeginsAsDropwizardsSettingsSay() throws Exception {
    EverpoolDataSource shop =
        factory(
                "autoCommitByDefault", "false",
                "readOnlyByDefault", "true",
                "defaultTransactionIsolation", "SERIALIZABLE")
            .build(metrics, "session");
    for (int lease = 0; lease < 2; lease++) {
      try (Connection connection = shop.getConnection();
          Statement statement = connection.createStatement()) {
        assertThat(connection.getAutoCommit()).isFalse();
        assertThat(connection.getTransactionIsolation())
            .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
        assertThatThrownBy(() -> statement.execute("create table no (x int)"))
            .extracting(failure -> ((SQLException) failure).getSQLState())
            .isEqualTo("25006");
        connection.rollback();
        connection.setReadOnly(false);
      }
    }
    shop.stop();
  }

  @Test
  void aToolGetsOneConnectionAndAllTheTimeItNeeds() throws Exception {
    EverpoolDataSourceFactory factory =
        factory("max-size", "7", "command-timeout", "5s", "leak-threshold", "10s");
    factory.asSingleConnectionPool();
    EverpoolDataSource tool = factory.build(metrics, "tool");
    try (Connection connection = tool.getConnection();
        Statement statement = connection.createStatement()) {
      assertThat(tool.pool().config().maxSize()).isEqualTo(1);
      assertThat(tool.pool().config().leakThreshold()).isEqualTo(Duration.ZERO);
      try (var limit = statement.executeQuery("show statement_timeout")) {
        assertThat(limit.next()).isTrue();
        assertThat(limit.getString(1)).isEqualTo("0");
      }
    } finally {
      tool.stop();
    }
  }

  @Test
  void whatCannotBeWrittenIsAddedInJava() throws Exception {
    List<PoolEvent> told = new ArrayList<>();
    EverpoolDataSource shop =
        factory("minSize", "0", "failFast", "false")
            .customize(builder -> builder.listener(told::add))
            .customize(
                builder ->
                    builder.interceptor(
                        new LeaseInterceptor() {
                          @Override
                          public void acquired(Connection connection) throws SQLException {
                            connection.setClientInfo("ApplicationName", "tenant-7");
                          }
                        }))
            .build(metrics, "custom");
    shop.start();
    assertThat(told).hasAtLeastOneElementOfType(PoolEvent.PoolOpened.class);
    try (Connection connection = shop.getConnection()) {
      assertThat(connection.getClientInfo("ApplicationName")).isEqualTo("tenant-7");
    }
    shop.stop();
  }

  @Test
  void whatHasNoCounterpartIsLoggedWhenThePoolIsBuilt() {
    Logger logger = (Logger) LoggerFactory.getLogger(EverpoolDataSourceFactory.class);
    ListAppender<ILoggingEvent> lines = new ListAppender<>();
    lines.start();
    logger.setLevel(Level.INFO);
    logger.addAppender(lines);
    try {
      factory("driverClass", "org.postgresql.Driver", "useFairQueue", "true")
          .build(metrics, "shop");
    } finally {
      logger.detachAppender(lines);
    }
    assertThat(lines.list)
        .map(ILoggingEvent::getFormattedMessage)
        .containsExactly(
            "Pool shop: driverClass has no counterpart in Everpool: the driver is found by the URL",
            "Pool shop: useFairQueue has no counterpart in Everpool: waiters are served in order");
  }

  @Test
  void noPasswordIsShown() throws Exception {
    EverpoolDataSourceFactory factory = factory("password", "s3cret");
    EverpoolDataSource shop = factory.build(metrics, "secret");

    assertThat(factory + " " + shop + new ObjectMapper().writeValueAsString(factory))
        .contains("maxSize=20")
        .doesNotContain("s3cret");
  }
}
