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
 * and those that only variables of the process describe. Nobody can say where a name of several
 * words ends in a variable, so the latter have one word.
 *
 * @param all by their names as they are written; of variables in lower case
 * @param idle what variables set nothing, though they begin as those of a pool do
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
                return; // it says more of one that is there anyway
              }
              if (!variable.isNumericIndex(depth) && sets(variable, word)) {
                all.add(word);
              } else {
                idle.add(place);
              }
            });
    return new PoolNames(all, List.copyOf(idle));
  }

  /** Whether it does, by the name that Spring Boot gives to it or by the one that people do. */
  private static boolean sets(ConfigurationPropertyName variable, String pool) {
    return Block.leaves().stream()
        .anyMatch(
            setting -> {
              boolean open = setting.type() == Map.class || setting.type() == List.class;
              String key = PREFIX + "." + pool + "." + setting.key();
              return Stream.of(key, key.replace('-', '.').replace('_', '.')) // MAXSIZE, MAX_SIZE
                  .map(Properties::name)
                  .anyMatch(name -> name.equals(variable) || (open && name.isAncestorOf(variable)));
            });
  }
}
