package io.everpool.spring;

import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;

/**
 * The block of one pool as HOCON writes it, made of the properties below one prefix: {@code
 * everpool}, or {@code everpool.pools.orders}. The table of settings says which keys there are, and
 * HOCON's reader says what is wrong with a value.
 */
final class Block {
  /**
   * Keys of texts that may be left out: if such a text is blank it counts as not set, as with
   * HOCON's reader.
   */
  private static final Set<String> OPTIONAL =
      leaves().stream()
          .filter(setting -> setting.type() == String.class && setting.defaultValue() == null)
          .map(Setting::key)
          .collect(Collectors.toUnmodifiableSet());

  private final String prefix;

  /** Values, and blocks of values. */
  private final Map<String, Object> entries = new TreeMap<>();

  private Block(String prefix) {
    this.prefix = prefix;
  }

  /**
   * Makes the block that the properties describe.
   *
   * @param others names directly below the prefix that are no settings and are ignored
   */
  static Block of(Properties properties, String prefix, Set<String> others) {
    Block block = new Block(prefix);
    List<ConfigurationPropertyName> known = new ArrayList<>();
    others.forEach(name -> known.add(Properties.name(prefix + "." + name)));
    for (Setting<?> setting : leaves()) {
      block.read(properties, setting);
      known.add(Properties.name(prefix + "." + setting.key()));
    }
    for (Found found : properties.below(prefix)) {
      if (known.stream().noneMatch(name -> covers(name, found.name()))) {
        block.putUnknown(found);
      }
    }
    return block;
  }

  /** Every setting that is one value; for a setting that is a block, its parts. */
  static List<Setting<?>> leaves() {
    List<Setting<?>> leaves = new ArrayList<>();
    for (Setting<?> setting : PoolConfig.settings()) {
      leaves.addAll(setting.parts().isEmpty() ? List.of(setting) : setting.parts());
    }
    return leaves;
  }

  private static boolean covers(ConfigurationPropertyName known, ConfigurationPropertyName name) {
    return known.equals(name) || known.isAncestorOf(name);
  }

  private void read(Properties properties, Setting<?> setting) {
    String name = prefix + "." + setting.key();
    if (setting.type() == Map.class) {
      Map<String, String> map = properties.map(name);
      Found whole = properties.find(name);
      // this is a null of YAML, which takes back what the outer block says
      if (map.isEmpty() && whole != null) {
        put(List.of(setting.key()), ConfigValueFactory.fromAnyRef(null, whole.place()));
      }
      map.forEach((key, value) -> put(List.of(setting.key(), key), value(value, name)));
    } else if (setting.type() == List.class) {
      List<String> list = properties.list(name);
      if (list != null) {
        put(List.of(setting.key()), ConfigValueFactory.fromIterable(list, name));
      }
    } else {
      Found found = properties.find(name);
      if (found != null) {
        put(path(setting.key()), value(found.value(), found.place()));
      }
    }
  }

  /** Adds an unknown key as it is written, so that the reader can say what may have been meant. */
  private void putUnknown(Found found) {
    int depth = Properties.name(prefix).getNumberOfElements();
    List<String> rest = new ArrayList<>();
    for (int i = depth; i < found.name().getNumberOfElements(); i++) {
      rest.add(found.name().getElement(i, Form.ORIGINAL));
    }
    String first = rest.get(0);
    boolean inner =
        rest.size() > 1
            && PoolConfig.settings().stream()
                .anyMatch(setting -> !setting.parts().isEmpty() && setting.key().equals(first));
    List<String> path =
        inner
            ? List.of(first, String.join(".", rest.subList(1, rest.size())))
            : List.of(String.join(".", rest));
    put(path, value(found.value(), found.place()));
  }

  private static List<String> path(String key) {
    return List.of(key.split("\\.", -1));
  }

  private static ConfigValue value(String value, String place) {
    return ConfigValueFactory.fromAnyRef(value, place);
  }

  private void put(List<String> path, ConfigValue value) {
    block(path).put(path.get(path.size() - 1), value);
  }

  /** The block that contains the last name of {@code path}; it is made if there is none. */
  @SuppressWarnings("unchecked") // the map is made here and nowhere else
  private Map<String, Object> block(List<String> path) {
    Map<String, Object> at = entries;
    for (String key : path.subList(0, path.size() - 1)) {
      Object inner = at.get(key);
      if (!(inner instanceof Map)) {
        inner = new TreeMap<String, Object>(); // this replaces a value, which is no block then
        at.put(key, inner);
      }
      at = (Map<String, Object>) inner;
    }
    return at;
  }

  /** Whether a key is set; a blank counts as not set. */
  boolean has(String key) {
    return entries.containsKey(key) && !isNone(key);
  }

  /** Whether a key is left blank, and may be. */
  private boolean isNone(String key) {
    return OPTIONAL.contains(key)
        && entries.get(key) instanceof ConfigValue value
        && value.unwrapped() instanceof String text
        && text.isBlank();
  }

  /** Sets the value at {@code key} if nothing is set there. */
  void putDefault(String key, Found found) {
    if (isNone(key)) {
      remove(key);
    }
    putDefault(path(key), found);
  }

  /** Does the same as {@link #putDefault(String, Found)}, for a key in a block of free names. */
  void putDefault(List<String> path, Found found) {
    block(path).putIfAbsent(path.get(path.size() - 1), value(found.value(), found.place()));
  }

  /** Sets the value at {@code key}, whatever was set before. */
  void replace(String key, Found found) {
    put(path(key), value(found.value(), found.place()));
  }

  /** Takes back what was set at {@code key}. */
  void remove(String key) {
    entries.remove(key);
  }

  /** The values and blocks of this block, by their names. */
  Map<String, Object> entries() {
    return entries;
  }
}
