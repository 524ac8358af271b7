package io.everpool.dropwizard;

import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads true or false, in letters of any case, and nothing else. */
final class Truth {
  private Truth() {}

  /**
   * Reads what a key says.
   *
   * @param settings returns null for a setting that isn't set
   * @param problems is told if the value is neither true nor false
   */
  static @Nullable Boolean of(
      String key, UnaryOperator<@Nullable String> settings, List<String> problems) {
    String value = settings.apply(key);
    if (value == null) {
      return null;
    }
    Boolean truth = parse(value);
    if (truth == null) {
      problems.add(Names.camel(key) + " must be true or false");
    }
    return truth;
  }

  /** The truth value; null if the text is none. */
  static @Nullable Boolean parse(String text) {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "true" -> true;
      case "false" -> false;
      default -> null;
    };
  }
}
