package io.everpool.core;

import io.everpool.api.driver.DriverAdapter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.plain.ServiceSearch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Finds driver adapters. A pool that didn't find its own would be a worse one without a word. */
final class Adapters {
  private static final Logger log = PoolEvents.log();

  private Adapters() {}

  /** The first that accepts the URL; null if none does. */
  static @Nullable DriverAdapter accepting(String url) {
    // One that fails is of another version of the pool, or without its driver.
    return ServiceSearch.first(
        DriverAdapter.class,
        adapter -> adapter.accepts(url),
        failure ->
            log.warn(
                "A driver adapter can't be loaded, or fails, and is passed over: {}",
                shown(failure)));
  }

  /** What an adapter itself throws at a URL may quote it, with the password in it. */
  private static String shown(Throwable failure) {
    if (!(failure instanceof RuntimeException)) {
      return failure.toString();
    }
    StackTraceElement[] trace = failure.getStackTrace();
    return failure.getClass().getName() + (trace.length == 0 ? "" : " at " + trace[0]);
  }
}
