package io.everpool.hocon;

import com.typesafe.config.ConfigValue;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads one pool; each object is used once. */
final class PoolReader {

  /** How a refusal of {@link PoolConfig} begins, after the key. */
  private static final Pattern VALUE = Pattern.compile("^ (?:is (?!missing)[^;]*|\\([^)]*\\))");

  /** What {@link PoolConfig} says of a URL that is missing. */
  private static final String NO_URL = "url is missing; set it";

  private final Problems problems;
  private final ValueReader values;

  /**
   * The values that were found, by key; they tell where a value stands that {@link PoolConfig}
   * refuses.
   */
  private final Map<String, Located> found = new LinkedHashMap<>();

  /** Keys whose value couldn't be read; their default is used until the problems are thrown. */
  private final List<String> unread = new ArrayList<>();

  private final Secrets secrets;

  PoolReader(Problems problems, Secrets secrets) {
    this.problems = problems;
    this.secrets = secrets;
    this.values = new ValueReader(problems, secrets);
  }

  /**
   * Finds what is wrong with a pool that nobody loads now; a missing URL is no problem, for it may
   * come later.
   */
  void examine(Layers layers, String poolName) {
    make(layers, poolName, false);
  }

  /**
   * @param poolName the key of a named pool, which is its name; null for the pool of the root block
   */
  PoolConfig read(Layers layers, @Nullable String poolName) {
    PoolConfig config = make(layers, poolName, true);
    problems.throwIfAny();
    return Objects.requireNonNull(config, "a refusal is a problem");
  }

  /** The pool, or null after a problem was added. */
  private @Nullable PoolConfig make(Layers layers, @Nullable String poolName, boolean urlRequired) {
    refuseUnknownKeys(layers, poolName);
    PoolConfig.Builder builder = PoolConfig.builder(urlRequired ? "" : "not set yet");
    Layers readable = layers;
    if (poolName != null) {
      builder.name(poolName);
      readable = withoutOthersReaders(withoutNames(layers));
    }
    for (Setting<?> setting : PoolConfig.settings()) {
      read(setting, readable, builder);
    }
    try {
      return builder.build();
    } catch (InvalidPoolConfigException refused) {
      for (String problem : refused.problems()) {
        addRefusal(layers.path(), problem.equals(NO_URL) ? problem + whoMaySay() : problem);
      }
      return null;
    }
  }

  private <T> void read(Setting<T> setting, Layers layers, PoolConfig.Builder builder) {
    String key = Keys.within(setting);
    if (!setting.parts().isEmpty()) {
      Layers blocks = layers.under(key, problems);
      setting.parts().forEach(part -> read(part, blocks, builder));
      return;
    }
    Located located = layers.find(key);
    if (located == null) {
      return;
    }
    found.put(setting.key(), located);
    if (setting.type() == Map.class) {
      Map<String, String> places = new LinkedHashMap<>();
      builder.set(setting, setting.type().cast(values.flat(layers.under(key, problems), places)));
      places.forEach((name, place) -> builder.origin(setting.key() + "." + name, place));
    } else if (setting.type() == List.class && !located.isNull()) {
      List<String> list = values.list(located);
      if (list == null) {
        unread.add(setting.key());
      } else {
        builder.set(setting, setting.type().cast(list));
      }
    } else if (!located.isNull()) {
      T value = values.read(setting, located);
      if (value == null) {
        unread.add(setting.key());
      } else if (located.isDefault() && setting.defaultValue() != null) {
        builder.setDefault(setting, value);
      } else if (!isNone(setting, value)) {
        builder.set(setting, value).origin(setting.key(), located.place());
      }
    } else if (setting.defaultValue() != null) {
      unread.add(setting.key());
      problems.add(located, "is null; leave it out to have its default");
    }
  }

  /**
   * Whether the value is an empty text of a setting that may be left out. An environment variable
   * that is set to nothing says no more than one that isn't set.
   */
  private static boolean isNone(Setting<?> setting, Object value) {
    return setting.defaultValue() == null && value instanceof String text && text.isBlank();
  }

  /**
   * Leaves the names out of the blocks: a named pool is called by its key, and a name in the block
   * would be a second one.
   */
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

  /**
   * Leaves out the readers of blocks below the first URL: the replicas of one database aren't those
   * of another, so readers are inherited only together with the URL.
   */
  private static Layers withoutOthersReaders(Layers layers) {
    List<Layer> own = new ArrayList<>();
    boolean elsewhere = false;
    for (Layer layer : layers.layers()) {
      own.add(elsewhere ? new Layer(layer.path(), layer.block().withoutKey("readers")) : layer);
      elsewhere |= layer.block().containsKey("url");
    }
    return new Layers(own);
  }

  private void refuseUnknownKeys(Layers layers, @Nullable String poolName) {
    for (Layer layer : layers.layers()) {
      boolean own = poolName != null && layer.equals(layers.layers().get(0));
      UnknownKeys.in(layer, own, problems);
    }
  }

  /**
   * What a message about a missing URL adds about the environment: {@code reference.conf} reads
   * NEON_DB_URL, but a Config may be without {@code reference.conf}.
   */
  private String whoMaySay() {
    return found.values().stream().anyMatch(Located::isDefault)
        ? ", or NEON_DB_URL in the environment"
        : "";
  }

  /**
   * Adds a refusal with the place of the refused value. A refusal that comes only from a value that
   * couldn't be read is left out.
   */
  private void addRefusal(String path, String problem) {
    for (String key : unread) {
      if (Pattern.compile("(?<![\\w.-])" + Pattern.quote(key) + "(?![\\w.-])")
          .matcher(problem)
          .find()) {
        return;
      }
    }
    for (String key : Keys.ALL) {
      if (problem.startsWith(key + " ")) {
        Located located = found.get(key);
        problems.add(
            located == null
                ? path + "." + problem
                : located.shownPath()
                    + withoutSecret(located, problem.substring(key.length()))
                    + located.origin());
        return;
      }
    }
    problems.add(problem);
  }

  /** The text of a refusal, without the value if that may have come from a wrong variable. */
  private String withoutSecret(Located located, String text) {
    return secrets.cameFromElsewhere(located, ValueReader.text(located.value()))
        ? VALUE.matcher(text).replaceFirst(" is a value that isn't shown")
        : text;
  }
}
