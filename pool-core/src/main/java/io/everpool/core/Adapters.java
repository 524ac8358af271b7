package io.everpool.core;

import io.everpool.api.driver.DriverAdapter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.plain.ServiceSearch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/** Finds driver adapters. One that can't be used is logged: the pool lacks much without it. */
final class Adapters {
  private static final Logger log = PoolEvents.log();

  private Adapters() {}

  /** The first that accepts the URL; null if none does. */
  static @Nullable DriverAdapter accepting(String url) {
    // An adapter that fails belongs to another version of the pool, or lacks its driver.
    return ServiceSearch.first(
        DriverAdapter.class,
        adapter -> adapter.accepts(url),
        failure ->
            log.warn(
                "A driver adapter can't be loaded, or fails, and is passed over: {}",
                shown(failure)));
  }

  /** Without the message: what an adapter throws may quote the URL, and the password in it. */
  private static String shown(Throwable failure) {
    if (!(failure instanceof RuntimeException)) {
      return failure.toString();
    }
    StackTraceElement[] trace = failure.getStackTrace();
    return failure.getClass().getName() + (trace.length == 0 ? "" : " at " + trace[0]);
  }
}
