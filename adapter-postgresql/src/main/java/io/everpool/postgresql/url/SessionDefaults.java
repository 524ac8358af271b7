package io.everpool.postgresql.url;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.postgresql.driver.PresentDriver;
import io.everpool.postgresql.driver.PropertyNames;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a session is given at its start where the user hasn't said otherwise. All of it goes through
 * pgjdbc's properties and costs no round trip; and since the server makes start-up options the
 * session's defaults, {@code RESET ALL} returns to them.
 *
 * <ul>
 *   <li>{@code command-timeout} becomes {@code statement_timeout}, in the start-up parameter {@code
 *       options}, before the user's own options so that these win. Poolers refuse {@code options};
 *       there it becomes pgjdbc's {@code queryTimeout}, in whole seconds: the driver cancels the
 *       statement.
 *   <li>{@code socketTimeout} is {@link #GRACE} longer, so that a server that hangs doesn't hang
 *       its callers for ever. It counts from one byte to the next. A user who lets a statement run
 *       longer ({@code SET LOCAL statement_timeout}) also has to set {@code socketTimeout}, or
 *       {@link java.sql.Connection#setNetworkTimeout}. It isn't set where {@code replication} is
 *       set: pgjdbc would then end a stream at the first silence (from 42.7.11 on), and silence
 *       doesn't mean that such a stream hangs.
 *   <li>{@code tcpKeepAlive} is on, {@code ApplicationName} is the pool's name.
 *   <li>{@code assumeMinServerVersion} is 9.0: pgjdbc then sends the application's name at start-up
 *       too, and not by a {@code SET} that costs a round trip and that {@code RESET ALL} undoes.
 * </ul>
 */
final class SessionDefaults {
  /**
   * The values of {@code replication} that ask for a session like all others, also in libpq's
   * words.
   */
  private static final Set<String> NO = Set.of("false", "off", "no", "0");

  /**
   * How long the answer may take beyond the statement's own limit, and how long a driver's cancel
   * request may take.
   */
  static final Duration GRACE = Duration.ofSeconds(10);

  /** The longest limit that the server accepts, which is 24 days and a good 20 hours. */
  private static final Duration LONGEST_STATEMENT_TIMEOUT = Duration.ofMillis(Integer.MAX_VALUE);

  private static final String STATEMENT_TIMEOUT = "statement_timeout";

  private SessionDefaults() {}

  /** Adds to {@code properties} those defaults that the user hasn't set. */
  static void add(
      Map<String, String> properties, PoolConfig config, PoolerMode pooler, List<String> notes) {
    properties.putIfAbsent(PropertyNames.APPLICATION_NAME, config.name());
    properties.putIfAbsent(PropertyNames.TCP_KEEP_ALIVE, "true");
    properties.putIfAbsent(PropertyNames.ASSUME_MIN_SERVER_VERSION, "9.0");
    if (pooler == PoolerMode.TRANSACTION
        && "always".equalsIgnoreCase(properties.get(PropertyNames.READ_ONLY_MODE))) {
      properties.put(PropertyNames.READ_ONLY_MODE, "transaction");
      notes.add(
          "readOnlyMode=always sets something for the session, which a pooler lends to others between"
              + " transactions: transactions are begun as read-only instead");
    }
    Duration limit = atMost(config.commandTimeout());
    String options = properties.getOrDefault(PropertyNames.OPTIONS, "");
    if (limit.isZero() || options.contains(STATEMENT_TIMEOUT)) {
      return;
    }
    if (!limit.equals(config.commandTimeout())) {
      notes.add(
          "command-timeout is longer than the 24.8 days that the server takes at the most: these are"
              + " the limit now; command-timeout = 0 is none at all");
    }
    if (behind(pooler)) {
      if (PresentDriver.HERE.knows(PropertyNames.QUERY_TIMEOUT)) {
        properties.putIfAbsent(PropertyNames.QUERY_TIMEOUT, Long.toString(wholeSeconds(limit)));
      }
      notes.add(
          enforcement(properties.get(PropertyNames.QUERY_TIMEOUT))
              + " ALTER ROLE ... SET "
              + STATEMENT_TIMEOUT
              + " = "
              + limit.toMillis());
    } else {
      String ours = option(limit);
      properties.put(PropertyNames.OPTIONS, options.isBlank() ? ours : ours + " " + options);
    }
    String replication = properties.getOrDefault(PropertyNames.REPLICATION, "false");
    if (NO.contains(replication.toLowerCase(Locale.ROOT))) {
      properties.putIfAbsent(
          PropertyNames.SOCKET_TIMEOUT,
          Long.toString(Math.min(PresentDriver.MOST_SECONDS, wholeSeconds(limit.plus(GRACE)))));
    }
  }

  /** The option by which the server is told the limit at the start. */
  static String option(Duration limit) {
    return "-c " + STATEMENT_TIMEOUT + "=" + atMost(limit).toMillis();
  }

  private static Duration atMost(Duration limit) {
    return limit.compareTo(LONGEST_STATEMENT_TIMEOUT) > 0 ? LONGEST_STATEMENT_TIMEOUT : limit;
  }

  private static String enforcement(@Nullable String queryTimeout) {
    PresentDriver driver = PresentDriver.HERE;
    return (driver.knows(PropertyNames.QUERY_TIMEOUT)
            ? "command-timeout is enforced by the driver (queryTimeout = "
                + UrlText.shown(String.valueOf(queryTimeout), List.of()).replace("\"", "")
                + ", in whole seconds), since"
            : "command-timeout is not enforced: pgjdbc "
                + driver.version()
                + " has no queryTimeout, as 42.7.9 has, and")
        + " poolers take no start-up options; to have the server enforce it:";
  }

  private static boolean behind(PoolerMode pooler) {
    return pooler == PoolerMode.TRANSACTION || pooler == PoolerMode.SESSION;
  }

  /** The duration in whole seconds, rounded up. */
  static long wholeSeconds(Duration duration) {
    return duration.plusNanos(999_999_999).toSeconds();
  }
}
