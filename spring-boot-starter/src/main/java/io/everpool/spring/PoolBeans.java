package io.everpool.spring;

import io.everpool.api.Pool;
import java.sql.SQLException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;

/** The pools among the application's beans, however they came to be and whatever wraps them. */
final class PoolBeans {
  private final ListableBeanFactory beans;

  PoolBeans(ListableBeanFactory beans) {
    this.beans = beans;
  }

  /** Those that are there, each once, by the names of their beans. */
  Map<String, Pool> all() {
    Map<String, Pool> pools = new LinkedHashMap<>();
    Set<Pool> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    beans
        .getBeansOfType(DataSource.class, false, true)
        .forEach(
            (name, bean) -> {
              Pool pool = in(bean);
              if (pool != null && seen.add(pool)) {
                pools.put(name, pool);
              }
            });
    return pools;
  }

  /** The pool in {@code dataSource}, or null. */
  static @Nullable Pool in(DataSource dataSource) {
    if (dataSource instanceof Pool pool) {
      return pool;
    }
    try {
      return dataSource.isWrapperFor(Pool.class) ? dataSource.unwrap(Pool.class) : null;
    } catch (SQLException e) {
      return null;
    }
  }
}
