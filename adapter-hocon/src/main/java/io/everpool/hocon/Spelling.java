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
          Map.entry("data-source-properties", "properties"),
          Map.entry("connection-properties", "properties"),
          Map.entry("db-properties", "properties"),
          Map.entry("minimum-idle", "min-size"),
          Map.entry("min-idle", "min-size"),
          Map.entry("initial-size", "min-size"),
          Map.entry("maximum-pool-size", "max-size"),
          Map.entry("pool-size", "max-size"),
          Map.entry("max-active", "max-size"),
          Map.entry("max-total", "max-size"),
          Map.entry("max-age", "max-lifetime"),
          Map.entry("max-conn-lifetime-millis", "max-lifetime"),
          Map.entry("min-evictable-idle-time-millis", "idle-timeout"),
          Map.entry("keepalive-time", "health-check-interval"),
          Map.entry("time-between-eviction-runs-millis", "health-check-interval"),
          Map.entry("statement-timeout", "command-timeout"),
          Map.entry("default-query-timeout", "command-timeout"),
          Map.entry("connection-timeout", "acquire-timeout"),
          Map.entry("max-wait", "acquire-timeout"),
          Map.entry("max-wait-millis", "acquire-timeout"),
          Map.entry("validation-query-timeout", "validation-timeout"),
          Map.entry("leak-detection-threshold", "leak-threshold"),
          Map.entry("remove-abandoned-timeout", "leak-threshold"),
          Map.entry("initialization-fail-timeout", "fail-fast"),
          Map.entry("init-sql", "connection-init-sql"));

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
