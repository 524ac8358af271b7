package io.everpool.dropwizard;

import io.everpool.api.PoolConfig;
import org.jspecify.annotations.Nullable;

/**
 * Gives the pools of one block their names. Several pools share one registry of metrics, in which
 * each needs a name of its own: a {@code name} in the block is the first pool's name, and the names
 * of the others begin with it. Not thread-safe.
 */
final class PoolNames {
  /** How long a name may be, so that {@code -reader-99} fits behind it. */
  private static final int LONGEST = 54;

  private final @Nullable String given;

  /** The name by which that pool was built that has the block's name for itself. */
  private @Nullable String first;

  /**
   * @param given the block's {@code name}; null if it has none
   */
  PoolNames(@Nullable String given) {
    this.given = given;
  }

  /**
   * Returns the name of a pool.
   *
   * @param built what the factory calls the pool; the same text gives the same name again
   */
  String of(String built) {
    if (given == null) {
      return cut(possible(built), LONGEST);
    }
    if (first == null || first.equals(built)) {
      first = built;
      return given;
    }
    String end = "-" + cut(possible(built), LONGEST / 2);
    return cut(given, LONGEST - end.length()) + end;
  }

  private static String possible(String name) {
    String possible = name.replaceAll("[^A-Za-z0-9._-]", "-");
    return possible.isEmpty() ? PoolConfig.builder("none").build().name() : possible;
  }

  private static String cut(String name, int longest) {
    return name.substring(0, Math.min(name.length(), longest));
  }
}
