package io.everpool.dropwizard;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads what is true or false, and nothing else. */
final class Truth {
  private Truth() {}

  /**
   * What a key says.
   *
   * @param settings gives null for what nobody says
   * @param problems is told if it is neither
   */
  static @Nullable Boolean of(
      String key, UnaryOperator<@Nullable String> settings, List<String> problems) {
    String value = settings.apply(key);
    if (value == null) {
      return null;
    }
    if (!value.equals("true") && !value.equals("false")) {
      problems.add(Names.camel(key) + " must be true or false");
    }
    return value.equals("true");
  }
}
