package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.fakes.OtherValues;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tables of settings: whatever stands in them is whole, and does what it says. */
class SettingTest {
  private static final Pattern BETWEEN = Pattern.compile("(\\d+) to (\\d+)");
  private static final Pattern AT_LEAST = Pattern.compile("(\\d+)(?: \\([a-z ]+\\))? or more");

  /** What is null where nobody has said it. */
  private static final Set<String> OPTIONAL =
      Set.of("user", "password", "password-file", "password-env", "connection-init-sql");

  /** Of those, the ones that take any text; a name of something is not any text. */
  private static final Set<String> ANY_TEXT = Set.of("user", "password", "connection-init-sql");

  static Stream<Setting<?>> all() {
    return Samples.all();
  }

  @Test
  void everySettingHasAKeyOfItsOwn() {
    Set<String> keys = new HashSet<>();
    for (Setting<?> setting : all().toList()) {
      assertThat(keys.add(setting.key())).as(setting.key()).isTrue();
      assertThat(setting.key()).matches("(?:retry\\.)?[a-z]+(?:-[a-z]+)*");
      assertThat(setting).hasToString(setting.key());
    }
    assertThat(keys).contains("min-size", "retry", "retry.max-attempts");
  }

  /** Sentences, for they stand in files, tables and forms. */
  @ParameterizedTest
  @MethodSource("all")
  void everySettingSaysWhatItDoesAndWhatItTakes(Setting<?> setting) {
    assertThat(setting.meaning()).matches("[A-Z][^\\n`\"]+\\.");
    assertThat(setting.range()).isNotBlank();
    assertThat(setting.parts().isEmpty()).isEqualTo(setting.type() != RetryConfig.class);
  }

  /** Those that nobody need say, and the URL, have none. */
  @ParameterizedTest
  @MethodSource("all")
  void everyDefaultIsInItsRange(Setting<?> setting) {
    checkDefault(setting);
  }

  private static <T> void checkDefault(Setting<T> setting) {
    T value = setting.defaultValue();
    if (setting.key().equals("url") || OPTIONAL.contains(setting.key())) {
      assertThat(value).as("%s is in OPTIONAL: its default is null", setting).isNull();
    } else {
      assertThat(value).as("%s may be left out? Then it is one of OPTIONAL", setting).isNotNull();
      assertThat(setting.problems(value)).isEmpty();
    }
    assertThat(setting.problems(OtherValues.of(setting)))
        .as("%s: OtherValues has to give a value that works", setting)
        .isEmpty();
    assertThat(PoolConfig.builder(Samples.URL).build().get(setting))
        .isEqualTo(setting.key().equals("url") ? Samples.URL : value);
  }

  /** By its key, with what would be right, and by nobody else. */
  @ParameterizedTest
  @MethodSource("all")
  void everyWrongValueIsRefusedByTheKeyWithAdvice(Setting<?> setting) {
    checkWrong(setting);
  }

  private static <T> void checkWrong(Setting<T> setting) {
    List<T> wrong = new ArrayList<>(Samples.wrong(setting));
    if (setting.defaultValue() != null || setting.key().equals("url")) {
      assertThat(setting.problems(null)).hasSize(1);
      assertThat(Samples.refusal(Samples.with(setting, null))).isEqualTo(setting.problems(null));
      assertThat(setting.problems(null).get(0)).startsWith(setting.key() + " is ").contains("; ");
    } else {
      assertThat(setting.problems(null)).isEmpty();
    }
    for (T value : wrong) {
      String prefix = setting.type() == RetryConfig.class ? "retry." : setting.key() + " ";
      assertThat(setting.problems(value)).as("%s", value).isNotEmpty();
      assertThat(setting.problems(value))
          .allSatisfy(problem -> assertThat(problem).startsWith(prefix))
          .noneMatch(problem -> problem.contains("hunter2"));
      assertThat(Samples.refusal(Samples.with(setting, value))).isEqualTo(setting.problems(value));
    }
    boolean anyValueDoes =
        setting.type() == Boolean.class
            || setting.type().isEnum()
            || ANY_TEXT.contains(setting.key());
    assertThat(wrong.isEmpty())
        .as("%s: takes any text (then ANY_TEXT), or Samples.wrong has what is wrong", setting)
        .isEqualTo(anyValueDoes);
  }

  /** What the words promise the check does, to the last number. */
  @ParameterizedTest
  @MethodSource("all")
  void theRangeIsWhatIsChecked(Setting<?> setting) {
    Matcher between = BETWEEN.matcher(setting.range());
    Matcher atLeast = AT_LEAST.matcher(setting.range());
    if (between.matches()) {
      checkEdge(setting, Long.parseLong(between.group(1)), -1);
      checkEdge(setting, Long.parseLong(between.group(2)), 1);
    } else if (atLeast.matches()) {
      checkEdge(setting, Long.parseLong(atLeast.group(1)), -1);
    } else if (setting.type() == Duration.class) {
      boolean zero = setting.range().startsWith("zero (off) to 365 days");
      assertThat(zero || setting.range().equals("above zero and at most 365 days")).isTrue();
      assertThat(problems(setting, Duration.ZERO).isEmpty()).isEqualTo(zero);
      assertThat(problems(setting, PoolConfig.LONGEST_DURATION)).isEmpty();
      assertThat(problems(setting, Duration.ofNanos(1)).isEmpty())
          .isEqualTo(!setting.range().contains("whole milliseconds"));
    } else {
      assertThat(Number.class.isAssignableFrom(setting.type()))
          .as("%s: a range that this test doesn't know: %s", setting.key(), setting.range())
          .isFalse();
    }
  }

  private static void checkEdge(Setting<?> setting, long edge, int beyond) {
    assertThat(problems(setting, number(setting, edge))).isEmpty();
    assertThat(problems(setting, number(setting, edge + beyond)))
        .containsExactly(
            setting.key() + " is " + (edge + beyond) + "; it must be " + setting.range());
  }

  private static Object number(Setting<?> setting, long value) {
    return setting.type() == Long.class ? (Object) value : (Object) (int) value;
  }

  private static <T> List<String> problems(Setting<T> setting, Object value) {
    return setting.problems(setting.type().cast(value));
  }

  /** Whatever is secret by the table is in no text. */
  @Test
  void noSecretIsShown() {
    PoolConfig config =
        PoolConfig.builder("postgresql://app:hunter2@h/d")
            .password("hunter2")
            .connectionInitSql("set app.key = 'hunter2'")
            .properties(Map.of("sslpassword", "hunter2"))
            .readers(List.of("postgresql://app:hunter2@reader/d"))
            .build();
    PoolConfig file = config.toBuilder().password(null).passwordFile("hunter2").build();
    PoolConfig variable = config.toBuilder().password(null).passwordEnv("hunter2").build();
    Set<String> secret = new HashSet<>();
    for (PoolConfig one : List.of(config, file, variable)) {
      for (Setting<?> setting : PoolConfig.settings()) {
        assertThat(shown(setting, one)).as(setting.key()).doesNotContain("hunter2");
        assertThat(one.toString()).contains(setting.name() + "=" + shown(setting, one));
        if (setting.isSecret() && one.get(setting) != null) {
          secret.add(setting.key());
          assertThat(shown(setting, one)).contains(Redaction.MASK);
          assertThat(String.valueOf(one.get(setting))).contains("hunter2");
        }
      }
    }
    assertThat(secret)
        .as("secrets that have a value here")
        .containsExactlyInAnyOrder(
            "url",
            "readers",
            "password",
            "password-file",
            "password-env",
            "properties",
            "connection-init-sql");
    assertThat(PoolConfig.settings().stream().filter(Setting::isSecret).map(Setting::key))
        .as("a secret of which this test has no value: give one of these configurations hunter2")
        .containsExactlyInAnyOrderElementsOf(secret);
  }

  private static <T> String shown(Setting<T> setting, PoolConfig config) {
    return setting.shown(config.get(setting));
  }

  /** Which of the two tables a setting is in isn't asked; a type that is wrong is found at once. */
  @Test
  void aSettingIsSetAndReadByItsRow() {
    Setting<?> attempts = RetryConfig.settings().get(0);
    assertThatThrownBy(() -> RetryConfig.DEFAULT.get(PoolConfig.settings().get(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("name is no setting of this configuration");
    assertThatThrownBy(() -> RetryConfig.builder().set(PoolConfig.settings().get(0), null))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> setRaw(attempts)).isInstanceOf(ClassCastException.class);
    assertThatThrownBy(() -> PoolConfig.settings().remove(0))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @SuppressWarnings("unchecked") // what a caller may do against the compiler's advice
  private static void setRaw(Setting<?> setting) {
    PoolConfig.builder(Samples.URL).set((Setting<Object>) setting, "five");
  }
}
