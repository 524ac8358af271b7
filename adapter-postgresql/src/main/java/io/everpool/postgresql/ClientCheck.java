package io.everpool.postgresql;

import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.url.Destination;
import java.sql.SQLException;
import java.util.Locale;
import java.util.Properties;

/**
 * Whether the server is told to look after its client while a query runs ({@code
 * client_connection_check_interval}, PostgreSQL 14): otherwise a query whose client is gone, with
 * its process or with its network, goes on to its end and keeps its locks.
 *
 * <p>The setting is one of the start-up options, so it costs no round trip, and {@code RESET ALL}
 * returns to it. A server or a pooler that doesn't know the setting refuses the login and says why;
 * once this has been heard, later logins leave the setting out.
 */
final class ClientCheck {
  private static final String PARAMETER = "client_connection_check_interval";

  /**
   * With 500 ms the server ends a query within a second and a half after its client has gone, and
   * takes two glances at the client per second.
   */
  private static final String OPTION = "-c " + PARAMETER + "=500";

  private volatile boolean refused;

  /** Whether the setting is wanted: the user's own options don't name it. */
  private final boolean wanted;

  private final Pooler pooler;

  ClientCheck(Destination destination, Pooler pooler) {
    String options = destination.properties().getOrDefault(PropertyNames.OPTIONS, "");
    this.pooler = pooler;
    wanted = !options.contains(PARAMETER);
  }

  /** Puts the setting before the user's own options, so that these win. */
  void add(Properties properties) {
    if (isAsked()) {
      String options = properties.getProperty(PropertyNames.OPTIONS, "");
      properties.setProperty(
          PropertyNames.OPTIONS, options.isBlank() ? OPTION : OPTION + " " + options);
    }
  }

  /**
   * Whether a login has failed that may succeed without the setting; from now on it is left out.
   *
   * @param asked whether that login had the setting
   */
  boolean isRefusedBy(SQLException failure, boolean asked) {
    if (!asked || !namesIt(failure)) {
      return false;
    }
    refused = true;
    return true;
  }

  /** Whether the next login asks for the setting. */
  boolean isAsked() {
    return wanted && !refused && pooler.takesOptions();
  }

  /**
   * Whether the failure names the setting. PostgreSQL names the parameter, in whatever language it
   * speaks; PgBouncer, Neon and RDS Proxy may name only the options among which it stands.
   */
  private static boolean namesIt(SQLException failure) {
    String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains(PARAMETER) || Pooler.refusesOptions(failure);
  }
}
