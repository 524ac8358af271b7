package io.everpool.console;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What follows the question mark of a URL. */
final class Query {
  private final Map<String, String> values = new HashMap<>();

  /**
   * @throws IllegalArgumentException if the text is wrongly encoded
   */
  Query(@Nullable String text) {
    for (String pair : text == null ? new String[0] : text.split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        values.put(decoded(pair.substring(0, equals)), decoded(pair.substring(equals + 1)));
      }
    }
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  @Nullable String get(String name) {
    return values.get(name);
  }

  /**
   * @throws IllegalArgumentException if the value is missing or no number
   */
  int number(String name) {
    String value = values.get(name);
    if (value == null || !value.matches("\\d{1,9}")) {
      throw new IllegalArgumentException(name + " is not a number");
    }
    return Integer.parseInt(value);
  }
}
