package io.everpool.hocon;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
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
 * <p>The keys are those of {@link PoolConfig#settings()}, with the parts of {@code retry} in a
 * block of that name; {@code reference.conf} at the root of this jar lists them all. A key that is
 * set nowhere has the default of {@link PoolConfig.Builder}, also when the {@code Config} was made
 * without {@code reference.conf}.
 *
 * <p>A pool under {@code pools} is called by its key and falls back, key by key, to the block
 * around it, credentials included; {@code user}, {@code password}, {@code url} and {@code
 * properties} can be taken back there with {@code null}. A pool with a {@code url} of its own has
 * only the {@code readers} that it names itself, because the block around it names those of another
 * database.
 *
 * <p>A blank text where nothing needs to be said ({@code user}, {@code password}) counts as {@code
 * null}: an environment variable that is set to nothing says no more than one that isn't set.
 *
 * <p>A default gives way to what was said: with {@code max-size = 1} alone, {@code min-size} is 1.
 *
 * <p>Durations need a unit ({@code 300s}); only zero needs none. {@code sleep} takes {@code true}
 * and {@code false} for {@code on} and {@code off}. All that can't be read, is unknown or can't
 * work is reported at once, with the file and the line where it stands, and without any secret.
 *
 * <p>Stateless and thread-safe.
 */
public final class EverpoolConfig {

  /** The name of the block that holds everything. */
  static final String ROOT = "everpool";

  /** The name of the block inside it that holds the named pools. */
  static final String POOLS = "pools";

  private EverpoolConfig() {}

  /**
   * Reads the pool of {@code everpool { ... }} in {@link ConfigFactory#load()}, that is from system
   * properties, {@code application.conf} and {@code reference.conf}.
   *
   * @throws InvalidPoolConfigException with every problem at once; also if the files can't be
   *     loaded
   */
  public static PoolConfig load() {
    return from(Loading.of(ConfigFactory::load));
  }

  /**
   * Reads the pool of {@code everpool.pools.<poolName>} in {@link ConfigFactory#load()}.
   *
   * @throws InvalidPoolConfigException with every problem at once; also if the files can't be
   *     loaded
   */
  public static PoolConfig load(String poolName) {
    return from(Loading.of(ConfigFactory::load), poolName);
  }

  /**
   * Reads the pool of {@code everpool { ... }}. The blocks under {@code pools} are examined with
   * it, so that a mistake in one doesn't wait until somebody loads that pool; only a missing URL
   * there doesn't matter here.
   *
   * @param root the whole configuration, not the block; it is resolved here if it isn't yet
   * @throws InvalidPoolConfigException with every problem at once
   */
  public static PoolConfig from(Config root) {
    Problems problems = new Problems();
    ConfigObject whole = resolved(root);
    Structure.refuseNearMisses(whole, problems);
    Secrets secrets = new Secrets(whole);
    Layer shared = new Layer(ROOT, block(ROOT, whole.get(ROOT), problems));
    ConfigObject pools = block(ROOT + "." + POOLS, shared.block().get(POOLS), problems);
    pools.forEach(
        (name, own) -> {
          List<Layer> layers = layers(name, own, shared, problems);
          new PoolReader(problems, secrets).examine(new Layers(layers), name);
        });
    return new PoolReader(problems, secrets).read(new Layers(List.of(shared)), null);
  }

  /**
   * Reads the pool of {@code everpool.pools.<poolName>}, which falls back to {@code everpool { ...
   * }}. The other pools are examined for unknown keys only.
   *
   * @param root the whole configuration, not the block; it is resolved here if it isn't yet
   * @throws InvalidPoolConfigException with every problem at once; also if there is no such pool
   */
  public static PoolConfig from(Config root, String poolName) {
    Objects.requireNonNull(poolName, "poolName");
    Problems problems = new Problems();
    ConfigObject whole = resolved(root);
    Structure.refuseNearMisses(whole, problems);
    Layer shared = new Layer(ROOT, block(ROOT, whole.get(ROOT), problems));
    ConfigObject pools = block(ROOT + "." + POOLS, shared.block().get(POOLS), problems);
    ConfigValue own = pools.get(poolName);
    if (own == null) {
      problems.add(
          "there is no block "
              + path(poolName)
              + (pools.isEmpty() ? "" : "; there are " + names(pools)));
      throw problems.exception();
    }
    List<Layer> layers = layers(poolName, own, shared, problems);
    Structure.refuseUnknownKeys(pools, poolName, problems);
    return new PoolReader(problems, new Secrets(whole)).read(new Layers(layers), poolName);
  }

  /**
   * The names under {@code everpool.pools}, in order; empty if there are none.
   *
   * @param root the whole configuration, not the block; it is resolved here if it isn't yet
   * @throws InvalidPoolConfigException if one of the blocks is no block
   */
  public static SortedSet<String> poolNames(Config root) {
    Problems problems = new Problems();
    ConfigObject whole = resolved(root);
    Structure.refuseNearMisses(whole, problems);
    ConfigObject shared = block(ROOT, whole.get(ROOT), problems);
    SortedSet<String> names = names(block(ROOT + "." + POOLS, shared.get(POOLS), problems));
    problems.throwIfAny();
    return names;
  }

  /** The path of a named pool's block. */
  static String path(String poolName) {
    return ROOT + "." + POOLS + "." + ConfigUtil.joinPath(poolName);
  }

  private static List<Layer> layers(
      String poolName, ConfigValue own, Layer shared, Problems problems) {
    String path = path(poolName);
    return List.of(new Layer(path, block(path, own, problems)), shared);
  }

  private static ConfigObject resolved(Config root) {
    return Loading.of(() -> root.isResolved() ? root : root.resolve()).root();
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
