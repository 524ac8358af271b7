package io.everpool.dropwizard;

import java.util.Locale;

/** One name in two ways of writing. */
final class Names {
  private Names() {}

  /** {@code maxSize} as {@code max-size}, which it may be already. */
  static String kebab(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }

  /** {@code max-size} as {@code maxSize}, which is how Dropwizard writes. */
  static String camel(String kebab) {
    StringBuilder camel = new StringBuilder();
    for (String word : kebab.split("-", -1)) {
      boolean first = camel.length() == 0;
      camel.append(
          first || word.isEmpty()
              ? word
              : word.substring(0, 1).toUpperCase(Locale.ROOT) + word.substring(1));
    }
    return camel.toString();
  }
}
