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
 * What the rows look at: the configuration, and what has become of it in the driver's terms. Of a
 * value that means nothing the driver is left to complain.
 *
 * @param config as it was said
 * @param destination as it is used; its properties have the defaults as well
 * @param inUrl the properties that the URL alone says, or the environment where it says nothing
 * @param pooler what lies between, as far as that is known before anything was opened
 */
record Facts(
    PoolConfig config, Destination destination, Map<String, String> inUrl, PoolerMode pooler) {

  /** The value of one of the driver's properties; empty for none. */
  String value(String property) {
    return destination.properties().getOrDefault(property, "");
  }

  boolean is(String property, String value) {
    return value(property).equalsIgnoreCase(value);
  }

  boolean isSaid(String property) {
    return !value(property).isEmpty();
  }

  /** A number that is a property; {@code otherwise} if it isn't said, or is none. */
  long number(String property, long otherwise) {
    try {
      return Long.parseLong(value(property).trim());
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** A limit that the driver counts in seconds; zero for none. */
  Duration seconds(String property) {
    return Duration.ofSeconds(Math.max(0, number(property, 0)));
  }

  /** The options that the user has said; the adapter has some of its own. */
  String options() {
    String fromProperties = config.properties().getOrDefault(PropertyNames.OPTIONS, "");
    return inUrl.getOrDefault(PropertyNames.OPTIONS, fromProperties);
  }

  /** What they set a parameter of the server's to; null if they don't. */
  @Nullable String option(String parameter) {
    return StartOptions.value(options(), parameter);
  }

  /** The same of one that is a time; zero for none. */
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

  /** The longest run of a statement on the server, whoever says so; zero for no limit. */
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

  /** Whether idle connections are looked at, and not asked. */
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

  /** Whether a login begins without TLS. */
  boolean isPlain() {
    return sslMode().equals("disable") || sslMode().equals("allow");
  }

  boolean verifiesServer() {
    return sslMode().startsWith("verify-");
  }
}
