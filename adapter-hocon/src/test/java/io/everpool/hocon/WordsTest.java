package io.everpool.hocon;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.api.SleepMode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Words mean the same in whatever case: a variable is often written in capitals. */
class WordsTest {

  static Stream<Setting<?>> switches() {
    return Hocon.settings().stream().filter(setting -> setting.type() == Boolean.class);
  }

  static Stream<Setting<?>> choices() {
    return Hocon.settings().stream().filter(setting -> setting.type().isEnum());
  }

  private static PoolConfig with(Setting<?> setting, String word) {
    return with(setting.key(), word);
  }

  private static PoolConfig with(String key, String word) {
    return EverpoolConfig.from(
        Hocon.lines("everpool { url = \"" + Hocon.URL + "\"", key + " = ${VARIABLE} }")
            .resolveWith(ConfigFactory.parseMap(Map.of("VARIABLE", word), "env variables")));
  }

  private static List<String> inCases(String word) {
    String capital = word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1);
    return List.of(word, word.toUpperCase(Locale.ROOT), capital, word + " ");
  }

  @ParameterizedTest
  @MethodSource("switches")
  void truths(Setting<?> setting) {
    for (String word : List.of("true", "yes", "on")) {
      assertThat(inCases(word)).allMatch(each -> with(setting, each).get(setting).equals(true));
    }
    for (String word : List.of("false", "no", "off")) {
      assertThat(inCases(word)).allMatch(each -> with(setting, each).get(setting).equals(false));
    }
  }

  @ParameterizedTest
  @MethodSource("choices")
  void constants(Setting<?> setting) {
    for (Object constant : setting.type().getEnumConstants()) {
      String word = constant.toString().toLowerCase(Locale.ROOT);
      for (String spelling : List.of(word, word.replace('_', '-'))) {
        assertThat(inCases(spelling))
            .allMatch(each -> with(setting, each).get(setting).equals(constant));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "yes", "on"})
  void sleepIsASwitchToo(String word) {
    assertThat(inCases(word)).allMatch(each -> with("sleep", each).sleep() == SleepMode.ON);
  }
}
