package io.everpool.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads the settings of pools from HOCON.
 *
 * <pre>{@code
 * everpool {
 *   url = ${?NEON_DB_URL}
 *   max-size = 20
 *   retry { max-attempts = 3 }
 *   properties { ApplicationName = shop }
 *
 *   pools {
 *     orders  { url = ${?ORDERS_DB_URL}, min-size = 4 }
 *     reports { url = ${?REPORTS_DB_URL}, command-timeout = 10m }
 *   }
 * }
 * }</pre>
 *
 * <p>The keys are the components of {@link PoolConfig} in kebab case, those of {@link
 * io.everpool.api.RetryConfig} under {@code retry}; {@code reference.conf} at the root of this jar
 * lists them all. A key that is set nowhere has the default of {@link PoolConfig.Builder}, also
 * when the {@code Config} was made without {@code reference.conf}.
 *
 * <p>A pool under {@code pools} is called by its key and falls back, key by key, to the block
 * around it, credentials included; {@code user}, {@code password}, {@code url} and {@code
 * properties} can be taken back there with {@code null}.
 *
 * <p>Durations need a unit ({@code 300s}); only zero goes without. {@code sleep} takes {@code true}
 * and {@code false} for {@code on} and {@code off}. What can't be read, is unknown or can't work is
 * reported all at once, with the file and line where it stands and without any secret.
 *
 * <p>Stateless and thread-safe.
 */
public final class EverpoolConfig {

  /** The block that holds everything. */
  static final String ROOT = "everpool";

  /** The block inside it that holds the named pools. */
  static final String POOLS = "pools";

  private EverpoolConfig() {}

  /**
   * The pool of {@code everpool { ... }} in {@link ConfigFactory#load()}: system properties, {@code
   * application.conf}, {@code reference.conf}.
   *
   * @throws InvalidPoolConfigException with every problem at once; also if the files can't be
   *     loaded
   */
  public static PoolConfig load() {
    return from(resolved(ConfigFactory::load));
  }

  /**
   * The pool of {@code everpool.pools.<poolName>} in {@link ConfigFactory#load()}.
   *
   * @throws InvalidPoolConfigException with every problem at once; also if the files can't be
   *     loaded
   */
  public static PoolConfig load(String poolName) {
    return from(resolved(ConfigFactory::load), poolName);
  }

  /**
   * The pool of {@code everpool { ... }}; blocks under {@code pools} don't matter to it.
   *
   * @param root the whole configuration, not the block; resolved here if it isn't yet
   * @throws InvalidPoolConfigException with every problem at once
   */
  public static PoolConfig from(Config root) {
    Problems problems = new Problems();
    Layers layers = new Layers(List.of(new Layer(ROOT, rootBlock(root, problems))));
    return new PoolReader(problems).read(layers, null);
  }

  /**
   * The pool of {@code everpool.pools.<poolName>}, falling back to {@code everpool { ... }}.
   *
   * @param root the whole configuration, not the block; resolved here if it isn't yet
   * @throws InvalidPoolConfigException with every problem at once; also if there is no such pool
   */
  public static PoolConfig from(Config root, String poolName) {
    Problems problems = new Problems();
    ConfigObject shared = rootBlock(root, problems);
    ConfigObject pools = block(ROOT + "." + POOLS, shared.get(POOLS), problems);
    String path = ROOT + "." + POOLS + "." + ConfigUtil.joinPath(poolName);
    ConfigValue own = pools.get(poolName);
    if (own == null) {
      problems.add(
          "there is no block " + path + (pools.isEmpty() ? "" : "; there are " + names(pools)));
      throw problems.exception();
    }
    List<Layer> layers = new ArrayList<>();
    layers.add(new Layer(path, block(path, own, problems)));
    layers.add(new Layer(ROOT, shared));
    return new PoolReader(problems).read(new Layers(layers), poolName);
  }

  /**
   * The names under {@code everpool.pools}, in order; empty if there are none.
   *
   * @param root the whole configuration, not the block; resolved here if it isn't yet
   * @throws InvalidPoolConfigException if the blocks aren't blocks
   */
  public static SortedSet<String> poolNames(Config root) {
    Problems problems = new Problems();
    ConfigObject shared = rootBlock(root, problems);
    SortedSet<String> names = names(block(ROOT + "." + POOLS, shared.get(POOLS), problems));
    problems.throwIfAny();
    return names;
  }

  private static ConfigObject rootBlock(Config root, Problems problems) {
    Config resolved = resolved(() -> root.isResolved() ? root : root.resolve());
    return block(ROOT, resolved.root().get(ROOT), problems);
  }

  /**
   * Resolves without telling secrets: where a concatenation or a piece of syntax is wrong the
   * library's message quotes the values, a password among them, and so does its cause. Only that a
   * substitution has nothing to refer to is told in its own words, which quote its name alone.
   */
  private static Config resolved(Supplier<Config> resolve) {
    try {
      return resolve.get();
    } catch (ConfigException.UnresolvedSubstitution e) {
      throw new InvalidPoolConfigException(List.of(String.valueOf(e.getMessage())));
    } catch (ConfigException e) {
      String where = e.origin() == null ? "" : " at " + e.origin().description();
      throw new InvalidPoolConfigException(
          List.of(
              "the configuration could not be resolved"
                  + where
                  + " ("
                  + e.getClass().getSimpleName()
                  + "); what stands there isn't shown, for it may be a secret"));
    }
  }

  private static ConfigObject block(String path, @Nullable ConfigValue value, Problems problems) {
    if (value instanceof ConfigObject object) {
      return object;
    }
    if (value != null && value.valueType() != ConfigValueType.NULL) {
      problems.notABlock(new Located(path, value));
    }
    return ConfigFactory.empty().root();
  }

  private static SortedSet<String> names(Map<String, ?> pools) {
    return new TreeSet<>(pools.keySet());
  }
}
