package io.everpool.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.core.Everpool;
import io.everpool.fakes.OtherValues;
import io.everpool.hocon.EverpoolConfig;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** O12: all settings can be changed without touching code. */
class O12HoconIT {

  private static Config config(String text) {
    return ConfigFactory.parseString(text).withFallback(ConfigFactory.load());
  }

  private static String login() {
    return "url = "
        + ConfigUtil.quoteString(Db.server().jdbcUrl())
        + "\nuser = "
        + ConfigUtil.quoteString(Db.server().user())
        + "\npassword = "
        + ConfigUtil.quoteString(Db.server().password())
        + "\n";
  }

  /** The figures of the origin, under their names, are what one gets without a word. */
  @Test
  void theDefaultsAreTheOrigins() {
    PoolConfig config = EverpoolConfig.from(config("everpool {" + login() + "}"));
    assertThat(config.minSize()).isEqualTo(2);
    assertThat(config.maxSize()).isEqualTo(20);
    assertThat(config.maxQueries()).isEqualTo(50_000);
    assertThat(config.idleTimeout()).isEqualTo(Duration.ofSeconds(300));
    assertThat(config.healthCheckInterval()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.commandTimeout()).isEqualTo(Duration.ofSeconds(60));
    Config reference = ConfigFactory.defaultReference().getConfig("everpool");
    assertThat(reference.getInt("min-size")).isEqualTo(2);
    assertThat(reference.getInt("max-size")).isEqualTo(20);
    assertThat(reference.getLong("max-queries")).isEqualTo(50_000);
    assertThat(reference.getDuration("idle-timeout")).isEqualTo(Duration.ofSeconds(300));
    assertThat(reference.getDuration("health-check-interval")).isEqualTo(Duration.ofSeconds(30));
    assertThat(reference.getDuration("command-timeout")).isEqualTo(Duration.ofSeconds(60));
  }

  /**
   * Also the settings that are yet to be invented: what the table has, HOCON must have. Where the
   * password comes from excludes each other.
   */
  @ParameterizedTest
  @ValueSource(strings = {"password", "password-file", "password-env"})
  void everySettingThereIsCanBeChanged(String password) {
    List<Setting<?>> settings = new ArrayList<>(PoolConfig.settings());
    settings.removeIf(
        setting -> setting.key().startsWith("password") && !setting.key().equals(password));
    PoolConfig defaults = PoolConfig.builder("jdbc:postgresql://default/db").build();
    StringBuilder text = new StringBuilder("everpool {\n");
    for (Setting<?> setting : settings) {
      text.append(line(setting));
    }
    PoolConfig changed = EverpoolConfig.from(config(text.append('}').toString()));
    for (Setting<?> setting : settings) {
      assertThat(changed.get(setting))
          .as(setting.key())
          .isNotNull()
          .isNotEqualTo(defaults.get(setting));
      if (setting.parts().isEmpty()) {
        assertThat(changed.get(setting)).as(setting.key()).isEqualTo(OtherValues.of(setting));
      }
      for (Setting<?> part : setting.parts()) {
        assertThat(changed.get(part))
            .as(part.key())
            .isNotEqualTo(defaults.get(part))
            .isEqualTo(OtherValues.of(part));
      }
    }
  }

  private static String line(Setting<?> setting) {
    if (!setting.parts().isEmpty()) {
      return setting.parts().stream().map(O12HoconIT::line).collect(Collectors.joining());
    }
    Object other = OtherValues.of(setting);
    String text =
        other instanceof Map || other instanceof List
            ? ConfigValueFactory.fromAnyRef(other).render(ConfigRenderOptions.concise())
            : OtherValues.text(other);
    return setting.key() + " = " + text + "\n";
  }

  @Test
  void whatIsWrittenThereIsWhatTheServerSees() throws SQLException {
    String text =
        "everpool {\n"
            + login()
            + "name = o12, min-size = 1, max-size = 3, command-timeout = 7s\n"
            + "properties { ApplicationName = o12-hocon } }";
    try (Pool pool = Everpool.open(EverpoolConfig.from(config(text)))) {
      Db.grow(pool, 3);
      assertThat(Db.server().backendPids("o12-hocon")).hasSize(3);
      assertThat(pool.name()).isEqualTo("o12");
      assertThat(pool.snapshot().maxSize()).isEqualTo(3);
      try (Connection connection = pool.getConnection()) {
        assertThat(Db.ask(connection, "show statement_timeout")).isEqualTo("7s");
      }
    }
  }

  @Test
  void severalPoolsShareWhatTheyDoNotSayThemselves() throws SQLException {
    Config config =
        config(
            "everpool {\n"
                + login()
                + "command-timeout = 11s\n"
                + "pools { orders { max-size = 4 }, reports { command-timeout = 5m } } }");
    assertThat(EverpoolConfig.poolNames(config)).containsExactly("orders", "reports");
    try (Pool orders = Everpool.open(EverpoolConfig.from(config, "orders"));
        Pool reports = Everpool.open(EverpoolConfig.from(config, "reports"));
        Connection order = orders.getConnection();
        Connection report = reports.getConnection()) {
      assertThat(orders.snapshot().maxSize()).isEqualTo(4);
      assertThat(reports.snapshot().maxSize()).isEqualTo(20);
      assertThat(Db.ask(order, "show statement_timeout")).isEqualTo("11s");
      assertThat(Db.ask(report, "show statement_timeout")).isEqualTo("5min");
    }
  }

  @Test
  void anUnknownKeyAndTheOneThatWasMeant() {
    assertThatThrownBy(
            () ->
                EverpoolConfig.from(
                    ConfigFactory.parseString("everpool { url = \"x\", max-sise = 3 }")))
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("max-sise")
        .hasMessageContaining("max-size");
  }
}
