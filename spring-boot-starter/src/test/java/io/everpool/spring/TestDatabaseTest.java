package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.everpool.api.Pool;
import java.lang.reflect.Constructor;
import java.util.Map;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.container.ContainerImageMetadata;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.env.PropertySource;
import org.springframework.jdbc.datasource.SimpleDriverDataSource;

/** Whether a slice of Spring Boot's tests puts an embedded database in the place of a pool. */
@Tag("contract")
class TestDatabaseTest {
  private static final String REPLACE = "spring.test.database.replace=";

  /** As {@code @DataJpaTest} has it. */
  private static ApplicationContextRunner slice() {
    return Boot.runner()
        .withConfiguration(
            AutoConfigurations.of(
                Boot.either(
                    "org.springframework.boot.test.autoconfigure.jdbc.TestDatabaseAutoConfiguration",
                    "org.springframework.boot.jdbc.test.autoconfigure"
                        + ".TestDatabaseAutoConfiguration")));
  }

  /** As {@code @DynamicPropertySource} has them. */
  private static ApplicationContextRunner withDynamic(
      ApplicationContextRunner runner, String name, String value) {
    return runner.withInitializer(
        context ->
            context
                .getEnvironment()
                .getPropertySources()
                .addLast(dynamic(Map.of(name, () -> value))));
  }

  private static PropertySource<?> dynamic(Map<String, Supplier<Object>> values) {
    try {
      Constructor<?> made =
          Class.forName("org.springframework.test.context.support.DynamicValuesPropertySource")
              .getDeclaredConstructor(Map.class);
      made.setAccessible(true);
      return (PropertySource<?>) made.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void assertKept(ApplicationContextRunner runner) {
    runner.run(context -> assertThat(context).hasNotFailed().hasSingleBean(Pool.class));
  }

  private static void assertReplaced(ApplicationContextRunner runner) {
    runner.run(
        context ->
            assertThat(context)
                .hasNotFailed()
                .hasSingleBean(DataSource.class)
                .doesNotHaveBean(Pool.class));
  }

  /** It would be the application's own database that the test writes to. */
  @Test
  void whatTheApplicationsSettingsSayIsReplaced() {
    assertReplaced(
        slice().withPropertyValues("spring.datasource.url=" + Boot.h2("of-the-application")));
  }

  @Test
  void whereAContainerIsThePoolStays() {
    assertKept(
        Boot.withServiceConnection(
            slice(),
            Boot.h2("of-a-container"),
            "sa",
            "",
            definition -> new ContainerImageMetadata("postgres:17").addTo(definition)));
  }

  @Test
  void aServiceConnectionOfTheApplicationsOwnIsReplaced() {
    assertReplaced(Boot.withServiceConnection(slice(), Boot.h2("of-its-own"), "sa", ""));
  }

  /** It is what counts, whatever a property says beside it. */
  @Test
  void alsoBesideAPropertyOfTheTests() {
    assertReplaced(
        withDynamic(
            Boot.withServiceConnection(slice(), Boot.h2("which-counts"), "sa", ""),
            "everpool.url",
            Boot.h2("which-does-not")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"spring.datasource.url", "everpool.url"})
  void whatTheTestSaysStays(String name) {
    assertKept(withDynamic(slice(), name, Boot.h2("of-the-test")));
  }

  /** That of Everpool's own key would be used. */
  @Test
  void whatCountsMoreThanWhatTheTestSaysIsReplaced() {
    assertReplaced(
        withDynamic(
            slice().withPropertyValues("everpool.url=" + Boot.h2("counts-more")),
            "spring.datasource.url",
            Boot.h2("counts-less")));
  }

  @Test
  void theOnlyNamedPoolIsLikeTheMainOne() {
    assertKept(withDynamic(slice(), "everpool.pools.reports.url", Boot.h2("named-by-test")));
    assertReplaced(
        slice().withPropertyValues("everpool.pools.reports.url=" + Boot.h2("named-by-file")));
  }

  /** As where an application has marked one of its data sources as the primary one. */
  @ParameterizedTest
  @ValueSource(strings = {"any", "non_test"})
  void besideNamedPoolsTheMainOneIsReplaced(String replace) {
    slice()
        .withPropertyValues(
            REPLACE + replace,
            "spring.datasource.url=" + Boot.h2("main-of-several"),
            "everpool.pools.reports.url=" + Boot.h2("named-of-several"))
        .run(
            context -> {
              assertThat(context).hasNotFailed();
              assertThat(context.getBean(DataSource.class)).isNotInstanceOf(Pool.class);
              assertThat(context.getBean("reports")).isInstanceOf(Pool.class);
            });
  }

  @Test
  void besideNamedPoolsTheMainOneStaysWhereTheTestSaysSo() {
    withDynamic(
            slice().withPropertyValues("everpool.pools.reports.url=" + Boot.h2("named-beside")),
            "spring.datasource.url",
            Boot.h2("main-of-the-test"))
        .run(
            context ->
                assertThat(context.getBean(DataSource.class))
                    .isInstanceOfSatisfying(
                        Pool.class, pool -> assertThat(pool.name()).isEqualTo("everpool")));
  }

  @Test
  void theTestsWordCounts() {
    String url = "spring.datasource.url=" + Boot.h2("word");
    assertKept(slice().withPropertyValues(REPLACE + "none", url));
    assertReplaced(slice().withPropertyValues(REPLACE + "auto_configured", url));
    assertReplaced(
        withDynamic(
            slice().withPropertyValues(REPLACE + "any"),
            "spring.datasource.url",
            Boot.h2("any-word")));
  }

  /** It is no bean of ours to decide about. */
  @Test
  void aDataSourceOfTheApplicationsOwnIsReplacedAsEver() {
    assertReplaced(
        withDynamic(
            slice().withBean("own", DataSource.class, SimpleDriverDataSource::new),
            "spring.datasource.url",
            Boot.h2("own")));
  }
}
