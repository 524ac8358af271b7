package io.everpool.hocon;

import com.typesafe.config.ConfigValue;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.RetryConfig;
import io.everpool.hocon.Settings.Setting;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads one pool; used once. */
final class PoolReader {

  /** How a refusal of {@link PoolConfig} begins, after the key. */
  private static final Pattern VALUE = Pattern.compile("^ (?:is (?!missing)[^;]*|\\([^)]*\\))");

  private final Problems problems;
  private final ValueReader values;

  /** What was found, by key; to say where a value stands that {@link PoolConfig} refuses. */
  private final Map<String, Located> found = new LinkedHashMap<>();

  /** Keys whose value couldn't be read; their default stands in until the problems are thrown. */
  private final List<String> unread = new ArrayList<>();

  private final Secrets secrets;

  PoolReader(Problems problems, Secrets secrets) {
    this.problems = problems;
    this.secrets = secrets;
    this.values = new ValueReader(problems, secrets);
  }

  /** Finds what is wrong with a pool that nobody loads now; its URL may come later. */
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
    Map<String, @Nullable Object> defaults = Settings.defaults();
    Layers readable = layers;
    if (poolName != null) {
      defaults.put("name", poolName);
      readable = withoutNames(layers);
    }
    Map<String, @Nullable Object> read = read(PoolConfig.class, "", readable, defaults);
    giveWay(read, "", "min-size", "max-size");
    if (!urlRequired && "".equals(read.get("url"))) {
      read.put("url", "not set yet");
    }
    try {
      return Settings.make(PoolConfig.class, read);
    } catch (InvalidPoolConfigException refused) {
      for (String problem : refused.problems()) {
        addRefusal(layers.path(), problem);
      }
      return null;
    }
  }

  /** Of two that must be in order, the one that nobody has set gives way to the other. */
  private void giveWay(
      Map<String, @Nullable Object> read, String prefix, String lower, String upper) {
    boolean ordered =
        read.get(lower) instanceof Comparable<?> low
            && read.get(upper) instanceof Comparable<?> high
            && compare(low, high) <= 0;
    if (ordered) {
      return;
    }
    if (!said(prefix + lower) && said(prefix + upper)) {
      read.put(lower, nearest(read.get(upper), read.get(lower)));
    } else if (!said(prefix + upper) && said(prefix + lower)) {
      read.put(upper, nearest(read.get(lower), read.get(upper)));
    }
  }

  /** To a value that can't work nothing gives way, so that it alone is refused. */
  private static @Nullable Object nearest(@Nullable Object said, @Nullable Object unsaid) {
    if (said instanceof Integer number) {
      return number > PoolConfig.LARGEST_POOL ? unsaid : (Integer) Math.max(0, number);
    }
    return said instanceof Duration duration
            && (duration.compareTo(Duration.ZERO) <= 0
                || duration.compareTo(PoolConfig.LONGEST_DURATION) > 0)
        ? unsaid
        : said;
  }

  @SuppressWarnings("unchecked") // two numbers or two durations
  private static int compare(Comparable<?> one, Comparable<?> other) {
    return ((Comparable<Object>) one).compareTo(other);
  }

  private boolean said(String key) {
    Located located = found.get(key);
    return located != null && !located.isDefault();
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
    Map<String, @Nullable Object> read = read(type, prefix, blocks, Settings.values(defaults));
    if (type == RetryConfig.class) {
      giveWay(read, prefix, "initial-backoff", "max-backoff");
    }
    return Settings.make(type, read);
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
                : located.shownPath()
                    + withoutSecret(located, problem.substring(key.length()))
                    + located.origin());
        return;
      }
    }
    problems.add(problem);
  }

  /** The text of a refusal holds the value, which may have come from a wrong variable. */
  private String withoutSecret(Located located, String text) {
    return secrets.cameFromElsewhere(located, ValueReader.text(located.value()))
        ? VALUE.matcher(text).replaceFirst(" is a value that isn't shown")
        : text;
  }
}
