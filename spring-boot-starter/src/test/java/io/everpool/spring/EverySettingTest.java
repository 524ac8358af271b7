package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.api.SleepMode;
import io.everpool.fakes.OtherValues;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Properties are the settings of the table, and what is wrong with them is said as elsewhere. */
@Tag("contract")
class EverySettingTest {

  static Stream<Setting<?>> settings() {
    return Block.leaves().stream();
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aPropertyOfItsNameSetsIt(Setting<?> setting) {
    Object value = OtherValues.of(setting);
    String name = "everpool." + setting.key();
    if (value instanceof Map) {
      name += ".ApplicationName";
    } else if (value instanceof List) {
      name += "[0]";
    }

    PoolConfig config =
        Settings.of("spring.datasource.url", Settings.URL, name, text(value)).main();

    assertThat(config.get(setting)).isEqualTo(value);
  }

  /** As SPRING_DATASOURCE_URL is a name of spring.datasource.url. */
  @ParameterizedTest
  @MethodSource("settings")
  void aVariableOfItsNameSetsItToo(Setting<?> setting) {
    Object value = OtherValues.of(setting);
    if (value instanceof Map || value instanceof List) {
      return; // variables know no case, and lists have numbers in theirs
    }
    String name = "EVERPOOL_" + setting.key().toUpperCase(Locale.ROOT).replaceAll("[.-]", "_");

    PoolConfig config =
        Settings.ofVariables("SPRING_DATASOURCE_URL", Settings.URL, name, text(value)).main();

    assertThat(config.get(setting)).isEqualTo(value);
  }

  private static String text(Object value) {
    if (value instanceof Map<?, ?> map) {
      return String.valueOf(map.values().iterator().next());
    }
    return OtherValues.text(value instanceof List<?> list ? list.get(0) : value);
  }

  /** What would be a placeholder may be a part of a password, and is nobody's to see. */
  @Test
  void whatCanNotBeResolvedStaysAsItIsWritten() {
    PoolConfig config =
        Settings.of(
                "spring.datasource.url", Settings.URL,
                "spring.datasource.username", "${user.of.this:app}",
                "spring.datasource.password", "pa${x}word")
            .main();

    assertThat(config.user()).isEqualTo("app");
    assertThat(config.password()).isEqualTo("pa${x}word");
    assertThatThrownBy(
            () ->
                Settings.of("everpool.url", Settings.URL, "everpool.max-size", "4${hunter2}")
                    .main())
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("everpool.max-size")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void aPlaceholderThatLeadsBackToItselfIsNotQuoted() {
    assertThatThrownBy(
            () ->
                Settings.of(
                        "spring.datasource.url",
                        Settings.URL,
                        "spring.datasource.password",
                        "hunter2${spring.datasource.password}")
                    .main())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("spring.datasource.password")
        .hasNoCause()
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void camelCaseIsTheSameName() {
    PoolConfig config =
        Settings.of("everpool.url", Settings.URL, "everpool.retry.maxAttempts", "9").main();

    assertThat(config.retry().maxAttempts()).isEqualTo(9);
  }

  @Test
  void springsOwnPropertiesSayWhereTheDatabaseIs() {
    PoolConfig config =
        Settings.of(
                "spring.datasource.url", Settings.URL,
                "spring.datasource.username", "app",
                "spring.datasource.password", "secret",
                "spring.datasource.name", "shop")
            .main();

    assertThat(config.url()).isEqualTo(Settings.URL);
    assertThat(config.user()).isEqualTo("app");
    assertThat(config.password()).isEqualTo("secret");
    assertThat(config.name()).isEqualTo("shop");
  }

  /** Spring Boot and HikariCP take any text as a name. */
  @ParameterizedTest
  @CsvSource({
    "my shop, my-shop",
    "shop/eu:1, shop-eu-1",
    "Läden, L-den",
    "' shop ', shop",
    "0123456789012345678901234567890123456789012345678901234567890123456789,"
        + " 0123456789012345678901234567890123456789012345678901234567890123"
  })
  void springsNameOfADataSourceMayBeAnyText(String text, String name) {
    for (String property :
        List.of("spring.datasource.name", "spring.datasource.hikari.pool-name")) {
      PoolConfig config = Settings.of("spring.datasource.url", Settings.URL, property, text).main();
      assertThat(config.name()).as(property).isEqualTo(name);
    }
  }

  @Test
  void everpoolsOwnCountMore() {
    PoolConfig config =
        Settings.of(
                "spring.datasource.url", Settings.URL,
                "spring.datasource.password", "secret",
                "everpool.url", "postgresql://other/shop",
                "everpool.password-file", "/run/secrets/db")
            .main();

    assertThat(config.url()).isEqualTo("postgresql://other/shop");
    assertThat(config.password()).isNull();
    assertThat(config.passwordFile()).isEqualTo("/run/secrets/db");
  }

  /** One reader with several hosts is one; several are numbered. */
  @Test
  void readersAreNumbered() {
    PoolConfig config =
        Settings.of(
                "everpool.url", Settings.URL,
                "everpool.readers[0]", "postgresql://a,b/shop",
                "everpool.readers[1]", "postgresql://c/shop")
            .main();

    assertThat(config.readers()).containsExactly("postgresql://a,b/shop", "postgresql://c/shop");
    assertThat(
            Settings.of("everpool.url", Settings.URL, "everpool.readers", "postgresql://a,b/shop")
                .main()
                .readers())
        .containsExactly("postgresql://a,b/shop");
  }

  @Test
  void driverPropertiesKeepTheirNames() {
    PoolConfig config =
        Settings.of(
                "everpool.url", Settings.URL,
                "everpool.properties.ApplicationName", "shop",
                "everpool.properties.some.dotted", "x")
            .main();

    assertThat(config.properties())
        .containsOnly(Map.entry("ApplicationName", "shop"), Map.entry("some.dotted", "x"));
  }

  /** All of them at once, each with the place and the nearest key. */
  @Test
  void whatIsWrongIsSaidAtOnce() {
    SpringSettings settings =
        Settings.of(
            "everpool.url", Settings.URL,
            "everpool.max-sise", "5",
            "everpool.min-size", "many",
            "everpool.acquire-timeout", "10",
            "everpool.retry.max-atempts", "2",
            "everpool.spring.helth-query", "true",
            "everpool.pools.orders.max-size", "0");

    assertThatThrownBy(settings::main)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("everpool.max-sise; did you mean max-size?")
        .hasMessageContaining("everpool.min-size is \"many\"; it must be a whole number")
        .hasMessageContaining("everpool.acquire-timeout is \"10\"; it must be a number with one of")
        .hasMessageContaining("retry.max-atempts; did you mean retry.max-attempts?")
        .hasMessageContaining("spring.helth-query")
        .hasMessageContaining("everpool.pools.orders.max-size is 0")
        .hasMessageContaining("shop.properties");
  }

  /** Variables belong to everybody: what isn't ours is no mistake. */
  @Test
  void anUnknownVariableIsNoMistake() {
    assertThat(
            Settings.ofVariables("EVERPOOL_URL", Settings.URL, "EVERPOOL_HOME", "/opt")
                .main()
                .url())
        .isEqualTo(Settings.URL);
  }

  @Test
  void aValueFromElsewhereIsNotShown() {
    SpringSettings settings =
        Settings.of("everpool.url", Settings.URL, "everpool.max-size", "${pin}", "pin", "hunter2");

    assertThatThrownBy(settings::main)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("everpool.max-size")
        .hasMessageNotContaining("hunter2");
    assertThatThrownBy(
            Settings.ofVariables("EVERPOOL_URL", Settings.URL, "EVERPOOL_MAX_SIZE", "hunter2")
                ::main)
        .hasMessageContaining("everpool.max-size")
        .hasMessageContaining("EVERPOOL_MAX_SIZE")
        .hasMessageNotContaining("hunter2");
  }

  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {"true ,true", "ON,true", "Yes,true", "1,true", "off,false", "NO ,false", ",false"})
  void theHealthQueryIsSaidInTheWordsOfSpring(@Nullable String written, boolean asks) {
    String value = written == null ? "" : written;
    StarterSettings settings =
        new StarterSettings(
            Settings.environment(
                "everpool.spring.health-query",
                value,
                "everpool.spring.metric-names",
                "HIKARI_CP "));

    assertThat(settings.asksForHealth()).isEqualTo(asks);
    assertThat(settings.namesAsHikari()).isTrue();
  }

  /** Variables are often written in capitals. */
  @Test
  void aVariableIsTrueOrFalseInAnyCase() {
    PoolConfig config =
        Settings.ofVariables(
                "EVERPOOL_URL", Settings.URL,
                "EVERPOOL_FAIL_FAST", "FALSE",
                "EVERPOOL_SIZE_ADVICE", "OFF",
                "EVERPOOL_SLEEP", "TRUE")
            .main();

    assertThat(config.failFast()).isFalse();
    assertThat(config.sizeAdvice()).isFalse();
    assertThat(config.sleep()).isEqualTo(SleepMode.ON);
  }

  /** Spring Boot's report of a failed start would have the value, out of its own exception. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "everpool.properties",
        "everpool.retry",
        "everpool.readers[0].url",
        "everpool.pools.orders",
        "everpool.pools.orders.properties",
        "everpool.pools.orders.retry",
        "everpool.pools.orders.readers[0].url",
        "spring.datasource.hikari.data-source-properties"
      })
  void aTextWhereABlockBelongsIsNotShown(String name) {
    for (String text : List.of("hunter2", "password=hunter2", "postgresql://app:hunter2@db/shop")) {
      SpringSettings settings =
          Settings.of("spring.datasource.url", Settings.URL, name, text, "everpool.min-size", "3");

      assertThatThrownBy(settings::main)
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasMessageContaining(name.replaceFirst("\\[.*", ""))
          .hasMessageNotContaining("hunter2")
          .hasNoCause();
    }
  }

  @Test
  void theStartersOwnSettingsAreChecked() {
    StarterSettings settings =
        new StarterSettings(
            Settings.environment(
                "everpool.spring.health-query", "TRUE",
                "everpool.spring.metric-names", "hikari"));

    assertThat(settings.asksForHealth()).isTrue();
    assertThatThrownBy(settings::namesAsHikari)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining(
            "everpool.spring.metric-names must be one of open-telemetry, hikari-cp");
  }

  @ParameterizedTest
  @CsvSource({
    "/actuator/pools, /actuator/pools",
    "/pools/, /pools",
    "pools, ''",
    "/, ''",
    "//pools, ''",
    "/pools/*, ''",
    "'', ''"
  })
  void thePathOfTheConsoleIsOne(String written, String path) {
    StarterSettings settings =
        new StarterSettings(Settings.environment("everpool.spring.console", written));

    if (path.isEmpty()) {
      assertThatThrownBy(settings::console)
          .isInstanceOf(InvalidPoolConfigException.class)
          .hasMessageContaining("everpool.spring.console must be a path, such as /actuator/pools");
    } else {
      assertThat(settings.console()).isEqualTo(path);
    }
  }

  @Test
  void itsHostsAreAList() {
    assertThat(
            new StarterSettings(
                    Settings.environment("everpool.spring.console-hosts", "a.example, b.example,"))
                .consoleHosts())
        .containsExactly("a.example", "b.example");
  }

  @Test
  void theReportOfAFailedStartHasAllOfIt() {
    Boot.onH2("wrong")
        .withPropertyValues("everpool.max-sise=5", "everpool.min-size=many")
        .run(
            context -> {
              var analysis = new SettingsFailureAnalyzer().analyze(context.getStartupFailure());
              assertThat(analysis).isNotNull();
              assertThat(analysis.getDescription())
                  .contains("everpool.max-sise")
                  .contains("everpool.min-size");
            });
  }
}
