package io.everpool.hocon;

import io.everpool.api.EditDistance;
import java.util.Map;
import java.util.Optional;

/** Guesses which setting somebody meant. */
final class Spelling {

  /** Names that other pools, or common sense, have for our settings. */
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
      int distance = EditDistance.between(wanted, key.substring(key.indexOf('.') + 1));
      if (distance < least) {
        nearest = key;
        least = distance;
      }
    }
    return least <= Math.max(1, wanted.length() / 3)
        ? Optional.ofNullable(nearest)
        : Optional.empty();
  }
}
