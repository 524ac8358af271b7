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
 * <p>It goes by the start-up options, costs no round trip, and is what {@code RESET ALL} returns
 * to. A server or a pooler that doesn't know it refuses the login and says why; that is heard once,
 * and then it is left out.
 */
final class ClientCheck {
  private static final String PARAMETER = "client_connection_check_interval";

  /** Ends a query within a second and a half, and costs the server two glances per second. */
  private static final String OPTION = "-c " + PARAMETER + "=500";

  private volatile boolean refused;

  /**
   * Whether it is asked for: where options can be had at all, and the user hasn't said anything.
   */
  private final boolean wanted;

  private final Pooler pooler;

  ClientCheck(Destination destination, Pooler pooler) {
    String options = destination.properties().getOrDefault(PropertyNames.OPTIONS, "");
    this.pooler = pooler;
    wanted = !options.contains(PARAMETER);
  }

  /** Puts it before the user's own options. */
  void add(Properties properties) {
    if (isAsked()) {
      String options = properties.getProperty(PropertyNames.OPTIONS, "");
      properties.setProperty(
          PropertyNames.OPTIONS, options.isBlank() ? OPTION : OPTION + " " + options);
    }
  }

  /**
   * Whether a login has failed that may succeed without it; from now on it is left out.
   *
   * @param asked whether that login had it
   */
  boolean isRefusedBy(SQLException failure, boolean asked) {
    if (!asked || !namesIt(failure)) {
      return false;
    }
    refused = true;
    return true;
  }

  /** Whether the next login asks for it. */
  boolean isAsked() {
    return wanted && !refused && pooler.takesOptions();
  }

  /**
   * PostgreSQL names the parameter, in whatever language it speaks; PgBouncer and Neon may name
   * only {@code options}, which it stands in.
   */
  private static boolean namesIt(SQLException failure) {
    String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
    return message.contains(PARAMETER) || Pooler.refusesOptions(failure);
  }
}
