package io.everpool.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the Javadoc says of a default by hand is what the table of settings has. */
class SettingCommentsTest {
  private static final Pattern NUMBER = Pattern.compile("\\b\\d+(?: (?:ms|s|min|h)\\b)?");

  private static Map<String, String> comments = Map.of();

  @BeforeAll
  static void read() throws Exception {
    comments = DocComments.in(Path.of("src/main/java"));
  }

  private static List<String> numbers(String comment) {
    return NUMBER.matcher(comment).results().map(found -> found.group()).toList();
  }

  /** As a comment has it: 20, 20 ms, 16 s. */
  private static String written(@Nullable Object value) {
    if (!(value instanceof Duration duration)) {
      return String.valueOf(value);
    }
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " s"
        : duration.toMillis() + " ms";
  }

  static Stream<Setting<?>> all() {
    return Samples.all();
  }

  @ParameterizedTest
  @MethodSource("all")
  void aBuildersMethodNamesNoNumberButItsDefault(Setting<?> setting) {
    Class<?> builder =
        setting.key().contains(".") ? RetryConfig.Builder.class : PoolConfig.Builder.class;
    String method = builder.getCanonicalName() + "." + setting.name();
    assertThat(comments).containsKey(method);
    assertThat(numbers(comments.get(method)))
        .as(comments.get(method))
        .isSubsetOf(written(setting.defaultValue()));
  }

  @Test
  void theDefaultOfRetriesIsDescribedAsItIs() {
    String comment = comments.get(RetryConfig.class.getCanonicalName() + ".DEFAULT");
    assertThat(numbers(comment.replaceFirst("(?i)\\bfive\\b", "5")))
        .as(comment)
        .containsExactlyInAnyOrder(
            written(RetrySettings.MAX_ATTEMPTS.defaultValue()),
            written(RetrySettings.MAX_DURATION.defaultValue()),
            written(RetrySettings.INITIAL_BACKOFF.defaultValue()),
            written(RetrySettings.MAX_BACKOFF.defaultValue()));
    boolean on = Boolean.TRUE.equals(RetrySettings.COMMIT_OUTCOME.defaultValue());
    assertThat(comment).containsPattern("commit outcome.* " + (on ? "on" : "off"));
  }
}
