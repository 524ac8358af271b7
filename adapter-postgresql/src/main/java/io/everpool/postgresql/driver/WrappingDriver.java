package io.everpool.postgresql.driver;

import io.everpool.api.InvalidPoolConfigException;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Drivers that pass every call on to pgjdbc and look on, by what stands before its name in a URL
 * ({@code jdbc:p6spy:postgresql:...}). Those that choose a server themselves, or start one, are not
 * among them: what is known of hosts here would not be so there.
 */
public enum WrappingDriver {
  P6SPY("p6spy", "com.p6spy.engine.spy.P6SpyDriver", "p6spy:p6spy"),
  OPEN_TELEMETRY(
      "otel",
      "io.opentelemetry.instrumentation.jdbc.OpenTelemetryDriver",
      "io.opentelemetry.instrumentation:opentelemetry-jdbc");

  private final String prefix;
  private final String type;
  private final String artifact;

  WrappingDriver(String name, String type, String artifact) {
    this.prefix = name + ":";
    this.type = type;
    this.artifact = artifact;
  }

  /** Its name and a colon. */
  public String prefix() {
    return prefix;
  }

  /** The one whose name a text begins with, in letters of any case; null if it is none's. */
  public static @Nullable WrappingDriver of(String text) {
    for (WrappingDriver one : values()) {
      if (text.regionMatches(true, 0, one.prefix, 0, one.prefix.length())) {
        return one;
      }
    }
    return null;
  }

  /**
   * The driver that takes the URL: the one that {@link DriverManager} has, for that is the one that
   * programs configure.
   *
   * @param url begins with {@code jdbc:} and {@link #prefix()}
   * @throws InvalidPoolConfigException if it isn't there; says what to add
   */
  public Driver find(String url) {
    try {
      // It registers itself when it is loaded. DriverManager looks for drivers only once, and may
      // have done so before, with a class loader that doesn't see this one.
      Class.forName(type, true, loader());
    } catch (ClassNotFoundException | LinkageError e) {
      // it may be there by another name
    }
    try {
      return DriverManager.getDriver(url);
    } catch (SQLException e) {
      throw new InvalidPoolConfigException(
          List.of(
              "url begins with jdbc:"
                  + prefix
                  + " and the driver of that name isn't there: put "
                  + artifact
                  + " on the class path, or leave "
                  + prefix
                  + " out of the URL"));
    }
  }

  private static @Nullable ClassLoader loader() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return context != null ? context : WrappingDriver.class.getClassLoader();
  }
}
