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
 * pgjdbc's properties and costs no round trip; and since the server takes start-up options for the
 * session's defaults, {@code RESET ALL} returns to them.
 *
 * <ul>
 *   <li>{@code command-timeout} is {@code statement_timeout}, by the start-up parameter {@code
 *       options}, before the user's own options so that they win. Poolers refuse {@code options};
 *       there it is pgjdbc's {@code queryTimeout}, in whole seconds: the driver cancels the
 *       statement.
 *   <li>{@code socketTimeout} is {@link #GRACE} longer, so that a server that hangs doesn't hang
 *       its callers for ever. It counts from one byte to the next. Who lets a statement run longer
 *       ({@code SET LOCAL statement_timeout}) sets {@code socketTimeout}, or {@link
 *       java.sql.Connection#setNetworkTimeout}. There is none where {@code replication} is set:
 *       pgjdbc ends a stream at the first silence then (from 42.7.11 on), and silence is no hanging
 *       there.
 *   <li>{@code tcpKeepAlive} is on, {@code ApplicationName} is the pool's name.
 *   <li>{@code assumeMinServerVersion} is 9.0: pgjdbc then sends the application's name at start-up
 *       too, and not by a {@code SET} that costs a round trip and that {@code RESET ALL} undoes.
 * </ul>
 */
final class SessionDefaults {
  /** A session as all others, in libpq's words, too. */
  private static final Set<String> NO = Set.of("false", "off", "no", "0");

  /** What the answer may take beyond the statement, and a driver's cancel request too. */
  static final Duration GRACE = Duration.ofSeconds(10);

  /** What the server takes at the most, which is 24 days and a good 20 hours. */
  private static final Duration LONGEST_STATEMENT_TIMEOUT = Duration.ofMillis(Integer.MAX_VALUE);

  private static final String READ_ONLY_MODE = "readOnlyMode";

  private static final String STATEMENT_TIMEOUT = "statement_timeout";

  private SessionDefaults() {}

  /** Adds to {@code properties} what isn't there. */
  static void add(
      Map<String, String> properties, PoolConfig config, PoolerMode pooler, List<String> notes) {
    properties.putIfAbsent(PropertyNames.APPLICATION_NAME, config.name());
    properties.putIfAbsent(PropertyNames.TCP_KEEP_ALIVE, "true");
    properties.putIfAbsent(PropertyNames.ASSUME_MIN_SERVER_VERSION, "9.0");
    if (pooler == PoolerMode.TRANSACTION
        && "always".equalsIgnoreCase(properties.get(READ_ONLY_MODE))) {
      properties.put(READ_ONLY_MODE, "transaction");
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

  /** What the server is told of it at the start. */
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

  /** Never less than the duration. */
  static long wholeSeconds(Duration duration) {
    return duration.plusNanos(999_999_999).toSeconds();
  }
}
