package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.everpool.fakes.OtherValues;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A setting is added in the table; what is written by hand beside it can't be forgotten. */
class SettingMethodsTest {

  static Stream<Setting<?>> all() {
    return Samples.all();
  }

  private static boolean isPart(Setting<?> setting) {
    return setting.key().contains(".");
  }

  private static Method method(Class<?> type, String name, int parameters) {
    List<Method> methods =
        Arrays.stream(type.getMethods())
            .filter(method -> method.getName().equals(name))
            .filter(method -> method.getParameterCount() == parameters)
            .toList();
    assertThat(methods).as("methods %s of %s", name, type).hasSize(1);
    return methods.get(0);
  }

  private static Class<?> boxed(Class<?> type) {
    return MethodType.methodType(type).wrap().returnType();
  }

  @ParameterizedTest
  @MethodSource("all")
  void everySettingHasAnAccessor(Setting<?> setting) throws Exception {
    checkAccessor(setting);
  }

  private static <T> void checkAccessor(Setting<T> setting) throws Exception {
    T other = OtherValues.of(setting);
    PoolConfig config = Samples.with(setting, other).build();
    Object owner = isPart(setting) ? config.retry() : config;
    Method accessor = method(owner.getClass(), setting.name(), 0);

    assertThat(boxed(accessor.getReturnType())).isEqualTo(setting.type());
    assertThat(accessor.invoke(owner)).isEqualTo(other).isEqualTo(config.get(setting));
    assertThat(config.toString()).contains(setting.name() + "=" + setting.shown(other));
    for (Setting<?> another : all().filter(another -> !touches(setting, another)).toList()) {
      assertThat(config.get(another))
          .as(another.key())
          .isEqualTo(PoolConfig.builder(Samples.URL).build().get(another));
    }
  }

  /** Whether a change of the one is a change of the other. */
  private static boolean touches(Setting<?> one, Setting<?> other) {
    return one == other || one.parts().contains(other) || other.parts().contains(one);
  }

  @ParameterizedTest
  @MethodSource("all")
  void everySettingHasABuilderMethod(Setting<?> setting) throws Exception {
    checkBuilderMethod(setting);
  }

  private static <T> void checkBuilderMethod(Setting<T> setting) throws Exception {
    T other = OtherValues.of(setting);
    PoolConfig expected = Samples.with(setting, other).build();
    PoolConfig.Builder pool = PoolConfig.builder(Samples.URL);
    RetryConfig.Builder retry = RetryConfig.builder();
    Object builder = isPart(setting) ? retry : pool;
    Method setter = method(builder.getClass(), setting.name(), 1);

    assertThat(boxed(setter.getParameterTypes()[0])).isEqualTo(setting.type());
    assertThat(setter.invoke(builder, other)).isSameAs(builder);
    if (isPart(setting)) {
      pool.retry(retry.build());
      String first = setting.name().substring(0, 1).toUpperCase(Locale.ROOT);
      Method with = method(RetryConfig.class, "with" + first + setting.name().substring(1), 1);
      assertThat(with.invoke(RetryConfig.DEFAULT, other)).isEqualTo(expected.retry());
    }
    assertThat(pool.build()).isEqualTo(expected).hasSameHashCodeAs(expected);
    if (!setting.key().equals("url")) {
      assertThat(expected).isNotEqualTo(PoolConfig.builder(Samples.URL).build());
    }
  }

  /** And no builder method is without a setting. */
  @Test
  void everyBuilderMethodHasASetting() {
    assertThat(setters(PoolConfig.Builder.class)).isEqualTo(sorted(PoolConfig.settings()));
    assertThat(setters(RetryConfig.Builder.class)).isEqualTo(sorted(RetryConfig.settings()));
  }

  private static List<String> setters(Class<?> builder) {
    return Arrays.stream(builder.getMethods())
        .filter(method -> method.getReturnType() == builder && method.getParameterCount() == 1)
        .map(Method::getName)
        .sorted()
        .toList();
  }

  private static List<String> sorted(List<Setting<?>> settings) {
    return settings.stream().map(Setting::name).sorted().toList();
  }

  @ParameterizedTest
  @MethodSource("all")
  void everySettingSurvivesABuilderThatStartsFromIt(Setting<?> setting) {
    checkRoundTrip(setting);
  }

  private static <T> void checkRoundTrip(Setting<T> setting) {
    T other = OtherValues.of(setting);
    PoolConfig config = Samples.with(setting, other).build();
    assertThat(config.toBuilder().build()).isEqualTo(config);
    assertThat(config.toBuilder().build().get(setting)).isEqualTo(other);
    assertThat(config.retry().toBuilder().build()).isEqualTo(config.retry());
  }

  /** All at once that may be, so that two can't be mixed up; of the passwords there is but one. */
  @ParameterizedTest
  @ValueSource(strings = {"password", "password-file", "password-env"})
  void everySettingAtOnceSurvivesToo(String password) {
    PoolConfig.Builder builder = PoolConfig.builder(Samples.URL);
    Predicate<Setting<?>> said =
        setting -> !setting.key().startsWith("password") || setting.key().equals(password);
    PoolConfig.settings().stream().filter(said).forEach(setting -> setOther(builder, setting));
    RetryConfig.settings().forEach(setting -> setOther(builder, setting));
    PoolConfig config = builder.build();

    assertThat(config.toBuilder().build()).isEqualTo(config).hasToString(config.toString());
    for (Setting<?> setting :
        all().filter(setting -> setting.parts().isEmpty()).filter(said).toList()) {
      assertThat(config.get(setting)).as(setting.key()).isEqualTo(OtherValues.of(setting));
    }
    assertThat(config.toString()).startsWith("PoolConfig[name=other, url=***, user=other, ");
  }

  private static <T> void setOther(PoolConfig.Builder builder, Setting<T> setting) {
    builder.set(setting, OtherValues.of(setting));
  }

  /** The parts of a setting and the whole: what is said last counts. */
  @Test
  void aPartChangesTheWholeThatWasSaidBefore() {
    PoolConfig config =
        part(PoolConfig.builder(Samples.URL).retry(RetryConfig.OFF), "max-duration", 7).build();
    assertThat(config.retry()).isEqualTo(RetryConfig.OFF.withMaxDuration(Duration.ofSeconds(7)));
    assertThat(part(config.toBuilder(), "max-duration", 8).retry(RetryConfig.OFF).build().retry())
        .isEqualTo(RetryConfig.OFF);
  }

  /** A default of one's own is a default: it gives way, and what was said stays. */
  @Test
  void aDefaultOfOnesOwnGivesWay() {
    PoolConfig.Builder builder = PoolConfig.builder(Samples.URL).maxSize(3);
    setDefault(builder, "min-size", 5);
    setDefault(builder, "max-size", 50);
    assertThat(builder.build().minSize()).isEqualTo(3);
    assertThat(builder.build().maxSize()).isEqualTo(3);

    PoolConfig.Builder another = part(PoolConfig.builder(Samples.URL), "initial-backoff", 40);
    assertThat(another.build().retry().maxBackoff()).hasSeconds(40);
    setDefault(another, "retry.max-backoff", Duration.ofSeconds(50));
    assertThat(another.build().retry().maxBackoff()).hasSeconds(50);
  }

  /** And of two defaults the last counts, be they of the whole or of a part. */
  @Test
  void aDefaultOfTheWholeIsNotLostBesideItsParts() {
    RetryConfig other = RetryConfig.OFF.withMaxDuration(Duration.ofSeconds(7));
    PoolConfig.Builder builder = PoolConfig.builder(Samples.URL);
    setDefault(builder, "retry.max-attempts", 3);
    setDefault(builder, "retry", other);
    assertThat(builder.build().retry()).isEqualTo(other);

    setDefault(builder, "retry.max-attempts", 4);
    assertThat(builder.build().retry())
        .as("a part after the whole")
        .isEqualTo(other.withMaxAttempts(4));

    setDefault(builder, "retry", RetryConfig.OFF);
    assertThat(builder.build().retry()).as("after it was built").isEqualTo(RetryConfig.OFF);

    set(builder, setting("retry.max-attempts"), 5);
    assertThat(builder.build().retry()).isEqualTo(RetryConfig.OFF.withMaxAttempts(5));
    setDefault(builder, "retry", other);
    assertThat(builder.build().retry())
        .as("what was said of a part stays")
        .isEqualTo(other.withMaxAttempts(5));

    builder.retry(RetryConfig.OFF);
    setDefault(builder, "retry", other);
    setDefault(builder, "retry.max-attempts", 9);
    assertThat(builder.build().retry())
        .as("what was said of the whole stays")
        .isEqualTo(RetryConfig.OFF);
  }

  /** It gives way within the whole as it does elsewhere, also after it was built once. */
  @Test
  void aDefaultOfTheWholeGivesWay() {
    PoolConfig.Builder builder = part(PoolConfig.builder(Samples.URL), "initial-backoff", 40);
    assertThat(builder.build().retry().maxBackoff()).hasSeconds(40);
    setDefault(builder, "retry", RetryConfig.DEFAULT.withMaxBackoff(Duration.ofSeconds(50)));
    assertThat(builder.build().retry().maxBackoff()).hasSeconds(50);
    assertThat(builder.build().retry().initialBackoff()).hasSeconds(40);
  }

  /** A null for the whole is refused, and doesn't hide behind its parts. */
  @Test
  void aNullDefaultOfTheWholeIsRefusedBesideItsParts() {
    PoolConfig.Builder builder = PoolConfig.builder(Samples.URL);
    setDefault(builder, "retry.max-attempts", 3);
    setDefault(builder, "retry", null);
    assertThatThrownBy(builder::build)
        .isInstanceOf(InvalidPoolConfigException.class)
        .hasMessageContaining("retry is null");
  }

  private static PoolConfig.Builder part(PoolConfig.Builder builder, String key, int seconds) {
    set(builder, setting("retry." + key), Duration.ofSeconds(seconds));
    return builder;
  }

  private static <T> void set(PoolConfig.Builder builder, Setting<T> setting, Object value) {
    builder.set(setting, setting.type().cast(value));
  }

  private static void setDefault(PoolConfig.Builder builder, String key, Object value) {
    setDefault(builder, setting(key), value);
  }

  private static <T> void setDefault(PoolConfig.Builder builder, Setting<T> setting, Object value) {
    builder.setDefault(setting, setting.type().cast(value));
  }

  private static Setting<?> setting(String key) {
    return all().filter(setting -> setting.key().equals(key)).findFirst().orElseThrow();
  }

  /** Whoever changes his map afterwards changes no pool. */
  @Test
  void propertiesAreCopied() {
    Map<String, @Nullable String> mine = new HashMap<>(Map.of("a", "b"));
    PoolConfig config = PoolConfig.builder(Samples.URL).properties(own(mine)).build();
    mine.put("c", null);
    assertThat(config.properties()).isEqualTo(Map.of("a", "b")).isUnmodifiable();
  }

  @SuppressWarnings({"NullAway", "unchecked"}) // what a caller without NullAway may give
  private static Map<String, String> own(Map<String, @Nullable String> map) {
    return (Map<String, String>) (Map<String, ?>) map;
  }
}
