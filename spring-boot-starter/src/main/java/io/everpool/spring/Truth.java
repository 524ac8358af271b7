package io.everpool.spring;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads what is true or false, in the words that Spring's own converter takes. */
final class Truth {
  private Truth() {}

  /** The truth value, in whatever case and with blanks around it; null if it is none. */
  static @Nullable Boolean of(String text) {
    return switch (text.strip().toLowerCase(Locale.ROOT)) {
      case "true", "on", "yes", "1" -> true;
      case "false", "off", "no", "0" -> false;
      default -> null;
    };
  }
}
