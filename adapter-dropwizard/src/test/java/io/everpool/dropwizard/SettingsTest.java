package io.everpool.dropwizard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.dropwizard.configuration.ConfigurationException;
import io.dropwizard.configuration.YamlConfigurationFactory;
import io.dropwizard.jackson.Jackson;
import io.dropwizard.jersey.validation.Validators;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.dropwizard.shop.ShopConfiguration;
import io.everpool.fakes.OtherValues;
import jakarta.validation.Validator;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The YAML's keys are the settings of the table, and what is wrong with them is told at once. */
class SettingsTest {
  private static final Validator VALIDATOR = Validators.newValidator();
  private static final ObjectMapper MAPPER = Jackson.newObjectMapper();
  private static final String OVERRIDES = "settings-test";
  private static final String URL = "postgresql://app:s3cret@db.example.com/shop";

  static Stream<Setting<?>> settings() {
    List<Setting<?>> leaves = new ArrayList<>();
    for (Setting<?> setting : PoolConfig.settings()) {
      leaves.addAll(setting.parts().isEmpty() ? List.of(setting) : setting.parts());
    }
    return leaves.stream();
  }

  @ParameterizedTest
  @MethodSource("settings")
  void aKeyOfItsNameSetsIt(Setting<?> setting) throws Exception {
    for (String key : List.of(setting.key(), camel(setting.key()))) {
      Object value = OtherValues.of(setting);

      PoolConfig config = read(yaml(key, value)).config();

      assertThat(config.get(setting)).as(key).isEqualTo(value);
    }
  }

  /** {@code retry.max-attempts} as {@code retry.maxAttempts}. */
  private static String camel(String key) {
    return Stream.of(key.split("\\.", -1))
        .map(Names::camel)
        .reduce((outer, inner) -> outer + "." + inner)
        .orElseThrow();
  }

  private static String yaml(String key, Object value) {
    String said = key.equals("url") ? "" : "url: " + URL + "\n  ";
    String text =
        value instanceof Duration duration
            ? duration.toMillis() + " milliseconds"
            : value instanceof Map<?, ?> map
                ? "{ ApplicationName: " + map.get("ApplicationName") + " }"
                : value instanceof List<?> list
                    ? "[\"" + list.get(0) + "\"]"
                    : OtherValues.text(value);
    String[] path = key.split("\\.", -1);
    return said
        + (path.length == 1 ? key + ": " + text : path[0] + ": { " + path[1] + ": " + text + " }");
  }

  private static EverpoolDataSourceFactory read(String block) throws Exception {
    return new YamlConfigurationFactory<>(ShopConfiguration.class, VALIDATOR, MAPPER, OVERRIDES)
        .build(
            file ->
                new ByteArrayInputStream(
                    ("database:\n  " + block).getBytes(StandardCharsets.UTF_8)),
            "shop.yml")
        .getDatabase();
  }

  /** By the {@code check} command, and before anything starts. */
  @Test
  void whatIsWrongIsSaidAtOnceWhenTheConfigurationIsRead() {
    assertThatThrownBy(
            () ->
                read(
                    """
                    url: postgresql://app:s3cret@db.example.com/shop
                      password: s3cret
                      max-sise: 5
                      maxWaitForConection: 5s
                      minSize: many
                      maxSize: 0
                      max-size: 7
                      idle-timeout: 10
                      evictionInterval: soon
                      commitOnReturn: true
                      readOnlyByDefault: maybe
                      defaultTransactionIsolation: NONE
                      pools: { orders: { maxSize: 1 } }
                      retry: { maxAtempts: 2 }
                      readers: postgresql://a/shop
                    """))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("at: database;")
        .hasMessageContaining("unknown key max-sise; did you mean max-size?\n")
        .hasMessageContaining("unknown key maxWaitForConection; did you mean maxWaitForConnection?")
        .hasMessageContaining("min-size is \"many\"; it must be a whole number")
        .hasMessageContaining("maxSize and max-size are one setting")
        .hasMessageContaining("max-size is 0")
        .hasMessageContaining("idle-timeout is \"10\"; it must be a number with one of the units")
        .hasMessageContaining("health-check-interval is \"soon\"")
        .hasMessageContaining("(evictionInterval)")
        .hasMessageContaining("commitOnReturn must not be true")
        .hasMessageContaining("readOnlyByDefault must be true or false")
        .hasMessageContaining("defaultTransactionIsolation must be one of")
        .hasMessageContaining("pools can't be set here")
        .hasMessageContaining("retry.maxAtempts; did you mean retry.max-attempts?")
        .hasMessageContaining("readers is a string")
        .hasMessageNotContaining("everpool.max")
        .hasMessageNotContaining("s3cret");
  }

  @Test
  void aBlockWithoutAUrlIsRefused() {
    assertThatThrownBy(() -> read("user: app"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("url");
  }

  @Test
  void aKeyWithoutAValueIsNoSetting() throws Exception {
    EverpoolDataSourceFactory factory =
        read("url: " + URL + "\n  password:\n  validationQuery:\n  initializationQuery:");

    assertThat(factory.config().connectionInitSql()).isNull();
    assertThat(factory.getValidationQuery()).isEmpty();
  }

  /** As of a variable that is there and empty: the user of the URL isn't overruled by it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "user",
        "password",
        "password-file",
        "passwordEnv",
        "connectionInitSql",
        "initializationQuery",
        "maxWaitForConnection",
        "autoCommitByDefault",
        "defaultTransactionIsolation",
        "validationQuery",
        "driverClass"
      })
  void aBlankTextIsNone(String key) throws Exception {
    for (String blank : List.of("", " ")) {
      EverpoolDataSourceFactory factory = read("url: " + URL + "\n  " + key + ": '" + blank + "'");

      assertThat(factory.config()).isEqualTo(PoolConfig.builder(URL).build());
      assertThat(factory.getValidationQuery()).isEmpty();
      assertThat(factory.getDriverClass()).isNull();
    }
  }

  /** Before the key of the URL comes to be known, a text is what people write there. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "postgresql://app:s3cret@db.example.com/shop",
        "jdbc:postgresql://db.example.com/shop?password=s3cret",
        "'user=app password=s3cret'",
        "''",
        "[postgresql://app:s3cret@db.example.com/shop]",
        "[url, {password: s3cret}]",
        "31.4159",
        "314159",
        "true"
      })
  void whatIsNoBlockIsRefusedWithoutBeingShown(String text) {
    assertThatThrownBy(
            () ->
                new YamlConfigurationFactory<>(
                        ShopConfiguration.class, VALIDATOR, MAPPER, OVERRIDES)
                    .build(
                        file ->
                            new ByteArrayInputStream(
                                ("database: " + text).getBytes(StandardCharsets.UTF_8)),
                        "shop.yml"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("at: database;")
        .hasMessageContaining("a block is wanted here")
        .satisfies(
            failure -> {
              StringWriter shown = new StringWriter();
              failure.printStackTrace(new PrintWriter(shown));
              assertThat(shown.toString()).doesNotContain("s3cret").doesNotContain("4159");
            });
  }

  /** Nor is what stands where a block within it belongs, or a block where a text does. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "retry: s3cret",
        "retry: [s3cret]",
        "properties: password=s3cret",
        "properties: [password, s3cret]",
        "password: {of: s3cret}",
        "password: [s3cret]",
        "maxSize: {of: s3cret}",
        "maxWaitForConnection: {of: s3cret}",
        "maxWaitForConnection: [s3cret]",
        "autoCommitByDefault: {of: s3cret}",
        "ignoreExceptionOnPreLoad: [s3cret]"
      })
  void whatHasTheWrongShapeIsRefusedWithoutBeingShown(String line) {
    assertThatThrownBy(() -> read("url: " + URL + "\n  " + line))
        .isInstanceOf(ConfigurationException.class)
        .satisfies(
            failure -> {
              StringWriter shown = new StringWriter();
              failure.printStackTrace(new PrintWriter(shown));
              assertThat(shown.toString()).doesNotContain("s3cret");
            });
  }

  @Test
  void aNameWithoutAValueIsRefused() {
    assertThatThrownBy(() -> read("url: " + URL + "\n  name:"))
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("name is null; leave it out to have its default");
  }

  @Test
  void whatOverridesTheYamlIsWrittenAsItIsThere() throws Exception {
    String override = OVERRIDES + ".database.maxSize";
    System.setProperty(override, "9");
    try {
      assertThat(read("url: " + URL + "\n  maxSize: 4").config().maxSize()).isEqualTo(9);
      assertThatThrownBy(() -> read("url: " + URL + "\n  max-size: 4"))
          .hasMessageContaining("max-size and maxSize are one setting: leave one of them out");
    } finally {
      System.clearProperty(override);
    }
  }

  @Test
  void minutesAreWhatDropwizardCallsThem() throws Exception {
    for (String five : List.of("5m", "5 min", "5 mins", "5 minutes", "300 seconds")) {
      assertThat(read("url: " + URL + "\n  maxConnectionAge: " + five).config().maxLifetime())
          .as(five)
          .isEqualTo(Duration.ofMinutes(5));
    }
  }

  @Test
  void hibernatesPropertiesAreForHibernateAlone() throws Exception {
    EverpoolDataSourceFactory factory =
        read(
            "url: "
                + URL
                + "\n  properties:\n    charSet: UTF-8\n    hibernate.hbm2ddl.auto: validate"
                + "\n    loginTimeout: 5");

    assertThat(factory.getProperties())
        .containsOnly(
            Map.entry("charSet", "UTF-8"),
            Map.entry("hibernate.hbm2ddl.auto", "validate"),
            Map.entry("loginTimeout", "5"));
    assertThat(factory.config().properties()).containsOnlyKeys("charSet", "loginTimeout");
  }

  @Test
  void whatTheBundlesAskIsAnswered() throws Exception {
    EverpoolDataSourceFactory silent = read("url: " + URL);
    assertThat(silent.isAutoCommentsEnabled()).isTrue();
    assertThat(silent.getDriverClass()).isNull();
    assertThat(silent.getProperties()).isEmpty();
    assertThat(silent.getUrl()).isEqualTo(URL);
    assertThat(silent.getValidationQuery()).isEmpty();
    assertThat(silent.getValidationQueryTimeout().orElseThrow().toSeconds()).isEqualTo(5);

    EverpoolDataSourceFactory asked =
        read(
            "url: "
                + URL
                + "\n  autoCommentsEnabled: false\n  driverClass: org.postgresql.Driver"
                + "\n  validationQuery: select 2\n  validationQueryTimeout: 3s");
    assertThat(asked.isAutoCommentsEnabled()).isFalse();
    assertThat(asked.getDriverClass()).isEqualTo("org.postgresql.Driver");
    assertThat(asked.getValidationQuery()).contains("select 2");
    assertThat(asked.getValidationQueryTimeout().orElseThrow().toSeconds()).isEqualTo(3);
    assertThat(asked.config().validationTimeout()).isEqualTo(Duration.ofSeconds(3));
  }

  @Test
  void whereTheUrlIsMissingNothingElseIsNamedThatNobodyReads() {
    assertThatThrownBy(() -> read("maxSize: 4"))
        .hasMessageContaining("url is missing; set it")
        .hasMessageNotContaining("NEON_DB_URL");
  }

  @Test
  void aMapFromElsewhereDoesAsWell() {
    assertThat(EverpoolDataSourceFactory.of(Map.of("url", URL, "maxSize", 4)).config().maxSize())
        .isEqualTo(4);
    assertThatThrownBy(() -> EverpoolDataSourceFactory.of(Map.of("url", URL, "maxSize", "four")))
        .isInstanceOf(InvalidPoolConfigException.class);
  }
}
