package io.everpool.postgresql;

import java.util.Collection;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Finds what a misspelled name was meant to be. */
final class NearestName {

  private NearestName() {}

  /**
   * The known name that differs least, or null if none is near: at most a third of the letters are
   * other ones. Case, dashes and underscores don't count.
   */
  static @Nullable String of(String name, Collection<String> known) {
    String wanted = plain(name);
    String nearest = null;
    int least = 1 + wanted.length() / 3;
    for (String candidate : known) {
      int distance = distance(wanted, plain(candidate));
      if (distance < least) {
        least = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }

  /**
   * The known name that this one is without any doubt, or null: one letter in six may be another,
   * or have changed places with its neighbour.
   */
  static @Nullable String evident(String name, Collection<String> known) {
    String nearest = of(name, known);
    return nearest != null
            && distance(plain(name), plain(nearest)) <= Math.max(1, plain(name).length() / 6)
        ? nearest
        : null;
  }

  /** A hint to follow the words "there is no such parameter". */
  static String hint(String name, Collection<String> known) {
    String nearest = of(name, known);
    return nearest == null ? "" : "; did you mean " + nearest + "?";
  }

  private static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }

  /**
   * How many letters must be put in, taken out, changed or exchanged with their neighbour to get
   * from one to the other.
   */
  private static int distance(String from, String to) {
    int[][] least = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        least[i][j] = i == 0 || j == 0 ? i + j : step(least, from, to, i, j);
      }
    }
    return least[from.length()][to.length()];
  }

  private static int step(int[][] least, String from, String to, int i, int j) {
    int changed = least[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
    int moved = 1 + Math.min(least[i - 1][j], least[i][j - 1]);
    boolean exchanged =
        i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1);
    int either = Math.min(changed, moved);
    return exchanged ? Math.min(either, 1 + least[i - 2][j - 2]) : either;
  }
}
