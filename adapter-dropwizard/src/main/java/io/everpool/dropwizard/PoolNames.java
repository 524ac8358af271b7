package io.everpool.dropwizard;

import io.everpool.api.PoolConfig;
import org.jspecify.annotations.Nullable;

/**
 * What the pools of one block are called. Several have one registry of metrics, in which each needs
 * a name of its own: a {@code name} in the block is that of the first, and of the others the
 * beginning. Not thread-safe.
 */
final class PoolNames {
  /** So long that {@code -reader-99} finds room behind it. */
  private static final int LONGEST = 54;

  private final @Nullable String given;

  /** What the pool was built as that has the given name for itself. */
  private @Nullable String first;

  /**
   * @param given the block's {@code name}; null where it has none
   */
  PoolNames(@Nullable String given) {
    this.given = given;
  }

  /**
   * The name of a pool.
   *
   * @param built what the factory calls it; the same gives the same name again
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
