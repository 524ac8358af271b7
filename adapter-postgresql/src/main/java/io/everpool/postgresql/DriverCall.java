package io.everpool.postgresql;

import io.everpool.api.InvalidPoolConfigException;
import io.everpool.postgresql.driver.PgjdbcInternals;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.driver.WrappingDriver;
import io.everpool.postgresql.socket.LookableSocketFactory;
import io.everpool.postgresql.socket.TlsTerms;
import io.everpool.postgresql.url.Destination;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/**
 * Calls pgjdbc, or the drivers around it, to connect, and sees to it that pgjdbc finds our sockets
 * although its class loader may be above ours (as with a driver that applications share).
 */
final class DriverCall {
  /** A number that the driver can read; all others are left to it. */
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}");

  private final java.sql.Driver driver;
  private final String scheme;
  private final @Nullable ClassLoader loader = foreignLoader();

  /**
   * @param around the drivers around pgjdbc, the outermost first
   * @throws InvalidPoolConfigException if one of them isn't there
   */
  DriverCall(List<WrappingDriver> around) {
    // This registers pgjdbc with DriverManager, where the drivers around it find it.
    java.sql.Driver outermost = new Driver();
    String url = "jdbc:postgresql://";
    for (int i = around.size() - 1; i >= 0; i--) {
      url = "jdbc:" + around.get(i).prefix() + url.substring("jdbc:".length());
      outermost = around.get(i).find(url);
    }
    driver = outermost;
    scheme = url;
  }

  /** Our class loader, if pgjdbc's doesn't see our classes. */
  private static @Nullable ClassLoader foreignLoader() {
    try {
      Class.forName(LookableSocketFactory.class.getName(), false, Driver.class.getClassLoader());
      return null;
    } catch (ClassNotFoundException e) {
      return LookableSocketFactory.class.getClassLoader();
    }
  }

  /** Whether connections with these properties can be on sockets of ours. */
  boolean findsOurSockets(Map<String, String> properties) {
    return !properties.containsKey(PropertyNames.SOCKET_FACTORY)
        && !socks()
        && findsOurClasses(properties);
  }

  /** Whether connections with these properties can have TLS by a factory of ours. */
  boolean findsOurClasses(Map<String, String> properties) {
    return loader == null || findsByContext(properties);
  }

  /**
   * Refuses settings that only our TLS sockets can keep, where the driver doesn't find our classes.
   *
   * @throws InvalidPoolConfigException if a setting is asked for that would not be kept
   */
  void requireClassesFor(Destination destination) {
    if (findsOurClasses(destination.properties())) {
      return;
    }
    List<String> problems = new ArrayList<>();
    String unseen =
        ": pgjdbc is in a class loader that doesn't see Everpool's; use 42.7.13 or newer and leave"
            + " classLoaderStrategy out, or have both in one class loader";
    if (!destination.tls().equals(TlsTerms.DEFAULT)) {
      problems.add(
          "ssl_min_protocol_version, ssl_max_protocol_version and sslsni can't be honoured"
              + unseen);
    }
    if ("require".equals(destination.properties().get(PropertyNames.CHANNEL_BINDING))
        && !PresentDriver.HERE.bindsOrFails()) {
      problems.add("channelBinding can't be required" + unseen);
    }
    if (!problems.isEmpty()) {
      throw new InvalidPoolConfigException(problems);
    }
  }

  /** Whether a SOCKS proxy is set; such a proxy works with the JDK's plain sockets only. */
  private static boolean socks() {
    return !System.getProperty("socksProxyHost", "").isBlank();
  }

  /** Whether the driver looks for classes beyond its own loader, as it does from 42.7.13 on. */
  private static boolean findsByContext(Map<String, String> properties) {
    return PresentDriver.HERE.knows(PropertyNames.CLASS_LOADER_STRATEGY)
        && !"driver".equals(properties.get(PropertyNames.CLASS_LOADER_STRATEGY));
  }

  /**
   * Connects. All that may be secret is in the properties, for the driver shows its URL ({@code
   * DatabaseMetaData}).
   */
  Connection connect(String authority, String path, Properties properties) throws SQLException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    if (loader != null) {
      thread.setContextClassLoader(loader);
    }
    int limit = takeLimit(properties);
    try {
      Connection connection = driver.connect(scheme + authority + path, properties);
      if (connection == null) {
        throw new SQLException("The driver doesn't take " + scheme + authority, "08001");
      }
      limit(connection, limit);
      return connection;
    } finally {
      if (loader != null) {
        thread.setContextClassLoader(before);
      }
    }
  }

  /** Nobody else knows the connection yet: so it is closed where that fails. */
  private static void limit(Connection connection, int seconds) throws SQLException {
    if (seconds == 0) {
      return;
    }
    try {
      PgjdbcInternals.queryTimeout(PgjdbcInternals.within(connection), seconds);
    } catch (SQLException | RuntimeException | LinkageError e) {
      try (connection) {
        throw e;
      }
    }
  }

  /**
   * Takes the limit of statements out of the properties where it has to be set after the login.
   * Returns it in seconds; 0 if it stays where it is. With {@code readOnlyMode=always} the
   * constructor of pgjdbc's connection sends a statement, and if statements have a limit it fails
   * with a NullPointerException when that statement has ended.
   */
  private static int takeLimit(Properties properties) {
    String limit = properties.getProperty(PropertyNames.QUERY_TIMEOUT, "");
    if (!SECONDS.matcher(limit).matches()
        || !"true".equalsIgnoreCase(properties.getProperty("readOnly"))
        || !"always".equalsIgnoreCase(properties.getProperty(PropertyNames.READ_ONLY_MODE))) {
      return 0;
    }
    properties.remove(PropertyNames.QUERY_TIMEOUT);
    return Integer.parseInt(limit);
  }
}
