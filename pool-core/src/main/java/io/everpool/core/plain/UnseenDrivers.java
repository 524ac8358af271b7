package io.everpool.core.plain;

import java.sql.Driver;
import java.sql.DriverManager;
import org.jspecify.annotations.Nullable;

/**
 * Finds drivers that {@link DriverManager} doesn't know of. It looks for them once, with the class
 * loader of whoever comes first: in an application server that is before the application, with the
 * drivers in it, is loaded.
 */
final class UnseenDrivers {
  private UnseenDrivers() {}

  /** The first that accepts the URL; null if none does. */
  static @Nullable Driver accepting(String url) {
    // One that fails is passed over without a word: if none accepts the URL, it is refused.
    return ServiceSearch.first(Driver.class, driver -> driver.acceptsURL(url), failure -> {});
  }
}
