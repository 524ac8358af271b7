package io.everpool.spring;

import io.everpool.api.Pool;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;

/**
 * Each pool as it was made, by the name of its bean. An object that others put in its place
 * afterwards may not tell which pool it wraps.
 */
final class BarePools implements BeanPostProcessor, PriorityOrdered {
  private final Map<String, Pool> all = new ConcurrentHashMap<>();

  /** Notes a bean that is a pool, before anybody has put anything in its place. */
  @Override
  public Object postProcessBeforeInitialization(Object bean, String name) {
    return remember(bean, name);
  }

  /** Notes a pool that a factory bean has made: nobody has been shown it before. */
  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    return remember(bean, name);
  }

  private Object remember(Object bean, String name) {
    if (bean instanceof Pool pool) {
      all.put(name, pool);
    }
    return bean;
  }

  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  /** The pool of the bean of that name, or null. */
  @Nullable Pool of(String bean) {
    return all.get(bean);
  }

  /** The names of the beans that are pools, or were before something was put in their place. */
  Set<String> beans() {
    return all.keySet();
  }
}
