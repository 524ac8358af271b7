package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A variable that is there and empty says as little as one that isn't there. */
class BlankValuesTest {
  static final List<String> BLANKS = List.of("", " ", "\t\n");

  /** Texts that need not be said: who logs in and with what, and what each session begins with. */
  static Stream<Setting<?>> optionalTexts() {
    return Hocon.settings().stream()
        .filter(setting -> setting.type() == String.class && setting.defaultValue() == null)
        .filter(setting -> !setting.key().equals("url"));
  }

  private static Config withVariable(String value, String... lines) {
    return Hocon.lines(lines)
        .resolveWith(ConfigFactory.parseMap(Map.of("VARIABLE", value), "env variables"));
  }

  /** Or an empty user would log in instead of the one in the URL. */
  @ParameterizedTest
  @MethodSource("optionalTexts")
  void aBlankTextIsNone(Setting<?> setting) {
    for (String blank : BLANKS) {
      PoolConfig config =
          EverpoolConfig.from(
              withVariable(
                  blank,
                  "everpool { url = \"postgresql://app:pw@a/shop\"",
                  setting.key() + " = ${?VARIABLE} }"));

      assertThat(config.get(setting)).as("of %s characters", blank.length()).isNull();
      assertThat(config.origin(setting.key())).isNull();
    }
    assertThat(Stream.of("user", "password", "password-file", "password-env"))
        .isSubsetOf(optionalTexts().map(Setting::key).toList());
  }

  /** As null does, which variables and properties can't say. */
  @ParameterizedTest
  @MethodSource("optionalTexts")
  void inANamedPoolItTakesBackWhatTheBlockAroundSays(Setting<?> setting) {
    Config root =
        withVariable(
            "",
            "everpool { url = \"postgresql://a/shop\"",
            setting.key() + " = written",
            "pools { orders { " + setting.key() + " = ${?VARIABLE} } } }");

    assertThat(EverpoolConfig.from(root).get(setting)).isEqualTo("written");
    assertThat(EverpoolConfig.from(root, "orders").get(setting)).isNull();
  }

  @Test
  void thePasswordOfAnotherPlaceIsReadBesideOneThatWasTakenBack() {
    PoolConfig orders =
        EverpoolConfig.from(
            Hocon.lines(
                "everpool { url = \"postgresql://a/shop\", password = pw",
                "pools { orders { password = \"\", password-file = /run/secrets/orders } } }"),
            "orders");

    assertThat(orders.password()).isNull();
    assertThat(orders.passwordFile()).isEqualTo("/run/secrets/orders");
  }
}
