package io.everpool.spring;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.hocon.EverpoolConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.core.env.Environment;

/**
 * The settings of the pools of one application, taken from its environment. If two sources say the
 * same, the first of these counts: a service connection (Testcontainers, Docker Compose), {@code
 * everpool.*}, {@code spring.datasource.hikari.*}, {@code spring.datasource.*}, and {@code
 * NEON_DB_URL}.
 *
 * <p>They go through HOCON's reader as if they were written in a file of its own, so that problems
 * are told in the same words, all at once, with the place of each value.
 */
final class SpringSettings {
  static final String ROOT = "everpool";
  static final String POOLS = "pools";

  /** The block below {@link #ROOT} that {@link StarterSettings} reads. */
  private static final String STARTER = "spring";

  /** How HOCON's reader says that a URL is missing. */
  private static final Pattern NO_URL = Pattern.compile("\\.url is missing; set it$");

  private static final String MAY_SAY_IT =
      ", spring.datasource.url, or NEON_DB_URL in the environment";

  private static final Logger log = LoggerFactory.getLogger(SpringSettings.class);

  private final Properties properties;
  private final @Nullable ServiceConnection service;
  private final HikariSettings hikari;

  /**
   * @param beans the beans, among which a service connection may be; it counts before all
   *     properties
   */
  SpringSettings(Environment environment, ListableBeanFactory beans) {
    this.properties = new Properties(environment);
    this.service = ServiceConnection.of(beans);
    this.hikari = new HikariSettings(properties);
  }

  /** Whether anything says where the database of the main pool is. */
  static boolean nameADatabase(Environment environment, ListableBeanFactory beans) {
    Properties properties = new Properties(environment);
    return ServiceConnection.isIn(beans)
        // a blank one counts here, and is then told to be missing
        || properties.find(ROOT + ".url") != null
        || Datasource.url(properties) != null;
  }

  /**
   * The URL of the main pool's database, without regard to service connections; null if none is
   * set.
   */
  static @Nullable Found url(Properties properties) {
    Found own = properties.find(ROOT + ".url");
    return own != null && !own.isBlank() ? own : Datasource.url(properties);
  }

  /** The same for a pool below {@code everpool.pools}. */
  static @Nullable Found url(Properties properties, String name) {
    Found own = properties.find(ROOT + "." + POOLS + "." + name + ".url");
    return own != null ? own : url(properties);
  }

  /** Whether the main database is named, and another kind of data source is wanted for it. */
  static boolean isLeftToAnother(Environment environment, ListableBeanFactory beans) {
    Found type = new Properties(environment).find("spring.datasource.type");
    return type != null
        && !type.value().equals(Pool.class.getName())
        && nameADatabase(environment, beans);
  }

  /**
   * The names of the pools below {@code everpool.pools}; logs the variables that have no effect.
   */
  static SortedSet<String> poolNames(Environment environment) {
    PoolNames names = PoolNames.in(new Properties(environment));
    names
        .idle()
        .forEach(
            variable ->
                log.warn(
                    "Sets nothing: {}. After EVERPOOL_POOLS_ a variable has a pool's name and a"
                        + " setting; a name of several words has to stand in a file, too, or on"
                        + " the command line",
                    variable));
    return names.all();
  }

  /**
   * The settings of the main pool.
   *
   * @throws InvalidPoolConfigException with every problem at once
   */
  PoolConfig main() {
    hikari.notes().forEach(log::info);
    return advised(() -> EverpoolConfig.from(config()));
  }

  /**
   * The settings of a pool below {@code everpool.pools}; what it doesn't say itself, the main
   * pool's settings say.
   *
   * @throws InvalidPoolConfigException with every problem at once
   */
  PoolConfig named(String name) {
    return advised(() -> EverpoolConfig.from(config(), name));
  }

  /** Adds to a problem of a missing URL all the places where it may be set. */
  private static PoolConfig advised(Supplier<PoolConfig> reading) {
    try {
      return reading.get();
    } catch (InvalidPoolConfigException e) {
      throw new InvalidPoolConfigException(
          e.problems().stream()
              .map(problem -> NO_URL.matcher(problem).replaceFirst("$0" + MAY_SAY_IT))
              .toList());
    }
  }

  /** What the sessions of the main pool begin with, according to HikariCP's settings. */
  HikariSession session() {
    return hikari.session();
  }

  /** The same for a named pool; a database of its own has schemas of its own. */
  HikariSession session(String name) {
    boolean elsewhere = properties.find(ROOT + "." + POOLS + "." + name + ".url") != null;
    return elsewhere ? session().elsewhere() : session();
  }

  private Config config() {
    Block main = Block.of(properties, ROOT, Set.of(POOLS, STARTER));
    refuseUnknownKeysOfTheStarter(main);
    addDefaults(main);
    List<Map<String, Object>> blocks = new ArrayList<>();
    blocks.add(Spelling.properties(main.entries()));
    Map<String, Object> pools = new TreeMap<>();
    for (String name : PoolNames.in(properties).all()) {
      String prefix = ROOT + "." + POOLS + "." + name;
      Found text = properties.find(prefix); // this stands where a block belongs; the reader says so
      if (text == null || text.isBlank()) {
        Map<String, Object> pool = Block.of(properties, prefix, Set.of()).entries();
        blocks.add(Spelling.properties(pool));
        pools.put(name, pool);
      } else {
        pools.put(name, ConfigValueFactory.fromAnyRef(text.value(), text.place()));
      }
    }
    Spelling.unify(blocks);
    if (!pools.isEmpty()) {
      main.entries().put(POOLS, pools);
    }
    return ConfigValueFactory.fromMap(Map.of(ROOT, main.entries()), "the environment").toConfig();
  }

  /** Adds the settings that come from elsewhere than {@code everpool.*}. */
  private void addDefaults(Block main) {
    Map<String, Found> others = new LinkedHashMap<>(hikari.settings());
    Datasource.settings(properties).forEach(others::putIfAbsent);
    if (main.has("password-file") || main.has("password-env")) {
      others.remove("password");
    }
    others.forEach(main::putDefault);
    Map<String, Object> ofHikari = new TreeMap<>(hikari.driverProperties());
    Spelling.unify(List.of(Spelling.properties(main.entries()), ofHikari));
    ofHikari.forEach((name, found) -> main.putDefault(List.of("properties", name), (Found) found));
    if (service != null) { // it says everything: where the database is, and who logs in
      List.of("user", "password", "password-file", "password-env", "readers").forEach(main::remove);
      service.settings().forEach(main::replace);
    }
  }

  private void refuseUnknownKeysOfTheStarter(Block main) {
    List<ConfigurationPropertyName> known =
        StarterSettings.KEYS.keySet().stream()
            .map(key -> Properties.name(StarterSettings.PREFIX + "." + key))
            .toList();
    for (Found found : properties.below(StarterSettings.PREFIX)) {
      if (!known.contains(found.name())) {
        main.putDefault(List.of(found.name().toString().substring(ROOT.length() + 1)), found);
      }
    }
  }
}
