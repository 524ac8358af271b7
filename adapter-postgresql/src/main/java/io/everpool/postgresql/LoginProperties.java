package io.everpool.postgresql;

import io.everpool.api.Redaction;
import io.everpool.postgresql.driver.PasswordFile;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.url.Destination;
import io.everpool.postgresql.url.HostPort;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Makes what one call of the driver needs: its properties, and the database in its URL, from what
 * the user has said in the URL and in the configuration.
 */
final class LoginProperties {
  static final double NANOS_PER_SECOND = 1e9;

  /**
   * What a name of the usual kind looks like: as in {@link Redaction}, but with the letters of any
   * script.
   */
  private static final Pattern PLAIN = Pattern.compile("[\\p{L}\\p{M}\\p{N}_.$-]{0,63}");

  private final Map<String, String> configured;
  private final List<HostPort> hosts;
  private final ClientCheck check;

  LoginProperties(Destination destination, ClientCheck check) {
    this.configured = destination.properties();
    this.hosts = destination.hosts();
    this.check = check;
  }

  private static String user(Map<String, String> said) {
    return said.getOrDefault(PropertyNames.USER, System.getProperty("user.name", ""));
  }

  /** The database's name; if nobody says one, it is the role's name. */
  static String database(Map<String, String> said) {
    return said.getOrDefault(PropertyNames.PG_DBNAME, user(said));
  }

  /**
   * The database's name as it may be shown. A name that isn't of the usual kind may be the rest of
   * a connection string that was written by the wrong rules, so it isn't shown.
   */
  static String shownDatabase(Map<String, String> said) {
    String name = database(said);
    return PLAIN.matcher(name).matches() ? name : Redaction.MASK;
  }

  /** The database as it stands in the driver's URL. */
  static String path(Map<String, String> said) {
    return "/" + URLEncoder.encode(database(said), StandardCharsets.UTF_8);
  }

  /**
   * The driver's properties for a login at one of these hosts.
   *
   * @param said the destination's properties, and the credentials of this login
   * @param authority hosts and ports as they stand in a URL
   */
  Properties properties(Map<String, String> said, String authority, long timeoutNanos) {
    Properties properties = new Properties();
    said.forEach(properties::setProperty);
    properties.remove(PropertyNames.PG_DBNAME);
    if (!said.containsKey(PropertyNames.PASSWORD)) {
      String common = passwordOfAll(said, Arrays.asList(authority.split(",")));
      if (common != null) {
        properties.setProperty(PropertyNames.PASSWORD, common);
      }
    }
    check.add(properties);
    long seconds = (long) Math.ceil(timeoutNanos / NANOS_PER_SECOND);
    properties.putIfAbsent(
        PropertyNames.CONNECT_TIMEOUT,
        Long.toString(Math.min(seconds, PresentDriver.MOST_SECONDS)));
    return properties;
  }

  /**
   * The password that the password file has for all of several hosts. Null if the file has none for
   * one of them, if the passwords differ, or if there is a single host, for which pgjdbc asks the
   * file itself. With several hosts pgjdbc uses one password for all, and looks it up once, by all
   * their names as if they were one host; so pgjdbc itself finds only a line that is for any host.
   */
  private @Nullable String passwordOfAll(Map<String, String> said, List<String> several) {
    String common = null;
    for (HostPort host : hosts) {
      if (several.size() > 1 && several.contains(host.toString())) {
        String password =
            PasswordFile.password(host.host(), host.port(), database(said), user(said));
        if (password == null || (common != null && !common.equals(password))) {
          return null;
        }
        common = password;
      }
    }
    return common;
  }

  /**
   * What the driver's own {@code loginTimeout} says, in nanoseconds; Long.MAX_VALUE if it isn't
   * set.
   */
  long timeoutNanos() {
    String seconds = configured.get(PropertyNames.LOGIN_TIMEOUT);
    try {
      double nanos = seconds == null ? 0 : Double.parseDouble(seconds) * NANOS_PER_SECOND;
      return nanos > 0 ? (long) nanos : Long.MAX_VALUE;
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE; // pgjdbc logs that it is no number, and sets no limit
    }
  }
}
