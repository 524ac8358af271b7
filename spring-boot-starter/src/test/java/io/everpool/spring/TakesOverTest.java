package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.everpool.api.Pool;
import java.sql.Connection;
import java.util.Map;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadata;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadataProvider;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

/**
 * When the application's data source is an Everpool. HikariCP is on the class path all the time.
 */
@Tag("contract")
class TakesOverTest {

  @Test
  void theUrlIsEnough() {
    Boot.onH2("enough")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              assertThat(context.getBean(DataSource.class)).isSameAs(pool);
              assertThat(context.getBean("dataSource")).isSameAs(pool);
              assertThat(pool.config().url()).startsWith("jdbc:h2:mem:enough");
              try (Connection connection = pool.getConnection()) {
                assertThat(connection.getMetaData().getURL()).contains("enough");
              }
            });
  }

  @Test
  void whoAsksForAnotherTypeGetsIt() {
    Boot.onH2("type")
        .withPropertyValues("spring.datasource.type=com.zaxxer.hikari.HikariDataSource")
        .run(
            context -> {
              assertThat(context).hasSingleBean(HikariDataSource.class);
              assertThat(context).doesNotHaveBean(Pool.class);
            });
  }

  /** It is another database's, and would be migrated in place of the main one. */
  @Test
  void alsoBesideANamedPool() {
    Boot.onH2("type")
        .withPropertyValues(
            "spring.datasource.type=com.zaxxer.hikari.HikariDataSource",
            "everpool.pools.reports.url=" + Boot.h2("beside"))
        .run(
            context -> {
              assertThat(context).hasSingleBean(HikariDataSource.class);
              assertThat(context.getBean(DataSource.class)).isInstanceOf(HikariDataSource.class);
              assertThat(context.getBean("reports", Pool.class).config().url())
                  .isEqualTo(Boot.h2("beside"));
            });
  }

  /** Spring Boot's own bean says no more than spring.datasource.*, and that is the other's. */
  @Test
  void aNamedPoolBesideAnotherKindHasItsOwnUser() {
    Boot.onH2("type")
        .withPropertyValues(
            "spring.datasource.type=com.zaxxer.hikari.HikariDataSource",
            "spring.datasource.username=main",
            "spring.datasource.password=hunter2",
            "everpool.url=" + Boot.h2("ever"),
            "everpool.user=reporter",
            "everpool.password=other",
            "everpool.readers[0]=" + Boot.h2("ever-replica"),
            "everpool.pools.reports.min-size=1")
        .run(
            context -> {
              Pool reports = context.getBean("reports", Pool.class);
              assertThat(reports.config().url()).isEqualTo(Boot.h2("ever"));
              assertThat(reports.config().user()).isEqualTo("reporter");
              assertThat(reports.config().password()).isEqualTo("other");
              assertThat(reports.config().readers()).containsExactly(Boot.h2("ever-replica"));
            });
  }

  @Test
  void whereTheUrlOfANamedPoolIsMissingAllIsNamedThatMaySayIt() {
    Boot.runner()
        .withPropertyValues("everpool.pools.reports.min-size=1")
        .run(
            context ->
                assertThat(context)
                    .getFailure()
                    .rootCause()
                    .hasMessageContaining(
                        "everpool.pools.reports.url is missing; set it,"
                            + " spring.datasource.url, or NEON_DB_URL in the environment"));
  }

  @Test
  void everpoolCanBeAskedForByItsType() {
    Boot.onH2("asked")
        .withPropertyValues("spring.datasource.type=io.everpool.api.Pool")
        .run(context -> assertThat(context).hasSingleBean(Pool.class));
  }

  @Test
  void aDataSourceOfTheApplicationsOwnWins() {
    Boot.onH2("own")
        .withBean(JdbcDataSource.class)
        .run(
            context -> {
              assertThat(context).hasSingleBean(DataSource.class);
              assertThat(context).hasSingleBean(JdbcDataSource.class);
            });
  }

  @Test
  void withoutAUrlSpringBootDoesWhatItDoes() {
    Boot.runner()
        .run(
            context -> {
              assertThat(context).hasSingleBean(DataSource.class); // an embedded database
              assertThat(context).doesNotHaveBean(Pool.class);
            });
  }

  @Test
  void theUrlOfNeonIsEnoughToo() {
    Boot.runner()
        .withPropertyValues("NEON_DB_URL=" + Boot.h2("neon"))
        .run(context -> assertThat(context).hasSingleBean(Pool.class));
  }

  /** Tests have the URL of the real database in their properties, and must not go there. */
  @Test
  void aServiceConnectionCountsMoreThanAnyProperty() {
    Boot.withServiceConnection(Boot.onH2("property"), Boot.h2("container"), "sa", "")
        .withPropertyValues(
            "everpool.url=" + Boot.h2("everpool"),
            "everpool.user=somebody",
            "everpool.password-file=/run/secrets/none",
            "everpool.readers[0]=" + Boot.h2("replica"),
            "spring.datasource.hikari.jdbc-url=" + Boot.h2("hikari"))
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              assertThat(pool.config().url()).isEqualTo(Boot.h2("container"));
              assertThat(pool.config().user()).isEqualTo("sa");
              assertThat(pool.config().passwordFile()).isNull();
              assertThat(pool.config().readers()).isEmpty();
            });
  }

  @Test
  void aServiceConnectionIsEnough() {
    Boot.withServiceConnection(Boot.runner(), Boot.h2("only"), "sa", "")
        .run(
            context ->
                assertThat(context.getBean(Pool.class).config().url()).isEqualTo(Boot.h2("only")));
  }

  /** The replicas of the main database are none of another one. */
  @Test
  void readersComeWithTheUrlAndCanBeTakenBack() {
    Boot.onH2("replicated")
        .withPropertyValues(
            "everpool.readers[0]=" + Boot.h2("a-replica"),
            "everpool.pools.reports.url=" + Boot.h2("of-another"),
            "everpool.pools.orders.min-size=1",
            "everpool.pools.writes.readers=")
        .run(
            context -> {
              assertThat(context.getBean(Pool.class).config().readers()).hasSize(1);
              assertThat(context.getBean("orders", Pool.class).config().readers()).hasSize(1);
              assertThat(context.getBean("reports", Pool.class).config().readers()).isEmpty();
              assertThat(context.getBean("writes", Pool.class).config().readers()).isEmpty();
            });
  }

  /** As everything: an empty list further down takes nothing back. */
  @Test
  void anEmptyListOfReadersCountsWhereItStands() {
    Boot.onH2("layered")
        .withInitializer(
            context ->
                context
                    .getEnvironment()
                    .getPropertySources()
                    .addLast(new MapPropertySource("base", Map.of("everpool.readers", ""))))
        .withPropertyValues("everpool.readers[0]=" + Boot.h2("upper-replica"))
        .run(
            context ->
                assertThat(context.getBean(Pool.class).config().readers())
                    .containsExactly(Boot.h2("upper-replica")));
  }

  /** Who says no name means the main pool; the others have theirs. */
  @Test
  void severalPoolsFallBackToTheMainOne() {
    Boot.onH2("several")
        .withPropertyValues(
            "everpool.max-size=7",
            "everpool.pools.orders.max-size=3",
            "everpool.pools.shopReports.url=" + Boot.h2("reports"))
        .run(
            context -> {
              assertThat(context.getBean(DataSource.class)).isSameAs(context.getBean("dataSource"));
              Pool orders = context.getBean("orders", Pool.class);
              assertThat(orders.name()).isEqualTo("orders");
              assertThat(orders.config().url()).isEqualTo(Boot.h2("several"));
              assertThat(orders.config().maxSize()).isEqualTo(3);
              Pool reports = context.getBean("shopReports", Pool.class);
              assertThat(reports.config().url()).isEqualTo(Boot.h2("reports"));
              assertThat(reports.config().maxSize()).isEqualTo(7);
            });
  }

  @Test
  void aNamedPoolMayBeTheOnlyOne() {
    Boot.runner()
        .withPropertyValues("everpool.pools.orders.url=" + Boot.h2("orders"))
        .run(
            context ->
                assertThat(context.getBean(DataSource.class)).isSameAs(context.getBean("orders")));
  }

  private static ApplicationContextRunner withVariables(
      ApplicationContextRunner runner, String... variables) {
    return runner.withInitializer(
        context ->
            context
                .getEnvironment()
                .getPropertySources()
                .replace(
                    StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                    Settings.variables(variables)));
  }

  /** As containers have it: there is no file to name the pool in. */
  @Test
  void variablesAloneMakeAPool() {
    withVariables(
            Boot.onH2("with-variables"),
            "EVERPOOL_MAX_SIZE",
            "7",
            "EVERPOOL_POOLS_REPORTS_URL",
            Boot.h2("of-variables"),
            "EVERPOOL_POOLS_REPORTS_MIN_SIZE",
            "1")
        .run(
            context -> {
              Pool reports = context.getBean("reports", Pool.class);
              assertThat(reports.config().url()).isEqualTo(Boot.h2("of-variables"));
              assertThat(reports.config().minSize()).isEqualTo(1);
              assertThat(reports.config().maxSize()).isEqualTo(7);
              assertThat(context.getBean(DataSource.class)).isSameAs(context.getBean("dataSource"));
            });
  }

  /** Any setting names it, in either spelling. */
  @ParameterizedTest
  @CsvSource({
    "EVERPOOL_POOLS_REPORTS_MAX_SIZE, 3",
    "EVERPOOL_POOLS_REPORTS_MAXSIZE, 3",
    "EVERPOOL_POOLS_REPORTS_READERS, ''",
    "EVERPOOL_POOLS_REPORTS_READERS_0, jdbc:h2:mem:variable-replica;DB_CLOSE_DELAY=-1",
    "EVERPOOL_POOLS_REPORTS_RETRY_MAX_ATTEMPTS, 2",
    "EVERPOOL_POOLS_REPORTS_PROPERTIES_TRACE_LEVEL_FILE, 0"
  })
  void oneSettingIsEnough(String variable, String value) {
    withVariables(Boot.onH2("one-variable"), variable, value)
        .run(context -> assertThat(context).hasBean("reports"));
  }

  /** Each is where the file says, and there is no second one beside it. */
  @Test
  void variablesOfAPoolThatAFileNamesAreItsOwn() throws Exception {
    String logged =
        Boot.logged(
            () ->
                withVariables(
                        Boot.onH2("with-both")
                            .withPropertyValues(
                                "everpool.pools.shop-reports.min-size=0",
                                "everpool.pools.shopOrders.min-size=0"),
                        "EVERPOOL_POOLS_SHOP_REPORTS_MAX_SIZE",
                        "3",
                        "EVERPOOL_POOLS_SHOPORDERS_MAX_SIZE",
                        "4")
                    .run(
                        context -> {
                          assertThat(context.getBeanNamesForType(Pool.class))
                              .containsExactlyInAnyOrder(
                                  "dataSource", "shop-reports", "shopOrders");
                          assertThat(maxSize(context.getBean("shop-reports"))).isEqualTo(3);
                          assertThat(maxSize(context.getBean("shopOrders"))).isEqualTo(4);
                        }));
    assertThat(logged).doesNotContain("Sets nothing");
  }

  private static int maxSize(Object pool) {
    return ((Pool) pool).config().maxSize();
  }

  /** Where the name ends nobody knows, and what nobody takes should be told. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "EVERPOOL_POOLS_SHOP_REPORTS_URL",
        "EVERPOOL_POOLS_REPORTS_MAX_SISE",
        "EVERPOOL_POOLS_REPORTS",
        "EVERPOOL_POOLS_2_URL"
      })
  void aVariableThatMakesNoPoolIsTold(String variable) throws Exception {
    String logged =
        Boot.logged(
            () ->
                withVariables(Boot.onH2("no-pool"), variable, "hunter2")
                    .run(context -> assertThat(context).hasSingleBean(Pool.class)));

    assertThat(logged)
        .containsOnlyOnce("Sets nothing: ")
        .contains(variable)
        .doesNotContain("hunter2");
  }

  @Test
  void springBootsOwnMetricsSeeThePool() {
    Boot.onH2("metadata")
        .withPropertyValues("everpool.max-size=5", "everpool.min-size=1")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              try (Connection held = pool.getConnection()) {
                assertThat(held.isClosed()).isFalse();
                DataSourcePoolMetadata metadata =
                    context
                        .getBean("everpoolMetadataProvider", DataSourcePoolMetadataProvider.class)
                        .getDataSourcePoolMetadata(pool);
                assertThat(metadata.getActive()).isEqualTo(1);
                assertThat(metadata.getIdle()).isEqualTo(pool.snapshot().idle());
                assertThat(metadata.getMax()).isEqualTo(5);
                assertThat(metadata.getMin()).isEqualTo(1);
                assertThat(metadata.getUsage()).isEqualTo(0.2f);
                assertThat(metadata.getDefaultAutoCommit()).isTrue();
                assertThat(metadata.getValidationQuery()).isNull();
              }
            });
  }

  /** It comes with Actuator, which not everybody has. */
  @Test
  void micrometerNeedNotBeThere() {
    Boot.onH2("nometrics")
        .withClassLoader(new FilteredClassLoader("io.micrometer"))
        .run(
            context -> {
              assertThat(context).hasSingleBean(Pool.class);
              assertThat(context).doesNotHaveBean("everpoolMetrics");
            });
  }

  @Test
  void othersAreNoPools() {
    assertThat(PoolBeans.in(new JdbcDataSource())).isNull();
  }
}
