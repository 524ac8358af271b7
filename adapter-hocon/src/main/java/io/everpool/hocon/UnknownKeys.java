package io.everpool.hocon;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import io.everpool.api.PoolConfig;
import io.everpool.hocon.Settings.Setting;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Finds the keys that mean nothing; a misspelt setting must not just be its default. */
final class UnknownKeys {

  private UnknownKeys() {}

  /** Looks through a pool's block; {@code named} if it stands under {@code pools}. */
  static void in(Layer layer, boolean named, Problems problems) {
    in(layer, PoolConfig.class, named, problems);
  }

  private static void in(Layer layer, Class<?> record, boolean named, Problems problems) {
    Set<String> known = Settings.of(record).stream().map(Setting::key).collect(Collectors.toSet());
    if (record == PoolConfig.class && !named) {
      known.add(EverpoolConfig.POOLS);
    }
    for (var entry : new TreeMap<>(layer.block()).entrySet()) {
      if (!known.contains(entry.getKey())) {
        problems.add(unknown(layer.path(), entry.getKey(), entry.getValue()));
      }
    }
    for (Setting setting : Settings.of(record)) {
      if (setting.isRecord() && layer.block().get(setting.key()) instanceof ConfigObject inner) {
        in(new Layer(layer.path() + "." + setting.key(), inner), setting.type(), named, problems);
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
