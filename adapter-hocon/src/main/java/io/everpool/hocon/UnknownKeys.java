package io.everpool.hocon;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * Finds the keys that mean nothing, so that a misspelt setting doesn't silently have its default.
 */
final class UnknownKeys {

  private UnknownKeys() {}

  /**
   * Looks through a pool's block; {@code named} is true if the block stands under {@code pools}.
   */
  static void in(Layer layer, boolean named, Problems problems) {
    Set<String> others = named ? Set.of() : Set.of(EverpoolConfig.POOLS);
    in(layer, PoolConfig.settings(), others, problems);
  }

  private static void in(
      Layer layer, List<Setting<?>> settings, Set<String> others, Problems problems) {
    Set<String> known = new HashSet<>(others);
    settings.forEach(setting -> known.add(Keys.within(setting)));
    for (var entry : new TreeMap<>(layer.block()).entrySet()) {
      if (!known.contains(entry.getKey())) {
        problems.add(unknown(layer.path(), entry.getKey(), entry.getValue()));
      }
    }
    for (Setting<?> setting : settings) {
      String key = Keys.within(setting);
      if (!setting.parts().isEmpty() && layer.block().get(key) instanceof ConfigObject inner) {
        in(new Layer(layer.path() + "." + key, inner), setting.parts(), Set.of(), problems);
      }
    }
  }

  private static String unknown(String path, String key, ConfigValue value) {
    Located located = new Located(path + "." + ConfigUtil.joinPath(key), value);
    return "unknown key "
        + located.shownPath()
        + Spelling.nearest(key).map(near -> "; did you mean " + near + "?").orElse("")
        + located.origin();
  }
}
