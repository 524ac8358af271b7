package io.everpool.fakes;

import io.everpool.api.RetryConfig;
import io.everpool.api.Setting;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A value other than the default for every setting, found by its type, so that a new setting is
 * tried as well. For the tests of whatever reads settings, which take it from here.
 */
public final class OtherValues {
  private OtherValues() {}

  /** A value that works and is not the default. */
  public static <T> T of(Setting<T> setting) {
    return others(setting)
        .map(setting.type()::cast)
        .filter(value -> setting.problems(value).isEmpty())
        .findFirst()
        .orElseThrow(
            () -> new AssertionError("OtherValues has none that works for " + setting.key()));
  }

  private static Stream<?> others(Setting<?> setting) {
    Object now = setting.defaultValue();
    if (now instanceof Duration time) {
      return Stream.of(time.plusSeconds(1), time.minusSeconds(1));
    } else if (now instanceof Integer number) {
      return Stream.of(number + 1, number - 1);
    } else if (now instanceof Long number) {
      return Stream.of(number + 1, number - 1);
    } else if (now instanceof Boolean truth) {
      return Stream.of(!truth);
    } else if (now instanceof Enum<?> constant) {
      return Arrays.stream(constant.getDeclaringClass().getEnumConstants())
          .filter(other -> other != constant);
    } else if (now instanceof Map) {
      return Stream.of(Map.of("ApplicationName", "other"));
    } else if (now instanceof List) {
      return Stream.of(List.of("postgresql://reader1,reader2/shop")); // one URL of two hosts
    } else if (now instanceof RetryConfig) {
      return Stream.of(RetryConfig.OFF);
    }
    return setting.type() == String.class ? Stream.of("other") : Stream.empty();
  }

  /** One that is no map and no list, as files and variables have it: {@code discard-all}. */
  public static String text(Object value) {
    if (value instanceof Duration time) {
      return time.toMillis() + "ms";
    }
    return value instanceof Enum<?> constant
        ? constant.name().toLowerCase(Locale.ROOT).replace('_', '-')
        : value.toString();
  }
}
