package io.everpool.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

/**
 * Which pools there are below {@code everpool.pools}: those that a file or the command line names,
 * and those that only variables of the process describe. In a variable nobody can tell where a name
 * of several words ends, so the latter pools have names of one word.
 *
 * @param all the names as they are written; those from variables in lower case
 * @param idle variables that have no effect, though they begin like those of a pool
 */
record PoolNames(SortedSet<String> all, List<String> idle) {
  private static final String PREFIX = SpringSettings.ROOT + "." + SpringSettings.POOLS;

  static PoolNames in(Properties properties) {
    SortedSet<String> written = properties.children(PREFIX);
    SortedSet<String> all = new TreeSet<>(written);
    List<String> idle = new ArrayList<>();
    int depth = Properties.name(PREFIX).getNumberOfElements();
    properties
        .variablesBelow(PREFIX)
        .forEach(
            (variable, place) -> {
              String word = variable.getElement(depth, Form.ORIGINAL);
              if (written.stream().anyMatch(name -> sets(variable, name))) {
                return; // the variable belongs to a pool that is there anyway
              }
              if (!variable.isNumericIndex(depth) && sets(variable, word)) {
                all.add(word);
              } else {
                idle.add(place);
              }
            });
    return new PoolNames(all, List.copyOf(idle));
  }

  /**
   * Whether the variable sets something of the pool, by the name that Spring Boot gives to such a
   * variable or by the one that people use.
   */
  private static boolean sets(ConfigurationPropertyName variable, String pool) {
    return Block.leaves().stream()
        .anyMatch(
            setting -> {
              boolean open = setting.type() == Map.class || setting.type() == List.class;
              String key = PREFIX + "." + pool + "." + setting.key();
              return Stream.of(key, key.replace('-', '.').replace('_', '.')) // MAXSIZE, or MAX_SIZE
                  .map(Properties::name)
                  .anyMatch(name -> name.equals(variable) || (open && name.isAncestorOf(variable)));
            });
  }
}
