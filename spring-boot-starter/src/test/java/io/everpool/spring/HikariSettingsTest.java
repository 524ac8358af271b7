package io.everpool.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Coming from HikariCP takes no line: what is said for it counts. */
@Tag("contract")
class HikariSettingsTest {

  private static PoolConfig with(String name, String value) {
    return Settings.of(
            "spring.datasource.url", Settings.URL, "spring.datasource.hikari." + name, value)
        .main();
  }

  static Stream<String> setters() {
    return Arrays.stream(HikariConfig.class.getMethods())
        .map(Method::getName)
        .filter(name -> name.startsWith("set"))
        .map(name -> name.substring(3).toLowerCase(Locale.ROOT))
        .distinct();
  }

  /** A setting of HikariCP's that we don't know of would be dropped. */
  @ParameterizedTest
  @MethodSource("setters")
  void everySettingOfHikariCpHasItsRow(String setter) {
    assertThat(HikariSettings.rows().keySet())
        .anyMatch(name -> name.replace("-", "").equals(setter));
  }

  @Test
  void everyRowStandsOnThePage() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "spring.md"));

    for (String name : HikariSettings.rows().keySet()) {
      assertThat(page).contains("| `" + name + "` |");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "maximum-pool-size, 15, max-size, 15",
    "maximumPoolSize, 15, max-size, 15",
    "minimum-idle, 4, min-size, 4",
    "connection-timeout, 2500, acquire-timeout, 2500ms",
    "connection-timeout, 0, acquire-timeout, 31536000s",
    "idle-timeout, 60000, idle-timeout, 60s",
    "max-lifetime, 0, max-lifetime, 0s",
    "keepalive-time, 45000, health-check-interval, 45s",
    "keepalive-time, 0, health-check-interval, 30s",
    "validation-timeout, 1000, validation-timeout, 1s",
    "leak-detection-threshold, 60000, leak-threshold, 60s",
    "initialization-fail-timeout, -1, fail-fast, false",
    "initialization-fail-timeout, 1, fail-fast, true",
    "pool-name, Shop Pool, name, Shop-Pool",
    "username, app, user, app",
    "jdbc-url, jdbc:postgresql://other/db, url, jdbc:postgresql://other/db"
  })
  void whatIsSaidForHikariCpCounts(String name, String value, String key, String ours) {
    PoolConfig config = with(name, value);

    assertThat(shown(config, key)).isEqualTo(ours);
  }

  private static String shown(PoolConfig config, String key) {
    return Block.leaves().stream()
        .filter(setting -> setting.key().equals(key))
        .map(setting -> shown(setting, config))
        .findFirst()
        .orElseThrow();
  }

  private static <T> String shown(Setting<T> setting, PoolConfig config) {
    return setting.shown(config.get(setting));
  }

  /** What Spring Boot's binder takes for HikariCP is taken here. */
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "maximum-pool-size,15 ,max-size,15",
        "minimum-idle, 4,min-size,4",
        "connection-timeout,30000 ,acquire-timeout,30s",
        "connection-timeout,+2500,acquire-timeout,2500ms",
        "connection-timeout, 0 ,acquire-timeout,31536000s",
        "connection-timeout,-0,acquire-timeout,31536000s",
        "idle-timeout,60000 ,idle-timeout,60s",
        "max-lifetime, 0,max-lifetime,0s",
        "keepalive-time,45000 ,health-check-interval,45s",
        "keepalive-time,0 ,health-check-interval,30s",
        "validation-timeout, 1000,validation-timeout,1s",
        "leak-detection-threshold,60000 ,leak-threshold,60s",
        "initialization-fail-timeout,-1 ,fail-fast,false",
        "initialization-fail-timeout,1 ,fail-fast,true",
        "initialization-fail-timeout, 0,fail-fast,false"
      })
  void blanksAroundANumberDoNotMatter(String name, String value, String key, String ours) {
    assertThat(shown(with(name, value), key)).isEqualTo(ours);
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto-commit", "read-only"})
  void whatIsTrueOrFalseIsSaidInTheWordsOfSpring(String name) {
    for (String word : List.of("true", "TRUE", "true ", "on", "On", "yes", "YES", "1")) {
      assertThat(truth(name, word)).as(word).isTrue();
    }
    for (String word : List.of("false", "FALSE", " false", "off", "OFF", "no", "No", "0")) {
      assertThat(truth(name, word)).as(word).isFalse();
    }
  }

  private static Boolean truth(String name, String word) {
    HikariSession session =
        Settings.of("spring.datasource.url", Settings.URL, "spring.datasource.hikari." + name, word)
            .session();
    Boolean truth = name.equals("auto-commit") ? session.autoCommit() : session.readOnly();
    assertThat(truth).as(word).isNotNull();
    return truth;
  }

  /** HikariCP takes JDBC's numbers, too. */
  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "TRANSACTION_READ_UNCOMMITTED,1",
        "transaction_read_committed ,2",
        "REPEATABLE_READ,4",
        " Serializable,8",
        "1,1",
        "2,2",
        "4 ,4",
        "8,8"
      })
  void theLevelIsANameOrANumber(String value, int level) {
    assertThat(Settings.of("spring.datasource.hikari.transaction-isolation", value).session())
        .extracting(HikariSession::isolation)
        .isEqualTo(level);
  }

  @Test
  void secretsAndSqlCountToo() {
    PoolConfig config =
        Settings.of(
                "spring.datasource.hikari.jdbc-url", Settings.URL,
                "spring.datasource.hikari.password", "secret",
                "spring.datasource.hikari.connection-init-sql", "select 1",
                "spring.datasource.hikari.data-source-properties.ApplicationName", "shop")
            .main();

    assertThat(config.password()).isEqualTo("secret");
    assertThat(config.connectionInitSql()).isEqualTo("select 1");
    assertThat(config.properties()).containsEntry("ApplicationName", "shop");
  }

  @Test
  void everpoolsOwnCountMore() {
    PoolConfig config =
        Settings.of(
                "everpool.url", Settings.URL,
                "everpool.max-size", "9",
                "spring.datasource.hikari.maximum-pool-size", "15")
            .main();

    assertThat(config.maxSize()).isEqualTo(9);
  }

  /** As Long.MAX_VALUE for "never". */
  @ParameterizedTest
  @CsvSource({
    "max-lifetime, 9223372036854775807, zero (off) to 365 days",
    "max-lifetime, 9223372036854775808, zero (off) to 365 days",
    "idle-timeout, 9223372036854775807, zero (off) to 365 days",
    "leak-detection-threshold, 9223372036854775807, zero (off) to 365 days",
    "connection-timeout, 9223372036854775807, above zero and at most 365 days",
    "keepalive-time, 9223372036854775807, above zero and at most 365 days",
    "validation-timeout, -9223372036854775808, above zero and at most 365 days",
    "maximum-pool-size, 3000000000, 1 to 10000",
    "minimum-idle, 3000000000, at most 2147483647"
  })
  void aNumberThatIsTooLargeIsToldTheRange(String name, String value, String range) {
    assertThatThrownBy(() -> with(name, value))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("; it must be " + range)
        .hasMessageContaining("spring.datasource.hikari." + name);
  }

  @ParameterizedTest
  @CsvSource({
    "9223372036854775807, true",
    "-9223372036854775808, false",
    "9223372036854775808, true"
  })
  void theLongestStartIsTriedAllTheSame(String millis, boolean failFast) {
    assertThat(with("initialization-fail-timeout", millis).failFast()).isEqualTo(failFast);
  }

  @Test
  void whatIsWrongIsSaidWithHikariCpsName() {
    assertThatThrownBy(() -> with("connection-timeout", "soon"))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("everpool.acquire-timeout is \"soon\"")
        .hasMessageContaining("spring.datasource.hikari.connection-timeout");
  }

  @Test
  void whatHasNoCounterpartIsSaidWithWhy() {
    List<String> notes =
        new HikariSettings(
                new Properties(
                    Settings.environment(
                        "spring.datasource.hikari.connection-test-query", "SELECT 1",
                        "spring.datasource.hikari.keepalive-time", "0",
                        "spring.datasource.hikari.maximum-pool-size", "3",
                        "spring.datasource.hikari.data-source-properties.a", "b",
                        "spring.datasource.hikari.maximum-pol-size", "3")))
            .notes();

    assertThat(notes)
        .containsExactly(
            "spring.datasource.hikari.keepalive-time is 0, and health-check-interval stays as it is",
            "spring.datasource.hikari.connection-test-query has no counterpart in Everpool: what"
                + " was idle for a while is looked at before it is lent, without a query",
            "spring.datasource.hikari.maximum-pol-size is no setting that Everpool knows of"
                + " HikariCP");
  }

  /** Hibernate may have been told to rely on it: then nothing may commit by itself. */
  @Test
  void sessionsBeginAsHikariCpsDo() {
    Boot.onH2("sessions")
        .withPropertyValues(
            "spring.datasource.hikari.auto-commit=false",
            "spring.datasource.hikari.read-only=false",
            "spring.datasource.hikari.schema=PUBLIC",
            "spring.datasource.hikari.catalog=SESSIONS",
            "spring.datasource.hikari.transaction-isolation=TRANSACTION_SERIALIZABLE")
        .run(
            context -> {
              Pool pool = context.getBean(Pool.class);
              for (int i = 0; i < 2; i++) {
                try (Connection connection = pool.getConnection()) {
                  assertThat(connection.getAutoCommit()).isFalse();
                  assertThat(connection.isReadOnly()).isFalse();
                  assertThat(connection.getSchema()).isEqualTo("PUBLIC");
                  assertThat(connection.getTransactionIsolation())
                      .isEqualTo(Connection.TRANSACTION_SERIALIZABLE);
                  connection.setAutoCommit(true);
                }
              }
            });
  }

  /** What a named pool doesn't say is as the main one has it, and this it can't say. */
  @Test
  void soDoThoseOfNamedPools() {
    Boot.onH2("namedsessions")
        .withPropertyValues(
            "spring.datasource.hikari.auto-commit=false",
            "spring.datasource.hikari.schema=INFORMATION_SCHEMA",
            "everpool.pools.orders.max-size=3",
            "everpool.pools.reports.url=" + Boot.h2("reports-elsewhere"))
        .run(
            context -> {
              Pool orders = context.getBean("orders", Pool.class);
              try (Connection connection = orders.getConnection()) {
                assertThat(connection.getAutoCommit()).isFalse();
                assertThat(connection.getSchema()).isEqualTo("INFORMATION_SCHEMA");
              }
              Pool reports = context.getBean("reports", Pool.class);
              try (Connection connection = reports.getConnection()) {
                assertThat(connection.getAutoCommit()).isFalse();
                assertThat(connection.getSchema()).as("its own").isEqualTo("PUBLIC");
              }
            });
  }

  @Test
  void aLevelThatIsNoneIsRefused() {
    assertThatThrownBy(
            Settings.of(
                    "spring.datasource.hikari.transaction-isolation", "strict",
                    "spring.datasource.hikari.auto-commit", "perhaps")
                ::session)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("spring.datasource.hikari.transaction-isolation must be one of")
        .hasMessageContaining(
            "(spring.datasource.hikari.transaction-isolation from property source shop.properties)")
        .hasMessageContaining(
            "spring.datasource.hikari.auto-commit must be true or false"
                + " (spring.datasource.hikari.auto-commit from property source shop.properties)");
  }

  @Test
  void theDefaultsStayOurs() {
    PoolConfig config = Settings.of("spring.datasource.url", Settings.URL).main();

    assertThat(config).isEqualTo(PoolConfig.builder(Settings.URL).build());
    assertThat(config.idleTimeout()).isEqualTo(Duration.ofSeconds(300));
    assertThat(Settings.of("spring.datasource.url", Settings.URL).session().isPlain()).isTrue();
  }
}
