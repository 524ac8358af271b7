package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.zaxxer.hikari.HikariDataSource;
import io.everpool.api.Pool;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.annotation.Configurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.core.env.Environment;

/**
 * Each auto-configuration comes behind those of Spring Boot whose beans its conditions look for,
 * and before those whose conditions look for its own. By their names alone ours come first; but an
 * application may have others, which bring forward what they come behind.
 */
@Tag("contract")
class AutoConfigurationOrderTest {
  private static final Class<?> MAIN = EverpoolAutoConfiguration.class;

  private static final Class<?> R2DBC =
      Boot.either(
          "org.springframework.boot.autoconfigure.r2dbc.R2dbcAutoConfiguration",
          "org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration");

  /** Whatever makes a bean that the main pool gives way to. */
  private static final List<Class<?>> GOES_FIRST =
      List.of(
          jdbc("JndiDataSourceAutoConfiguration"),
          jdbc("XADataSourceAutoConfiguration"),
          Boot.either(
              "org.springframework.boot.test.autoconfigure.jdbc.TestDatabaseAutoConfiguration",
              "org.springframework.boot.jdbc.test.autoconfigure.TestDatabaseAutoConfiguration"),
          R2DBC);

  private static final Class<?> OWN_METRICS =
      Boot.either(
          "org.springframework.boot.actuate.autoconfigure.metrics.jdbc"
              + ".DataSourcePoolMetricsAutoConfiguration",
          "org.springframework.boot.jdbc.autoconfigure.metrics"
              + ".DataSourcePoolMetricsAutoConfiguration");

  private static Class<?> jdbc(String name) {
    return Boot.either(
        "org.springframework.boot.autoconfigure.jdbc." + name,
        "org.springframework.boot.jdbc.autoconfigure." + name);
  }

  // ---- of somebody else, each behind one of them and by its name before all

  @AutoConfiguration(after = EverpoolAutoConfiguration.class)
  static class BehindMain {}

  @AutoConfiguration(
      afterName = {
        "org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration",
        "org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration"
      })
  static class BehindDataSource {}

  @AutoConfiguration(
      afterName = {
        "io.everpool.spring.Boot3HealthAutoConfiguration",
        "io.everpool.spring.Boot4HealthAutoConfiguration"
      })
  static class BehindHealth {}

  @AutoConfiguration(
      afterName = {
        "org.springframework.boot.actuate.autoconfigure.jdbc.DataSourceHealthContributorAutoConfiguration",
        "org.springframework.boot.jdbc.autoconfigure.health.DataSourceHealthContributorAutoConfiguration"
      })
  static class BehindOwnHealth {}

  @AutoConfiguration(
      afterName = {
        "org.springframework.boot.actuate.autoconfigure.metrics.jdbc.DataSourcePoolMetricsAutoConfiguration",
        "org.springframework.boot.jdbc.autoconfigure.metrics.DataSourcePoolMetricsAutoConfiguration"
      })
  static class BehindOwnMetrics {}

  static Stream<Arguments> pairs() {
    return Stream.concat(
        GOES_FIRST.stream()
            .flatMap(
                first ->
                    Stream.of(
                        arguments(first, MAIN, BehindMain.class),
                        arguments(first, Boot.HEALTH, BehindHealth.class))),
        Stream.of(
            arguments(MAIN, Boot.DATA_SOURCE, BehindDataSource.class),
            arguments(MAIN, Boot.HEALTH, BehindHealth.class),
            arguments(Boot.DATA_SOURCE, Boot.HEALTH, BehindHealth.class),
            arguments(Boot.HEALTH, Boot.OWN_HEALTH, BehindOwnHealth.class),
            arguments(PoolsAutoConfiguration.class, OWN_METRICS, BehindOwnMetrics.class)));
  }

  @ParameterizedTest
  @MethodSource("pairs")
  void whatIsLookedForIsThere(Class<?> first, Class<?> second, Class<?> stranger) {
    assertThat(sorted(stranger, second, first)).containsSubsequence(first, second, stranger);
  }

  private static List<Class<?>> sorted(Class<?>... all) {
    return Arrays.asList(Configurations.getClasses(AutoConfigurations.of(all)));
  }

  /** It is the application's main database, and would be told to be up while it is down. */
  @Test
  void healthTellsOfADataSourceOfAnotherKindBesideANamedPool() {
    Boot.onH2("another-kind")
        .withConfiguration(AutoConfigurations.of(Boot.HEALTH, Boot.OWN_HEALTH))
        .withPropertyValues(
            "spring.datasource.type=com.zaxxer.hikari.HikariDataSource",
            "everpool.pools.reports.url=" + Boot.h2("beside-another-kind"))
        .run(
            context -> {
              assertThat(context).hasSingleBean(HikariDataSource.class);
              assertThat(context).hasSingleBean(Pool.class);
              assertThat(Boot.health(context)).containsOnlyKeys("dataSource", "reports");
            });
  }

  /** The same without that other one is told by what the pools have seen. */
  @Test
  void healthOfPoolsIsTheirOwn() {
    Boot.onH2("two-pools")
        .withConfiguration(AutoConfigurations.of(Boot.HEALTH, Boot.OWN_HEALTH))
        .withPropertyValues("everpool.pools.reports.url=" + Boot.h2("second-pool"))
        .run(
            context -> {
              assertThat(Boot.health(context)).containsOnlyKeys("dataSource", "reports");
              assertThat(Boot.health(context).values()).allMatch(told -> told.contains("leased"));
            });
  }

  /** Of somebody else, behind all that looks for it. */
  @AutoConfiguration(
      afterName = {
        "org.springframework.boot.actuate.autoconfigure.jdbc.DataSourceHealthContributorAutoConfiguration",
        "org.springframework.boot.jdbc.autoconfigure.health.DataSourceHealthContributorAutoConfiguration"
      })
  static class Late {

    @Bean
    static JdbcDataSource late(Environment environment) {
      JdbcDataSource late = new JdbcDataSource();
      late.setURL(environment.getRequiredProperty("late.url"));
      return late;
    }
  }

  /** Nothing but a query tells of it. */
  @ParameterizedTest
  @CsvSource({"'', UP", "IFEXISTS=TRUE, DOWN"})
  void healthHasADataSourceThatWasMadeLater(String option, String status) {
    Boot.onH2("early")
        .withConfiguration(AutoConfigurations.of(Boot.HEALTH, Boot.OWN_HEALTH, Late.class))
        .withPropertyValues("late.url=jdbc:h2:mem:late;" + option)
        .run(
            context -> {
              Map<String, String> health = Boot.health(context);
              assertThat(health).containsOnlyKeys("dataSource", "late");
              assertThat(health.get("dataSource")).startsWith("UP").contains("leased");
              assertThat(health.get("late")).startsWith(status).contains("answer");
            });
  }

  record User(DataSource dataSource) {}

  /** It is as good as one of the context's own: whoever says no name means that one. */
  @Test
  void aDataSourceOfAContextAboveCountsToo() {
    try (HikariDataSource above = new HikariDataSource()) {
      above.setJdbcUrl(Boot.h2("above"));
      new ApplicationContextRunner()
          .withBean("above", DataSource.class, () -> above)
          .run(
              parent ->
                  Boot.runner()
                      .withParent(parent)
                      .withBean(User.class)
                      .withConfiguration(AutoConfigurations.of(Boot.HEALTH, Boot.OWN_HEALTH))
                      .withPropertyValues("everpool.pools.reports.url=" + Boot.h2("below"))
                      .run(
                          context -> {
                            assertThat(context.getBean(User.class).dataSource()).isSameAs(above);
                            assertThat(Boot.health(context)).containsOnlyKeys("above", "reports");
                          }));
    }
  }

  /** Contexts of one environment have the same pools by name, and the nearest is meant. */
  @Test
  void aPoolOfThatNameInAContextAboveIsNoOther() {
    String url = "everpool.pools.reports.url=" + Boot.h2("twice");
    Boot.runner()
        .withPropertyValues(url)
        .run(
            parent ->
                Boot.runner()
                    .withParent(parent)
                    .withBean(User.class)
                    .withPropertyValues(url)
                    .run(
                        context ->
                            assertThat(context.getBean(User.class).dataSource())
                                .isSameAs(context.getBean("reports"))
                                .isNotSameAs(parent.getBean("reports"))));
  }

  /** Spring Boot's would ask them, and keep a serverless database awake. */
  @Test
  void whereAllAboveArePoolsTooHealthAsksNobody() {
    Boot.onH2("main-above")
        .run(
            parent ->
                Boot.runner()
                    .withParent(parent)
                    .withConfiguration(AutoConfigurations.of(Boot.HEALTH, Boot.OWN_HEALTH))
                    .withPropertyValues("everpool.pools.reports.url=" + Boot.h2("pool-below"))
                    .run(
                        context ->
                            assertThat(Boot.health(context).values())
                                .isNotEmpty()
                                .allMatch(told -> told.contains("leased"))));
  }

  /** As Spring Boot makes no data source there. What has a name is asked for by it. */
  @Test
  void besideR2dbcThereIsNoMainPool(@TempDir Path root) throws IOException {
    Path services = Files.createDirectories(root.resolve("META-INF/services"));
    Files.createFile(services.resolve("io.r2dbc.spi.ConnectionFactoryProvider"));
    URL[] urls = {root.toUri().toURL()};
    try (URLClassLoader withDriver = new URLClassLoader(urls, getClass().getClassLoader())) {
      Boot.onH2("beside-r2dbc")
          .withConfiguration(AutoConfigurations.of(R2DBC))
          .withClassLoader(withDriver)
          .withInitializer( // there is no driver, and so nothing that could be made
              context ->
                  context.addBeanFactoryPostProcessor(
                      new LazyInitializationBeanFactoryPostProcessor()))
          .withPropertyValues(
              "spring.r2dbc.url=r2dbc:none://localhost/reactive",
              "everpool.pools.reports.url=" + Boot.h2("named-beside-r2dbc"))
          .run(
              context -> {
                assertThat(context.containsBean("connectionFactory")).isTrue();
                assertThat(context.getBeanNamesForType(DataSource.class))
                    .containsExactly("reports");
              });
    }
  }
}
