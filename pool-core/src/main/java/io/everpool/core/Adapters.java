package io.everpool.core;

import io.everpool.api.driver.DriverAdapter;
import io.everpool.core.observe.PoolEvents;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Finds driver adapters: those that the thread's context class loader sees, and then those beside
 * the pool itself. In an application server, a plug-in or a task of the common fork-join pool the
 * two are not the same, and a pool without its adapter would be a worse one without a word.
 */
final class Adapters {
  private static final Logger log = PoolEvents.log();

  /** A loader that goes on failing isn't asked for ever. */
  private static final int FAILURES = 20;

  private Adapters() {}

  /** The first that accepts the URL, or null. */
  static @Nullable DriverAdapter accepting(String url) {
    List<ServiceLoader<DriverAdapter>> places = new ArrayList<>();
    places.add(ServiceLoader.load(DriverAdapter.class));
    places.add(ServiceLoader.load(DriverAdapter.class, Adapters.class.getClassLoader()));
    for (ServiceLoader<DriverAdapter> place : places) {
      DriverAdapter adapter = accepting(place.iterator(), url);
      if (adapter != null) {
        return adapter;
      }
    }
    return null;
  }

  private static @Nullable DriverAdapter accepting(Iterator<DriverAdapter> found, String url) {
    int failures = 0;
    while (failures < FAILURES) {
      try {
        if (!found.hasNext()) {
          return null;
        }
        DriverAdapter adapter = found.next();
        if (adapter.accepts(url)) {
          return adapter;
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        // of another version of the pool, or without its driver: the next one may do
        failures++;
        log.warn("A driver adapter can't be loaded and is passed over: {}", e.toString());
      }
    }
    return null;
  }
}
