package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.api.SleepMode;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EverpoolConfigTest {
  private static final Config REFERENCE = ConfigFactory.parseResources("reference.conf");

  private static Config config(String text) {
    return ConfigFactory.parseString(text).withFallback(REFERENCE.resolve());
  }

  private static InvalidPoolConfigException refused(String text) {
    return catchThrowableOfType(
        InvalidPoolConfigException.class, () -> EverpoolConfig.from(config(text)));
  }

  private static List<String> keys(Class<?> record) {
    return Arrays.stream(record.getRecordComponents())
        .map(RecordComponent::getName)
        .map(name -> name.replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT))
        .toList();
  }

  /** Or a user who reads one of them would be told something else than the other does. */
  @Test
  void reference_conf_equals_the_builders_defaults() {
    assertThat(EverpoolConfig.from(config("everpool.url = \"jdbc:x:y\"")))
        .isEqualTo(PoolConfig.builder("jdbc:x:y").build());
  }

  @Test
  void every_setting_has_its_key_in_reference_conf() {
    Config everpool = REFERENCE.getConfig("everpool");
    assertThat(everpool.root().keySet()).containsAll(keys(PoolConfig.class));
    assertThat(everpool.getConfig("retry").root().keySet())
        .containsExactlyInAnyOrderElementsOf(keys(RetryConfig.class));
  }

  /** The table that people read; a default that changes must change there. */
  @Test
  void the_documented_settings_are_those_of_reference_conf() throws IOException {
    List<String> documented = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("../docs/settings.md"))) {
      if (line.startsWith("| `")) {
        String[] cells = line.split("\\|", -1);
        documented.add(cells[1].strip() + " = " + cells[2].strip());
      }
    }
    List<String> expected = new ArrayList<>();
    Config everpool = REFERENCE.getConfig("everpool");
    for (String key : keys(PoolConfig.class)) {
      if (!key.equals("retry")) {
        expected.add("`" + key + "` = `" + shown(everpool, key) + "`");
      }
    }
    for (String key : keys(RetryConfig.class)) {
      expected.add("`retry." + key + "` = `" + shown(everpool, "retry." + key) + "`");
    }
    assertThat(documented).containsExactlyInAnyOrderElementsOf(expected);
  }

  private static String shown(Config config, String key) {
    if (key.equals("url")) {
      return "${?NEON_DB_URL}";
    }
    if (key.equals("properties")) {
      return "{}";
    }
    return config.getIsNull(key) ? "null" : config.getString(key);
  }

  @Test
  void the_origins_keys_are_read() {
    PoolConfig config =
        EverpoolConfig.from(
            config(
                """
                everpool {
                  url = "postgresql://h/db", min-size = 1, max-size = 3, max-queries = 7
                  idle-timeout = 1m, health-check-interval = 500ms, command-timeout = 2s
                  sleep = on, properties { ApplicationName = shop, a.b = c }
                  retry { max-attempts = 1 }
                }
                """));
    assertThat(config.minSize()).isEqualTo(1);
    assertThat(config.maxSize()).isEqualTo(3);
    assertThat(config.maxQueries()).isEqualTo(7);
    assertThat(config.idleTimeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(config.healthCheckInterval()).isEqualTo(Duration.ofMillis(500));
    assertThat(config.commandTimeout()).isEqualTo(Duration.ofSeconds(2));
    assertThat(config.sleep()).isEqualTo(SleepMode.ON);
    assertThat(config.properties()).isEqualTo(Map.of("ApplicationName", "shop", "a.b", "c"));
    assertThat(config.retry().maxAttempts()).isEqualTo(1);
  }

  @Test
  void the_database_comes_from_the_environment() {
    Config environment = ConfigFactory.parseMap(Map.of("NEON_DB_URL", "postgresql://u@h/db"));
    Config resolved = REFERENCE.resolveWith(environment);
    assertThat(EverpoolConfig.from(resolved).url()).isEqualTo("postgresql://u@h/db");
  }

  @Test
  void named_pools_fall_back_to_the_block_around_them() {
    Config config =
        config(
            """
            everpool { url = "jdbc:x:y", max-size = 9
              pools { orders { min-size = 4 }, reports { url = "jdbc:x:z", max-size = 3 } } }
            """);
    assertThat(EverpoolConfig.poolNames(config)).containsExactly("orders", "reports");
    PoolConfig orders = EverpoolConfig.from(config, "orders");
    assertThat(orders.name()).isEqualTo("orders");
    assertThat(orders.url()).isEqualTo("jdbc:x:y");
    assertThat(orders.maxSize()).isEqualTo(9);
    assertThat(orders.minSize()).isEqualTo(4);
    PoolConfig reports = EverpoolConfig.from(config, "reports");
    assertThat(reports.url()).isEqualTo("jdbc:x:z");
    assertThat(reports.maxSize()).isEqualTo(3);
  }

  @Test
  void every_problem_is_reported_at_once_and_the_nearest_key_is_named() {
    InvalidPoolConfigException e =
        refused(
            """
            everpool { url = "jdbc:x:y", min-sise = 3, max-size = many
              idle-timeout = 5 parsecs, retry { max-atempts = 2 }, min-size = -1 }
            """);
    assertThat(e.problems()).hasSizeGreaterThanOrEqualTo(5);
    assertThat(e.getMessage())
        .contains("min-sise")
        .contains("min-size")
        .contains("max-size")
        .contains("idle-timeout")
        .contains("max-atempts")
        .contains("max-attempts");
  }

  @Test
  void what_cannot_work_together_is_refused() {
    assertThat(refused("everpool { url = \"jdbc:x:y\", min-size = 9, max-size = 3 }").problems())
        .singleElement()
        .asString()
        .contains("min-size (9) is above max-size (3)");
  }

  @Test
  void a_missing_url_says_where_it_would_come_from() {
    assertThat(refused("everpool.max-size = 3").getMessage())
        .contains("url")
        .contains("NEON_DB_URL");
  }

  @Test
  void no_secret_is_shown() {
    String text =
        refused(
                "everpool { url = \"postgresql://u:s3cret@h/db\", password = s3cret2, min-size = x }")
            .toString();
    assertThat(text).doesNotContain("s3cret");
  }
}
