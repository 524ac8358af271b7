package io.everpool.hocon;

import java.util.Map;
import java.util.Optional;

/** Guesses which setting somebody meant. */
final class Spelling {

  /** What other pools, or common sense, call our settings. */
  static final Map<String, String> ELSEWHERE =
      Map.ofEntries(
          Map.entry("jdbc-url", "url"),
          Map.entry("uri", "url"),
          Map.entry("username", "user"),
          Map.entry("pool-name", "name"),
          Map.entry("maximum-pool-size", "max-size"),
          Map.entry("pool-size", "max-size"),
          Map.entry("minimum-idle", "min-size"),
          Map.entry("connection-timeout", "acquire-timeout"),
          Map.entry("statement-timeout", "command-timeout"),
          Map.entry("keepalive-time", "health-check-interval"),
          Map.entry("leak-detection-threshold", "leak-threshold"),
          Map.entry("initialization-fail-timeout", "fail-fast"),
          Map.entry("data-source-properties", "properties"));

  private Spelling() {}

  /** The known key that {@code written} most likely stands for, with its path in the pool. */
  static Optional<String> nearest(String written) {
    String wanted = Keys.kebab(written);
    String elsewhere = ELSEWHERE.get(wanted);
    if (elsewhere != null) {
      return Optional.of(elsewhere);
    }
    String nearest = null;
    int least = Integer.MAX_VALUE;
    for (String key : Keys.ALL) {
      int distance = distance(wanted, key.substring(key.indexOf('.') + 1));
      if (distance < least) {
        nearest = key;
        least = distance;
      }
    }
    return least <= Math.max(1, wanted.length() / 3)
        ? Optional.ofNullable(nearest)
        : Optional.empty();
  }

  /** Letters to insert, drop, replace or swap with their neighbour to get from one to the other. */
  static int distance(String from, String to) {
    int[][] table = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          table[i][j] = i + j;
          continue;
        }
        int replaced = from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1;
        table[i][j] =
            Math.min(
                table[i - 1][j - 1] + replaced, Math.min(table[i - 1][j], table[i][j - 1]) + 1);
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          table[i][j] = Math.min(table[i][j], table[i - 2][j - 2] + 1);
        }
      }
    }
    return table[from.length()][to.length()];
  }
}
