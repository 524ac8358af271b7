package io.everpool.postgresql.url;

import io.everpool.api.EditDistance;
import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds what a misspelled name was meant to be. */
final class NearestName {

  private NearestName() {}

  /**
   * The known name that differs least, or null if none is near. At most a third of the letters may
   * differ; case, dashes and underscores don't count.
   */
  static @Nullable String of(String name, Collection<String> known) {
    String wanted = plain(name);
    String nearest = null;
    int least = 1 + wanted.length() / 3;
    for (String candidate : known) {
      int distance = EditDistance.between(wanted, plain(candidate));
      if (distance < least) {
        least = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }

  /**
   * The known name that is meant without any doubt, or null. One letter in six may differ, or have
   * changed places with its neighbour.
   */
  static @Nullable String evident(String name, Collection<String> known) {
    String nearest = of(name, known);
    return nearest != null
            && EditDistance.between(plain(name), plain(nearest))
                <= Math.max(1, plain(name).length() / 6)
        ? nearest
        : null;
  }

  /** A hint that follows the words "there is no such parameter". */
  static String hint(String name, Collection<String> known) {
    String nearest = of(name, known);
    return nearest == null ? "" : "; did you mean " + nearest + "?";
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }
}
