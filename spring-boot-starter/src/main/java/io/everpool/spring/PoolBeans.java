package io.everpool.spring;

import io.everpool.api.Pool;
import java.sql.SQLException;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.SimpleAutowireCandidateResolver;

/**
 * Finds the pools among the application's beans, however they were made and whatever wraps them.
 */
final class PoolBeans {
  private final ConfigurableListableBeanFactory beans;
  private final BarePools bare;

  PoolBeans(ConfigurableListableBeanFactory beans, BarePools bare) {
    this.beans = beans;
    this.bare = bare;
  }

  /**
   * All pools, each once, by the names of their beans; beans that nobody has asked for yet are
   * made.
   */
  Map<String, Pool> all() {
    return pools(name -> true);
  }

  /** The data sources that aren't pools and could be injected, by the names of their beans. */
  Map<String, DataSource> others() {
    Map<String, DataSource> others =
        new LinkedHashMap<>(
            SimpleAutowireCandidateResolver.resolveAutowireCandidates(
                beans, DataSource.class, false, true));
    others.values().removeIf(dataSource -> of(dataSource) != null);
    return others;
  }

  /** The pools whose beans are made already. */
  Collection<Pool> made() {
    return pools(beans::containsSingleton).values();
  }

  private Map<String, Pool> pools(Predicate<String> wanted) {
    Map<String, Pool> pools = new LinkedHashMap<>();
    Set<Pool> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (String name : beans.getBeanNamesForType(DataSource.class, false, true)) {
      Pool pool = wanted.test(name) ? named(name) : null;
      if (pool != null && seen.add(pool)) {
        pools.put(name, pool);
      }
    }
    return pools;
  }

  private @Nullable Pool named(String name) {
    Pool pool = in(beans.getBean(name, DataSource.class));
    return pool != null ? pool : bare.of(name);
  }

  /**
   * The pool in {@code dataSource}, also if the data source is a bean that doesn't tell what it
   * wraps; otherwise null.
   */
  @Nullable Pool of(DataSource dataSource) {
    Pool pool = in(dataSource);
    if (pool != null) {
      return pool;
    }
    for (String name : bare.beans()) {
      if (beans.containsSingleton(name) && beans.getBean(name) == dataSource) {
        return bare.of(name);
      }
    }
    return null;
  }

  /** The pool that {@code dataSource} is, or says that it wraps; otherwise null. */
  static @Nullable Pool in(DataSource dataSource) {
    if (dataSource instanceof Pool pool) {
      return pool;
    }
    try {
      return dataSource.isWrapperFor(Pool.class) ? dataSource.unwrap(Pool.class) : null;
    } catch (SQLException | RuntimeException e) {
      return null; // a DataSource that routes to others may have no target at the moment
    }
  }
}
