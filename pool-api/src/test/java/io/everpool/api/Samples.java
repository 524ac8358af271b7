package io.everpool.api;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong for a setting, found by its type, so that a new setting is tried as well; what is
 * right and not the default has {@link io.everpool.fakes.OtherValues}.
 */
final class Samples {
  static final String URL = "postgresql://db.example.com/shop";

  private Samples() {}

  /** Every setting there is, the parts of others as well. */
  static Stream<Setting<?>> all() {
    return PoolConfig.settings().stream()
        .flatMap(setting -> Stream.concat(Stream.of(setting), setting.parts().stream()));
  }

  /** Values of its type that no setting takes; none where the type has no such value. */
  static <T> List<T> wrong(Setting<T> setting) {
    Class<T> type = setting.type();
    List<?> wrong = List.of();
    if (type == Integer.class) {
      wrong = List.of(-1, Integer.MIN_VALUE);
    } else if (type == Long.class) {
      wrong = List.of(-1L, Long.MIN_VALUE);
    } else if (type == Duration.class) {
      wrong =
          List.of(
              Duration.ofNanos(-1),
              Duration.ofSeconds(Long.MIN_VALUE),
              PoolConfig.LONGEST_DURATION.plusNanos(1),
              Duration.ofSeconds(Long.MAX_VALUE, 999_999_999));
    } else if (type == Map.class) {
      wrong = List.of(nulls("name", null), nulls(null, "value"));
    } else if (type == List.class) {
      wrong = List.of(List.of("postgresql://app:hunter2@h/d", " "), Arrays.asList((Object) null));
    } else if (type == RetryConfig.class) {
      wrong = List.of(RetryConfig.DEFAULT.withMaxAttempts(0));
    } else if (setting.key().equals("name")) {
      wrong = List.of("", " ", "a/b", "x".repeat(65), "postgresql://u:hunter2@h/d");
    } else if (setting.key().equals("password-file")) {
      wrong = List.of("", " ", "hunter2\0");
    } else if (setting.key().equals("password-env")) {
      wrong = List.of("", " ", "hunter2=", "hunter 2");
    } else if (setting.key().equals("url")) {
      wrong = List.of("", " ");
    }
    return wrong.stream().map(type::cast).toList();
  }

  private static Map<String, String> nulls(@Nullable String name, @Nullable String value) {
    Map<String, String> map = new HashMap<>();
    put(map, name, value);
    return map;
  }

  @SuppressWarnings("NullAway") // what a caller without NullAway may give
  private static void put(Map<String, String> map, @Nullable String name, @Nullable String value) {
    map.put(name, value);
  }

  /** A builder with one more thing said. */
  static <T> PoolConfig.Builder with(Setting<T> setting, @Nullable T value) {
    return PoolConfig.builder(URL).set(setting, value);
  }

  /** What a builder is refused for. */
  static List<String> refusal(PoolConfig.Builder builder) {
    InvalidPoolConfigException refusal =
        Assertions.catchThrowableOfType(InvalidPoolConfigException.class, builder::build);
    Assertions.assertThat(refusal).isNotNull();
    return refusal.problems();
  }
}
