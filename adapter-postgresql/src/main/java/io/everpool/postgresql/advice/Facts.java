package io.everpool.postgresql.advice;

import io.everpool.api.HealthCheck;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolerMode;
import io.everpool.api.SleepMode;
import io.everpool.postgresql.driver.PropertyNames;
import io.everpool.postgresql.socket.KeepAlive;
import io.everpool.postgresql.url.Destination;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the rows look at: the configuration, and what has become of it in the driver's terms. If a
 * value means nothing, the rows leave it to the driver to complain.
 *
 * @param config the configuration as it was said
 * @param destination the destination as it is used; its properties contain the defaults as well
 * @param inUrl the properties that the URL says; where the URL says nothing, those that the
 *     environment says
 * @param pooler which kind of pooler lies between, as far as that is known before anything was
 *     opened
 */
record Facts(
    PoolConfig config, Destination destination, Map<String, String> inUrl, PoolerMode pooler) {

  /** The value of one of the driver's properties; empty if it has none. */
  String value(String property) {
    return destination.properties().getOrDefault(property, "");
  }

  boolean is(String property, String value) {
    return value(property).equalsIgnoreCase(value);
  }

  boolean isSaid(String property) {
    return !value(property).isEmpty();
  }

  /**
   * The value of a property as a number; {@code otherwise} if the property isn't set, or is no
   * number.
   */
  long number(String property, long otherwise) {
    try {
      return Long.parseLong(value(property).trim());
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** A limit of time that the driver counts in seconds; zero if there is no limit. */
  Duration seconds(String property) {
    return Duration.ofSeconds(Math.max(0, number(property, 0)));
  }

  /** The options that the user has said, without those that the adapter adds. */
  String options() {
    String fromProperties = config.properties().getOrDefault(PropertyNames.OPTIONS, "");
    return inUrl.getOrDefault(PropertyNames.OPTIONS, fromProperties);
  }

  /** The value that the options set for a parameter of the server; null if they don't set it. */
  @Nullable String option(String parameter) {
    return StartOptions.value(options(), parameter);
  }

  /** The value that the options set for a parameter that is a time; zero if they don't set it. */
  Duration optionTime(String parameter) {
    return StartOptions.time(option(parameter));
  }

  boolean isSwitchedOff(String parameter) {
    String value = option(parameter);
    return value != null
        && List.of("off", "false", "no", "0").contains(value.toLowerCase(Locale.ROOT));
  }

  boolean isSwitchedOn(String parameter) {
    String value = option(parameter);
    return value != null
        && List.of("on", "true", "yes", "1").contains(value.toLowerCase(Locale.ROOT));
  }

  /** How long a statement may run on the server, whoever has set this; zero for no limit. */
  Duration statementLimit() {
    return option("statement_timeout") == null
        ? config.commandTimeout()
        : optionTime("statement_timeout");
  }

  int hosts() {
    return destination.hosts().size();
  }

  boolean targets(String... types) {
    return List.of(types)
        .contains(value(PropertyNames.TARGET_SERVER_TYPE).toLowerCase(Locale.ROOT));
  }

  KeepAlive keepAlive() {
    return destination.keepAlive();
  }

  boolean keepsAlive() {
    return is(PropertyNames.TCP_KEEP_ALIVE, "true");
  }

  boolean hasOwnSocket() {
    return isSaid(PropertyNames.SOCKET_FACTORY);
  }

  boolean sleeps() {
    return config.sleep() == SleepMode.ON
        || (config.sleep() == SleepMode.AUTO && destination.neon());
  }

  /** Whether the health check only looks at idle connections, without asking the server. */
  boolean looks() {
    return config.healthCheck() == HealthCheck.LOOK
        || (config.healthCheck() == HealthCheck.AUTO && sleeps());
  }

  boolean isLentByTransaction() {
    return pooler == PoolerMode.TRANSACTION;
  }

  boolean isBehindPooler() {
    return pooler == PoolerMode.TRANSACTION || pooler == PoolerMode.SESSION;
  }

  String sslMode() {
    return destination.sslMode();
  }

  /** Whether a login is first tried without TLS. */
  boolean isPlain() {
    return sslMode().equals("disable") || sslMode().equals("allow");
  }

  boolean verifiesServer() {
    return sslMode().startsWith("verify-");
  }
}
