package io.everpool.core.plain;

import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Finds drivers that {@link DriverManager} doesn't know of. It looks for them once, with the class
 * loader of whoever comes first: in an application server that is before the application, with the
 * drivers in it, is loaded.
 */
final class UnseenDrivers {
  /** A loader that goes on failing isn't asked for ever. */
  private static final int FAILURES = 20;

  private UnseenDrivers() {}

  /**
   * The first that accepts the URL, of those that the thread's context class loader sees and then
   * of those beside the pool itself; or null.
   */
  static @Nullable Driver accepting(String url) {
    for (ServiceLoader<Driver> place :
        List.of(
            ServiceLoader.load(Driver.class),
            ServiceLoader.load(Driver.class, UnseenDrivers.class.getClassLoader()))) {
      Driver driver = accepting(place.iterator(), url);
      if (driver != null) {
        return driver;
      }
    }
    return null;
  }

  private static @Nullable Driver accepting(Iterator<Driver> found, String url) {
    int failures = 0;
    while (failures < FAILURES) {
      try {
        if (!found.hasNext()) {
          return null;
        }
        Driver driver = found.next();
        if (driver.acceptsURL(url)) {
          return driver;
        }
      } catch (SQLException | ServiceConfigurationError | LinkageError e) {
        failures++; // it can't be loaded, or can't say whether it is the one: the next may do
      }
    }
    return null;
  }
}
