package io.everpool.hocon;

import com.typesafe.config.ConfigValue;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.hocon.Settings.Setting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads one pool; used once. */
final class PoolReader {

  private final Problems problems;
  private final ValueReader values;

  /** What was found, by key; to say where a value stands that {@link PoolConfig} refuses. */
  private final Map<String, Located> found = new LinkedHashMap<>();

  /** Keys whose value couldn't be read; their default stands in until the problems are thrown. */
  private final List<String> unread = new ArrayList<>();

  PoolReader(Problems problems) {
    this.problems = problems;
    this.values = new ValueReader(problems);
  }

  /**
   * @param poolName the key of a named pool, which is its name; null for the pool of the root block
   */
  PoolConfig read(Layers layers, @Nullable String poolName) {
    refuseUnknownKeys(layers, poolName);
    Map<String, @Nullable Object> defaults = Settings.defaults();
    Layers readable = layers;
    if (poolName != null) {
      defaults.put("name", poolName);
      readable = withoutNames(layers);
    }
    Map<String, @Nullable Object> read = read(PoolConfig.class, "", readable, defaults);
    PoolConfig config = null;
    try {
      config = Settings.make(PoolConfig.class, read);
    } catch (InvalidPoolConfigException refused) {
      for (String problem : refused.problems()) {
        addRefusal(layers.path(), problem);
      }
    }
    problems.throwIfAny();
    return Objects.requireNonNull(config, "a refusal is a problem");
  }

  private Map<String, @Nullable Object> read(
      Class<? extends Record> record,
      String prefix,
      Layers layers,
      Map<String, @Nullable Object> defaults) {
    Map<String, @Nullable Object> result = new LinkedHashMap<>(defaults);
    for (Setting setting : Settings.of(record)) {
      String key = prefix + setting.key();
      Object fallback = defaults.get(setting.key());
      if (setting.isRecord() && fallback instanceof Record inner) {
        Layers blocks = layers.under(setting.key(), problems);
        result.put(setting.key(), readInner(inner, key + ".", blocks));
        continue;
      }
      Located located = layers.find(setting.key());
      if (located == null) {
        continue;
      }
      found.put(key, located);
      if (setting.isMap()) {
        result.put(setting.key(), values.flat(layers.under(setting.key(), problems)));
      } else if (!located.isNull()) {
        Object value = values.read(setting.type(), located);
        if (value == null) {
          unread.add(key);
        } else {
          result.put(setting.key(), value);
        }
      } else if (fallback != null && !fallback.equals("")) {
        unread.add(key);
        problems.add(located, "is null; leave it out to have its default");
      }
    }
    return result;
  }

  private Record readInner(Record defaults, String prefix, Layers blocks) {
    Class<? extends Record> type = defaults.getClass();
    return Settings.make(type, read(type, prefix, blocks, Settings.values(defaults)));
  }

  /** The name of a named pool is its key: one that is written down would be another. */
  private Layers withoutNames(Layers layers) {
    List<Layer> nameless = new ArrayList<>();
    for (Layer layer : layers.layers()) {
      nameless.add(new Layer(layer.path(), layer.block().withoutKey("name")));
    }
    ConfigValue written = layers.layers().get(0).block().get("name");
    if (written != null) {
      problems.add(
          new Located(layers.path() + ".name", written),
          "must go: a pool under " + EverpoolConfig.POOLS + " is called by its key");
    }
    return new Layers(nameless);
  }

  private void refuseUnknownKeys(Layers layers, @Nullable String poolName) {
    for (Layer layer : layers.layers()) {
      boolean own = poolName != null && layer.equals(layers.layers().get(0));
      UnknownKeys.in(layer, own, problems);
    }
  }

  /** Says where the refused value stands; a refusal that is due to an unread value is none. */
  private void addRefusal(String path, String problem) {
    for (String key : unread) {
      if (Pattern.compile("(?<![\\w.-])" + Pattern.quote(key) + "(?![\\w.-])")
          .matcher(problem)
          .find()) {
        return;
      }
    }
    for (String key : Settings.keys()) {
      if (problem.startsWith(key + " ")) {
        Located located = found.get(key);
        problems.add(
            located == null
                ? path + "." + problem
                : located.path() + problem.substring(key.length()) + located.origin());
        return;
      }
    }
    problems.add(problem);
  }
}
