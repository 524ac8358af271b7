package io.everpool.spring;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The names of the driver's properties, as they are spelt. In a variable nobody can say which of
 * their letters are large: {@code EVERPOOL_PROPERTIES_APPLICATIONNAME} arrives as {@code
 * applicationname}, beside the {@code ApplicationName} of a file, and the driver knows but one of
 * them.
 */
final class Spelling {
  private static final String PROPERTIES = "properties";

  private Spelling() {}

  /**
   * Has what is spelt in small letters everywhere take the spelling that another has, in whichever
   * of the blocks. Of two in one block what was in small letters counts: a variable does before a
   * file.
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

  /** The properties that a pool has for the driver; none if it has none. */
  @SuppressWarnings("unchecked") // Block makes it
  static Map<String, Object> properties(Map<String, Object> pool) {
    return pool.get(PROPERTIES) instanceof Map<?, ?> block
        ? (Map<String, Object>) block
        : new TreeMap<>();
  }

  private static boolean isSpelt(String name) {
    return !name.equals(name.toLowerCase(Locale.ROOT));
  }
}
