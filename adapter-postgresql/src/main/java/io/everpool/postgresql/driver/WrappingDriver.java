package io.everpool.postgresql.driver;

import io.everpool.api.InvalidPoolConfigException;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Drivers that pass every call on to pgjdbc and look on, by the name that stands before pgjdbc's in
 * a URL ({@code jdbc:p6spy:postgresql:...}). Drivers that choose a server themselves, or start one,
 * are not among them: what the adapter knows of hosts would not be true there.
 */
public enum WrappingDriver {
  P6SPY("p6spy", "com.p6spy.engine.spy.P6SpyDriver", "p6spy:p6spy", true),
  OPEN_TELEMETRY(
      "otel",
      "io.opentelemetry.instrumentation.jdbc.OpenTelemetryDriver",
      "io.opentelemetry.instrumentation:opentelemetry-jdbc",
      false);

  /** After so many failures a class loader isn't asked again, for it may fail for ever. */
  private static final int FAILURES = 20;

  private final String prefix;
  private final String type;
  private final String artifact;

  /**
   * Whether any object of the driver is as good as the registered one. OpenTelemetry's registered
   * driver has what {@code OpenTelemetryDriver.install} gave it, and another object would report
   * nothing.
   */
  private final boolean hasOneState;

  WrappingDriver(String name, String type, String artifact, boolean hasOneState) {
    this.prefix = name + ":";
    this.type = type;
    this.artifact = artifact;
    this.hasOneState = hasOneState;
  }

  /** The driver's name and a colon. */
  public String prefix() {
    return prefix;
  }

  /**
   * The driver whose name a text begins with, in letters of any case; null if it begins with none.
   */
  public static @Nullable WrappingDriver of(String text) {
    for (WrappingDriver one : values()) {
      if (text.regionMatches(true, 0, one.prefix, 0, one.prefix.length())) {
        return one;
      }
    }
    return null;
  }

  /**
   * The driver that accepts the URL. It is the one that {@link DriverManager} has, because programs
   * configure that one; or else one that DriverManager doesn't show us, because our class loader
   * doesn't see its class.
   *
   * @param url a URL that begins with {@code jdbc:} and {@link #prefix()}
   * @throws InvalidPoolConfigException if the driver isn't there; the exception says what to add
   */
  public Driver find(String url) {
    List<ClassLoader> places = places();
    for (ClassLoader place : places) {
      Driver found = registered(url, place);
      if (found != null) {
        return found;
      }
    }
    for (ClassLoader place : places) {
      Driver found = hasOneState ? unseen(url, place) : null;
      if (found != null) {
        return found;
      }
    }
    throw new InvalidPoolConfigException(
        List.of(
            "url begins with jdbc:"
                + prefix
                + " and the driver of that name isn't there: put "
                + artifact
                + " on the class path, beside Everpool, or leave "
                + prefix
                + " out of the URL"));
  }

  private @Nullable Driver registered(String url, ClassLoader place) {
    try {
      // The driver registers itself when its class is loaded. DriverManager looks for drivers only
      // once, and may have done so before, with a class loader that doesn't see this driver.
      Class.forName(type, true, place);
    } catch (ClassNotFoundException | LinkageError e) {
      // The driver may be registered all the same, by a class of another name.
    }
    try {
      return DriverManager.getDriver(url);
    } catch (SQLException e) {
      return null;
    }
  }

  private static @Nullable Driver unseen(String url, ClassLoader place) {
    Iterator<Driver> drivers = ServiceLoader.load(Driver.class, place).iterator();
    for (int failures = 0; failures < FAILURES; ) {
      try {
        if (!drivers.hasNext()) {
          return null;
        }
        Driver driver = drivers.next();
        if (driver.acceptsURL(url)) {
          return driver;
        }
      } catch (SQLException | ServiceConfigurationError | LinkageError e) {
        failures++; // it is another driver that has failed, and none of ours
      }
    }
    return null;
  }

  /**
   * The thread's context class loader, and our own. In a task of the fork-join pool, or where a
   * server shares Everpool among its applications, only one of them sees the driver.
   */
  private static List<ClassLoader> places() {
    return Stream.of(
            Thread.currentThread().getContextClassLoader(), WrappingDriver.class.getClassLoader())
        .filter(Objects::nonNull)
        .distinct()
        .toList();
  }
}
