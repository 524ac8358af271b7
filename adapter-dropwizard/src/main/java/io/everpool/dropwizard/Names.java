package io.everpool.dropwizard;

import java.util.Locale;

/** Converts a name from one way of writing into the other. */
final class Names {
  private Names() {}

  /** Makes {@code max-size} of {@code maxSize}; a name in kebab case stays as it is. */
  static String kebab(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }

  /** Makes {@code maxSize} of {@code max-size}; Dropwizard writes names this way. */
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
