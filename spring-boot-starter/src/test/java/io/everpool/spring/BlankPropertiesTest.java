package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;

/**
 * What is blank says nothing, as with Spring Boot's own pools: a null of YAML arrives so, and
 * {@code ${DB_USER:}} where there is no such variable.
 */
@Tag("contract")
class BlankPropertiesTest {

  /** Texts that nobody has to say. */
  static Stream<Setting<?>> optionalTexts() {
    return Block.leaves().stream()
        .filter(setting -> setting.type() == String.class && setting.defaultValue() == null)
        .filter(setting -> !setting.key().equals("url"));
  }

  @ParameterizedTest
  @MethodSource("optionalTexts")
  void ofOursItIsNone(Setting<?> setting) {
    for (String blank : new String[] {"", "  ", "${NO_SUCH_VARIABLE:}"}) {
      PoolConfig config =
          Settings.of("everpool.url", Settings.URL, "everpool." + setting.key(), blank).main();

      assertThat(config.get(setting)).as("of \"%s\"", blank).isNull();
    }
  }

  @ParameterizedTest
  @MethodSource("optionalTexts")
  void inANamedPoolItTakesBackWhatTheMainOneHas(Setting<?> setting) {
    SpringSettings settings =
        Settings.of(
            "everpool.url",
            Settings.URL,
            "everpool." + setting.key(),
            "written",
            "everpool.pools.orders." + setting.key(),
            "");

    assertThat(settings.main().get(setting)).isEqualTo("written");
    assertThat(settings.named("orders").get(setting)).isNull();
  }

  @Test
  void aNamedPoolReadsItsPasswordFromAFileThoughTheMainOneHasAPassword() {
    PoolConfig orders =
        Settings.of(
                "spring.datasource.url", Settings.URL,
                "spring.datasource.password", "secret",
                "everpool.pools.orders.password", "",
                "everpool.pools.orders.password-file", "/run/secrets/orders")
            .named("orders");

    assertThat(orders.password()).isNull();
    assertThat(orders.passwordFile()).isEqualTo("/run/secrets/orders");
  }

  /** Blocks and lists, too. */
  @Test
  void soItDoesWithTheDriversPropertiesAndTheReaders() {
    SpringSettings settings =
        Settings.of(
            "everpool.url", Settings.URL,
            "everpool.properties.options", "-c app.key=x",
            "everpool.readers[0]", "jdbc:postgresql://reader/shop",
            "everpool.pools.orders.properties", "",
            "everpool.pools.orders.readers", "",
            "spring.datasource.hikari.data-source-properties", "");

    assertThat(settings.main().properties()).containsOnlyKeys("options");
    assertThat(settings.main().readers()).hasSize(1);
    assertThat(settings.named("orders").properties()).isEmpty();
    assertThat(settings.named("orders").readers()).isEmpty();
    assertThat(
            Settings.of(
                    "everpool.url", Settings.URL,
                    "everpool.properties", "",
                    "spring.datasource.hikari.data-source-properties.ApplicationName", "shop")
                .main()
                .properties())
        .containsOnlyKeys("ApplicationName");
  }

  /** Or the user of the URL would be overruled by nobody. */
  @ParameterizedTest
  @CsvSource({
    "spring.datasource.username, user",
    "spring.datasource.password, password",
    "spring.datasource.hikari.username, user",
    "spring.datasource.hikari.password, password",
    "spring.datasource.hikari.connection-init-sql, connection-init-sql"
  })
  void ofSpringsAndHikariCpsItIsNone(String name, String key) {
    for (String blank : new String[] {"", " "}) {
      PoolConfig config = Settings.of("spring.datasource.url", Settings.URL, name, blank).main();

      assertThat(value(config, key)).isNull();
    }
  }

  private static @Nullable Object value(PoolConfig config, String key) {
    Setting<?> setting =
        Block.leaves().stream().filter(each -> each.key().equals(key)).findFirst().orElseThrow();
    return config.get(setting);
  }

  @ParameterizedTest
  @CsvSource({
    "spring.datasource.name, ''",
    "spring.datasource.hikari.pool-name, ''",
    "spring.datasource.hikari.maximum-pool-size, ''",
    "spring.datasource.hikari.connection-timeout, ' '",
    "spring.datasource.hikari.keepalive-time, ''",
    "spring.datasource.hikari.initialization-fail-timeout, ''",
    "spring.datasource.hikari.auto-commit, ''",
    "spring.datasource.hikari.transaction-isolation, ''",
    "spring.datasource.hikari.schema, ''",
    "spring.datasource.hikari.catalog, ' '"
  })
  void whatElseTheyLeaveBlankStaysAsItIs(String name, String blank) {
    SpringSettings settings = Settings.of("spring.datasource.url", Settings.URL, name, blank);

    assertThat(settings.main()).isEqualTo(PoolConfig.builder(Settings.URL).build());
    assertThat(settings.session().isPlain()).isTrue();
  }

  /** The next who says it counts. */
  @ParameterizedTest
  @CsvSource({
    "everpool.user, spring.datasource.hikari.username, user",
    "everpool.user, spring.datasource.username, user",
    "spring.datasource.hikari.username, spring.datasource.username, user",
    "everpool.password, spring.datasource.hikari.password, password",
    "everpool.password, spring.datasource.password, password",
    "spring.datasource.hikari.password, spring.datasource.password, password",
    "everpool.password-file, spring.datasource.password, password",
    "everpool.password-env, spring.datasource.password, password",
    "everpool.url, spring.datasource.hikari.jdbc-url, url",
    "everpool.url, spring.datasource.url, url",
    "everpool.url, neon-db-url, url",
    "spring.datasource.hikari.jdbc-url, spring.datasource.url, url",
    "everpool.connection-init-sql, spring.datasource.hikari.connection-init-sql,"
        + " connection-init-sql"
  })
  void itHidesNobodyElse(String blank, String next, String key) {
    String value = key.equals("url") ? "jdbc:postgresql://other/shop" : "said";
    PoolConfig config =
        key.equals("url")
            ? Settings.of(blank, "", next, value).main()
            : Settings.of("neon-db-url", Settings.URL, blank, "", next, value).main();

    assertThat(value(config, key)).isEqualTo(value);
  }

  /** Somebody meant to have a pool. */
  @Test
  void aBlankUrlOfOursIsToldToBeMissing() {
    assertThat(
            SpringSettings.nameADatabase(
                Settings.environment("everpool.url", ""), new DefaultListableBeanFactory()))
        .isTrue();
    assertThatThrownBy(Settings.of("everpool.url", "")::main)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("everpool.url is missing; set it");
  }
}
