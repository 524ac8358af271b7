package io.everpool.spring;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads true or false, in the words that Spring's own converter accepts. */
final class Truth {
  private Truth() {}

  /**
   * The truth value, in letters of any case and with blanks around it; null if the text is none.
   */
  static @Nullable Boolean of(String text) {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "true", "on", "yes", "1" -> true;
      case "false", "off", "no", "0" -> false;
      default -> null;
    };
  }
}
