package io.everpool.core.plain;

import java.sql.Driver;
import java.sql.DriverManager;
import org.jspecify.annotations.Nullable;

/**
 * Finds drivers that {@link DriverManager} doesn't know of. DriverManager looks for drivers once,
 * with the class loader of whoever asks first: in an application server that is before the
 * application is loaded, with the drivers in it.
 */
final class UnseenDrivers {
  private UnseenDrivers() {}

  /** The first driver that accepts the URL; null if none does. */
  static @Nullable Driver accepting(String url) {
    // A driver that fails is passed over silently: if none accepts the URL, the URL is refused.
    return ServiceSearch.first(Driver.class, driver -> driver.acceptsURL(url), failure -> {});
  }
}
