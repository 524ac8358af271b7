package io.everpool.hocon;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import io.everpool.api.EditDistance;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Looks at what nobody has asked for yet: a block whose name is nearly ours, and the pools that
 * aren't loaded. A setting that is misspelt there has no effect, and is found when it is too late.
 */
final class Structure {

  /** How many letters of a name may differ from {@code everpool}. */
  private static final int NEAR = 2;

  private Structure() {}

  /** Adds a problem for each block beside ours that was most likely meant to be ours. */
  static void refuseNearMisses(ConfigObject root, Problems problems) {
    for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(root).entrySet()) {
      String key = entry.getKey();
      Located located = new Located(ConfigUtil.joinPath(key), entry.getValue());
      if (key.startsWith(EverpoolConfig.ROOT + ".")) {
        problems.add(
            located, "is one key, because of its quotes, and has no effect; write it without them");
      } else if (!key.equals(EverpoolConfig.ROOT)
          && EditDistance.between(Keys.kebab(key), EverpoolConfig.ROOT) <= NEAR
          && entry.getValue() instanceof ConfigObject block
          && holdsSettings(block)) {
        problems.add(located, "has no effect; did you mean " + EverpoolConfig.ROOT + "?");
      }
    }
  }

  private static boolean holdsSettings(ConfigObject block) {
    List<String> keys = Keys.ALL;
    return block.keySet().stream()
        .map(Keys::kebab)
        .anyMatch(key -> keys.contains(key) || key.equals(EverpoolConfig.POOLS));
  }

  /**
   * Adds a problem for each unknown key in the blocks under {@code pools}, except in the one that
   * is loaded.
   */
  static void refuseUnknownKeys(ConfigObject pools, String loaded, Problems problems) {
    for (Map.Entry<String, ConfigValue> entry : new TreeMap<>(pools).entrySet()) {
      if (!entry.getKey().equals(loaded) && entry.getValue() instanceof ConfigObject block) {
        UnknownKeys.in(new Layer(EverpoolConfig.path(entry.getKey()), block), true, problems);
      }
    }
  }
}
