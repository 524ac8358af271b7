package io.everpool.spring;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.HealthCheck;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.framework.PoolOperations;
import io.everpool.core.Everpool;
import io.everpool.servers.Await;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadata;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadataProvider;
import org.springframework.context.ApplicationContext;

/** What Spring Boot's own metrics, its health and its JPA ask of every pool. */
@Timeout(120)
class PoolMetadataTest {

  private static PoolConfig.Builder config(String name) {
    return PoolConfig.builder(Boot.h2(name)).name(name).minSize(1).maxSize(4).sleep(SleepMode.OFF);
  }

  private static void await(String what, BooleanSupplier fact) {
    Await.until(Duration.ofSeconds(60), fact::getAsBoolean, what);
  }

  private static void assertFigures(DataSourcePoolMetadata metadata, int active, int idle) {
    assertThat(metadata.getActive()).as("active").isEqualTo(active);
    assertThat(metadata.getIdle()).as("idle").isEqualTo(idle);
    assertThat(metadata.getUsage())
        .as("usage")
        .isEqualTo(active == 0 ? 0f : active / (float) metadata.getMax());
  }

  @Test
  void figuresAreThoseOfNow() throws Exception {
    Pool pool = Everpool.open(config("figures").build());
    DataSourcePoolMetadata metadata = new PoolMetadata(pool);
    try {
      await("the first connection", () -> pool.snapshot().idle() == 1);
      assertFigures(metadata, 0, 1);
      assertThat(metadata.getMin()).isEqualTo(1);
      assertThat(metadata.getMax()).isEqualTo(4);

      List<Connection> held = new ArrayList<>();
      for (int i = 1; i <= 4; i++) {
        held.add(pool.getConnection());
        assertThat(metadata.getActive()).isEqualTo(i);
        assertThat(metadata.getUsage()).isEqualTo(i / 4f);
      }
      assertFigures(metadata, 4, 0);
      FutureTask<Boolean> waiter =
          new FutureTask<>(
              () -> {
                try (Connection connection = pool.getConnection()) {
                  return connection.isValid(1);
                }
              });
      new Thread(waiter).start();
      await("somebody to wait", () -> pool.snapshot().waiting() == 1);
      assertThat(metadata.getUsage()).as("who waits uses none").isEqualTo(1f);

      for (Connection each : held) {
        each.close();
      }
      assertThat(waiter.get()).isTrue();
      assertFigures(metadata, 0, 4);
    } finally {
      pool.close();
    }
    assertFigures(metadata, 0, 0);
  }

  @Test
  void boundsAreThoseThatAnOperatorHasSet() throws Exception {
    try (Pool pool = Everpool.open(config("resized").maxSize(20).build());
        Connection held = pool.getConnection()) {
      assertThat(held.isValid(1)).isTrue();
      DataSourcePoolMetadata metadata = new PoolMetadata(pool);
      PoolOperations.of(pool).resize(2, 10);

      await("the new bounds", () -> metadata.getMax() == 10);
      assertThat(metadata.getMin()).isEqualTo(2);
      assertThat(metadata.getUsage()).isEqualTo(0.1f);
    }
  }

  @Test
  void aSuspendedPoolHasNone() throws Exception {
    try (Pool pool = Everpool.open(config("metadata-suspended").build())) {
      DataSourcePoolMetadata metadata = new PoolMetadata(pool);
      PoolOperations.of(pool).suspend();

      await("its connections to be gone", () -> pool.snapshot().total() == 0);
      assertFigures(metadata, 0, 0);
      assertThat(metadata.getMax()).isEqualTo(4);
    }
  }

  /** As with all other metrics: it is nobody's, and there. */
  @Test
  void oneThatIsExaminedIsIdle() throws Exception {
    CountDownLatch mayAnswer = new CountDownLatch(1);
    AtomicBoolean examined = new AtomicBoolean();
    PoolConfig config =
        config("examined")
            .healthCheck(HealthCheck.QUERY)
            .healthCheckInterval(Duration.ofMillis(200))
            .validationTimeout(Duration.ofSeconds(60))
            .build();
    DataSource source =
        h2(
            () -> {
              examined.set(true);
              mayAnswer.await(60, TimeUnit.SECONDS);
            });
    try (Pool pool = Everpool.builder(config).dataSource(source).open()) {
      DataSourcePoolMetadata metadata = new PoolMetadata(pool);
      await("an examination", () -> examined.get() && pool.snapshot().probing() == 1);

      assertThat(pool.snapshot().idle()).isZero();
      assertFigures(metadata, 0, 1);
      mayAnswer.countDown();
    }
  }

  private interface Examination {
    void passes() throws InterruptedException;
  }

  /** Whose connections take their time when they are asked. */
  private static DataSource h2(Examination examination) {
    JdbcDataSource h2 = new JdbcDataSource();
    h2.setURL(Boot.h2("examined"));
    return proxy(
        DataSource.class,
        h2,
        () -> {},
        answer ->
            answer instanceof Connection bare
                ? proxy(Connection.class, bare, examination, any -> any)
                : answer);
  }

  private interface Wrapping {
    @Nullable Object of(@Nullable Object answer);
  }

  private static <T> T proxy(Class<T> type, T bare, Examination examination, Wrapping wrapping) {
    return type.cast(
        Proxy.newProxyInstance(
            PoolMetadataTest.class.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              if (method.getName().equals("isValid")) {
                examination.passes();
              }
              try {
                return wrapping.of(method.invoke(bare, arguments));
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  /** The driver's own way of asking is enough, for Spring Boot's health check as well. */
  @Test
  void thereIsNoQueryToAskBy() throws Exception {
    try (Pool pool = Everpool.open(config("asked").build())) {
      assertThat(new PoolMetadata(pool).getValidationQuery()).isNull();
    }
  }

  // ---- what connections begin with

  private static DataSourcePoolMetadata metadata(ApplicationContext context, DataSource of) {
    return requireNonNull(
        context
            .getBean("everpoolMetadataProvider", DataSourcePoolMetadataProvider.class)
            .getDataSourcePoolMetadata(of));
  }

  /** Spring Boot has Hibernate rely on it, as on HikariCP's word. */
  @ParameterizedTest
  @CsvSource({"'', true", "true, true", "false, false"})
  void autocommitIsAsConnectionsHaveIt(String said, boolean expected) {
    Boot.onH2("autocommit-" + expected)
        .withPropertyValues(
            said.isEmpty() ? "x=y" : "spring.datasource.hikari.auto-commit=" + said,
            "everpool.pools.other.url=" + Boot.h2("autocommit-other"))
        .run(
            context -> {
              for (String bean : List.of("dataSource", "other")) {
                DataSource pool = context.getBean(bean, DataSource.class);
                try (Connection connection = pool.getConnection()) {
                  assertThat(connection.getAutoCommit()).isEqualTo(expected);
                }
                assertThat(metadata(context, pool).getDefaultAutoCommit()).isEqualTo(expected);
              }
            });
  }

  /** Whatever the application says for HikariCP it has not asked of that one. */
  @Test
  void soItIsOfAPoolThatTheApplicationOpens() {
    PoolConfig config = config("autocommit-own").build();
    Boot.runner()
        .withPropertyValues("spring.datasource.hikari.auto-commit=false")
        .withBean("own", Pool.class, () -> open(config))
        .run(
            context -> {
              Pool pool = context.getBean("own", Pool.class);
              try (Connection connection = pool.getConnection()) {
                assertThat(connection.getAutoCommit()).isTrue();
              }
              assertThat(metadata(context, pool).getDefaultAutoCommit()).isTrue();
            });
  }

  private static Pool open(PoolConfig config) {
    try {
      return Everpool.open(config);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
