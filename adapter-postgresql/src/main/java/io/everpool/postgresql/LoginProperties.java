package io.everpool.postgresql;

import io.everpool.postgresql.driver.PropertyNames;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;

/** What a login is given of what was said. */
final class LoginProperties {
  static final double NANOS_PER_SECOND = 1e9;

  private final Map<String, String> configured;
  private final ClientCheck check;

  LoginProperties(Map<String, String> configured, ClientCheck check) {
    this.configured = configured;
    this.check = check;
  }

  /** The database is the role's where nobody says which. */
  static String database(Map<String, String> said) {
    String user = said.getOrDefault(PropertyNames.USER, System.getProperty("user.name", ""));
    return said.getOrDefault(PropertyNames.PG_DBNAME, user);
  }

  static String path(Map<String, String> said) {
    return "/" + URLEncoder.encode(database(said), StandardCharsets.UTF_8);
  }

  Properties properties(Map<String, String> said, long timeoutNanos) {
    Properties properties = new Properties();
    said.forEach(properties::setProperty);
    properties.remove(PropertyNames.PG_DBNAME);
    check.add(properties);
    long seconds = (long) Math.ceil(timeoutNanos / NANOS_PER_SECOND);
    properties.putIfAbsent(PropertyNames.CONNECT_TIMEOUT, Long.toString(seconds));
    return properties;
  }

  /** What the driver's own {@code loginTimeout} says; Long.MAX_VALUE for nothing. */
  long timeoutNanos() {
    String seconds = configured.get(PropertyNames.LOGIN_TIMEOUT);
    try {
      double nanos = seconds == null ? 0 : Double.parseDouble(seconds) * NANOS_PER_SECOND;
      return nanos > 0 ? (long) nanos : Long.MAX_VALUE;
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE; // pgjdbc logs it and goes on without
    }
  }
}
