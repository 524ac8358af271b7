package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PoolConfigTest {
  private static final Set<String> OPTIONAL =
      Set.of("user", "password", "passwordFile", "passwordEnv", "connectionInitSql");

  private static final String URL = "postgresql://db.example.com/shop";

  private static List<String> problems(PoolConfig.Builder builder) {
    InvalidPoolConfigException refusal =
        catchThrowableOfType(InvalidPoolConfigException.class, builder::build);
    assertThat(refusal).isNotNull();
    return refusal.problems();
  }

  /** Nobody has asked for two connections where he has said that one is the most. */
  @ParameterizedTest
  @CsvSource({"1, 1", "2, 2", "3, 2", "10000, 2"})
  void theDefaultOfTheMinimumGivesWayToTheMaximumThatWasSaid(int maximum, int minimum) {
    assertThat(PoolConfig.builder(URL).maxSize(maximum).build().minSize()).isEqualTo(minimum);
  }

  @ParameterizedTest
  @CsvSource({"0, 20", "20, 20", "21, 21", "10000, 10000"})
  void theDefaultOfTheMaximumGivesWayToTheMinimumThatWasSaid(int minimum, int maximum) {
    assertThat(PoolConfig.builder(URL).minSize(minimum).build().maxSize()).isEqualTo(maximum);
  }

  /** Two wishes that contradict each other are told, not repaired. */
  @Test
  void aMinimumThatWasSaidGivesWayToNothing() {
    assertThat(problems(PoolConfig.builder(URL).minSize(2).maxSize(1)))
        .containsExactly("min-size (2) is above max-size (1)");
    assertThat(problems(PoolConfig.builder(URL).build().toBuilder().maxSize(1)))
        .containsExactly("min-size (2) is above max-size (1)");
    assertThat(problems(PoolConfig.builder(URL).maxSize(0)))
        .containsExactly("max-size is 0; it must be 1 to 10000");
  }

  /** The same of the two pauses between retries. */
  @Test
  void aPauseThatIsADefaultGivesWayToTheOneThatWasSaid() {
    Duration day = Duration.ofDays(1);
    Duration tick = Duration.ofMillis(1);
    assertThat(RetryConfig.DEFAULT.withInitialBackoff(day).maxBackoff()).isEqualTo(day);
    assertThat(RetryConfig.DEFAULT.withMaxBackoff(tick).initialBackoff()).isEqualTo(tick);
    RetryConfig contradiction =
        RetryConfig.DEFAULT.withMaxBackoff(Duration.ofSeconds(2)).withInitialBackoff(day);
    assertThat(problems(PoolConfig.builder(URL).retry(contradiction)))
        .containsExactly("retry.max-backoff (2s) is shorter than retry.initial-backoff (86400s)");
  }

  @Test
  void aBuilderThatStartsFromSettingsMakesTheSameAgain() {
    PoolConfig config = PoolConfig.builder(URL).maxSize(1).user("u").password("p").build();
    assertThat(config.toBuilder().build()).isEqualTo(config);
  }

  static Stream<Method> settersThatTakeObjects() {
    return Arrays.stream(PoolConfig.Builder.class.getDeclaredMethods())
        .filter(method -> method.getReturnType() == PoolConfig.Builder.class)
        .filter(method -> method.getParameterCount() == 1) // but for set and setDefault
        .filter(method -> !method.getParameterTypes()[0].isPrimitive());
  }

  /** Null is a value that can't work, like any other, but for what is optional. */
  @ParameterizedTest
  @MethodSource("settersThatTakeObjects")
  void nullIsToldByTheNameOfItsSetting(Method setter) throws Exception {
    PoolConfig.Builder builder = PoolConfig.builder(URL);
    setNull(builder, setter);

    if (OPTIONAL.contains(setter.getName())) {
      assertThat(builder.build()).isEqualTo(PoolConfig.builder(URL).build());
      return;
    }
    String key = setter.getName().replaceAll("([a-z])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    assertThat(problems(builder)).singleElement().asString().startsWith(key + " is ");
  }

  @Test
  void allNullsAreToldAtOnce() throws Exception {
    PoolConfig.Builder builder = PoolConfig.builder(URL);
    for (Method setter : settersThatTakeObjects().toList()) {
      setNull(builder, setter);
    }
    assertThat(problems(builder)).hasSize((int) settersThatTakeObjects().count() - OPTIONAL.size());
  }

  private static void setNull(PoolConfig.Builder builder, Method setter)
      throws IllegalAccessException, InvocationTargetException {
    @Nullable Object[] nothing = {null};
    setter.invoke(builder, nothing);
  }

  @Test
  @SuppressWarnings("NullAway") // what a caller without NullAway may give
  void nullsWithinPropertiesAndRetriesAreTold() {
    Map<String, @Nullable String> properties = new HashMap<>();
    properties.put("ApplicationName", null);
    assertThat(problems(PoolConfig.builder(URL).properties(nulls(properties))))
        .singleElement()
        .asString()
        .startsWith("properties has a null as the value of ApplicationName");
    RetryConfig retry =
        RetryConfig.builder()
            .maxAttempts(0)
            .maxDuration(null)
            .initialBackoff(null)
            .maxBackoff(null)
            .build();
    assertThat(problems(PoolConfig.builder(URL).retry(retry))).hasSize(4);
  }

  @SuppressWarnings({"NullAway", "unchecked"}) // what a caller without NullAway may give
  private static Map<String, String> nulls(Map<String, @Nullable String> properties) {
    return (Map<String, String>) (Map<String, ?>) properties;
  }

  /** Beyond what milliseconds can count, too. */
  @Test
  void aDurationBeyondReasonIsRefused() {
    Duration[] absurd = {
      Duration.ofSeconds(Long.MAX_VALUE, 999_999_999),
      Duration.ofSeconds(Long.MAX_VALUE, 1_000_000),
      Duration.ofSeconds(Long.MIN_VALUE)
    };
    for (Duration value : absurd) {
      assertThat(problems(PoolConfig.builder(URL).commandTimeout(value).acquireTimeout(value)))
          .hasSize(2);
    }
  }

  /** What is no name at all may be anything, a password from a wrong variable for one. */
  @Test
  void aNameThatCouldBeASecretIsNotShown() {
    assertThat(problems(PoolConfig.builder(URL).name("postgresql://u:hunter2@h/d")))
        .containsExactly(
            "name is a text of 26 characters; use 1 to 64 letters, digits, dots, dashes or"
                + " underscores");
  }

  @Test
  void noSecretIsInTheTextOfTheSettings() {
    PoolConfig config =
        PoolConfig.builder("postgresql://app:hunter2@h/d?sslmode=require&sslpassword=hunter2")
            .password("hunter2")
            .properties(Map.of("sslpassword", "hunter2", "x-auth", "hunter2", "sslmode", "require"))
            .build();
    assertThat(config.toString())
        .doesNotContain("hunter2")
        .contains("url=postgresql://app:***@h/d?sslmode=require&sslpassword=***, ")
        .contains(
            "password=***, passwordFile=none, passwordEnv=none, properties={sslmode=require, sslpassword=***, x-auth=***}");
  }

  /** A builder reads no environment, so none is named. */
  @ParameterizedTest
  @ValueSource(strings = {"", " "})
  void aUrlThatIsMissingIsSaidToBe(String url) {
    assertThat(problems(PoolConfig.builder(url))).containsExactly("url is missing; set it");
  }
}
