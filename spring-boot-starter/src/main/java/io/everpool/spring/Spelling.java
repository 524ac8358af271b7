package io.everpool.spring;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The names of the driver's properties, as they are spelt. A variable can't say which of its
 * letters are capitals: {@code EVERPOOL_PROPERTIES_APPLICATIONNAME} arrives as {@code
 * applicationname}, beside the {@code ApplicationName} of a file, and the driver knows only one of
 * the two.
 */
final class Spelling {
  private static final String PROPERTIES = "properties";

  private Spelling() {}

  /**
   * Gives a name that is spelt in small letters the spelling that it has elsewhere, in any of the
   * blocks. If one block has both, the value of the name in small letters counts, because a
   * variable counts before a file.
   */
  static void unify(List<Map<String, Object>> blocks) {
    Set<String> spelt = new TreeSet<>();
    blocks.forEach(block -> block.keySet().stream().filter(Spelling::isSpelt).forEach(spelt::add));
    for (Map<String, Object> block : blocks) {
      for (String name : spelt) {
        Object value = block.remove(name.toLowerCase(Locale.ROOT));
        if (value != null) {
          block.put(name, value);
        }
      }
    }
  }

  /** A pool's properties for the driver; empty if it has none. */
  @SuppressWarnings("unchecked") // Block makes this map
  static Map<String, Object> properties(Map<String, Object> pool) {
    return pool.get(PROPERTIES) instanceof Map<?, ?> block
        ? (Map<String, Object>) block
        : new TreeMap<>();
  }

  private static boolean isSpelt(String name) {
    return !name.equals(name.toLowerCase(Locale.ROOT));
  }
}
