package io.everpool.spring;

import io.everpool.api.PoolConfig;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;

/**
 * The settings in {@code spring.datasource.hikari.*} as settings of ours, so that an application
 * that comes from HikariCP needs no changes. For a setting without a counterpart, a note says why,
 * once. This is one table; docs/spring.md is its printed form.
 */
final class HikariSettings {
  static final String PREFIX = "spring.datasource.hikari";
  private static final String PROPERTIES = "data-source-properties";
  private static final Pattern WHOLE = Pattern.compile("[+-]?\\d+");

  /** What becomes of one of HikariCP's settings. */
  sealed interface Row permits Counterpart, OfSessions, Nothing {}

  /**
   * The setting has a counterpart among ours.
   *
   * @param key our setting's key
   * @param value gives our setting's value for a value of HikariCP's; empty if ours has that
   *     meaning anyway
   */
  private record Counterpart(String key, Function<String, Optional<String>> value) implements Row {}

  /** Each session begins with the setting; {@link HikariSession} sees to that. */
  private record OfSessions() implements Row {}

  /**
   * The setting has no counterpart.
   *
   * @param why the end of the sentence "... has no counterpart: "
   */
  private record Nothing(String why) implements Row {}

  private static final Map<String, Row> ROWS = new LinkedHashMap<>();

  static {
    same("jdbc-url", "url");
    same("username", "user");
    same("password", "password");
    row("pool-name", "name", name -> Optional.of(Datasource.poolName(name)));
    same("maximum-pool-size", "max-size");
    same("minimum-idle", "min-size");
    row("connection-timeout", "acquire-timeout", HikariSettings::forEver);
    row("idle-timeout", "idle-timeout", HikariSettings::millis);
    row("max-lifetime", "max-lifetime", HikariSettings::millis);
    row("keepalive-time", "health-check-interval", HikariSettings::unlessZero);
    row("validation-timeout", "validation-timeout", HikariSettings::millis);
    row("leak-detection-threshold", "leak-threshold", HikariSettings::millis);
    row("initialization-fail-timeout", "fail-fast", HikariSettings::positive);
    same("connection-init-sql", "connection-init-sql");
    same(PROPERTIES, "properties");
    for (String key : HikariSession.KEYS) {
      ROWS.put(key, new OfSessions());
    }
    none("allow-pool-suspension", "every pool can be suspended");
    none(
        "connection-test-query",
        "what was idle for a while is looked at before it is lent, without a query");
    none("credentials-provider", "use a bean of CredentialsProvider");
    none("credentials-provider-class-name", "use a bean of CredentialsProvider");
    none("data-source-class-name", "use everpool.url");
    none("data-source-jndi", "use spring.datasource.jndi-name");
    none("driver-class-name", "the driver is found by the URL");
    none("exception-override", "use a bean of Classifier");
    none("exception-override-class-name", "use a bean of Classifier");
    none("health-check-properties", "the health endpoint needs none");
    none("health-check-registry", "the health endpoint tells of every pool");
    none("isolate-internal-queries", "the pool's own queries are in no transaction of yours");
    none("metric-registry", "a MeterRegistry that is there is used");
    none("metrics-tracker-factory", "a MeterRegistry that is there is used");
    none("register-mbeans", "set spring.jmx.enabled=true");
    none("scheduled-executor", "a pool has threads of its own");
    none("thread-factory", "a pool has threads of its own");
    none("data-source", "make a bean by Everpool.builder(config).dataSource(...)");
    none("credentials", "use a bean of CredentialsProvider");
  }

  private final Properties properties;

  HikariSettings(Properties properties) {
    this.properties = properties;
  }

  private static void same(String name, String key) {
    row(name, key, Optional::of);
  }

  private static void row(String name, String key, Function<String, Optional<String>> value) {
    ROWS.put(name, new Counterpart(key, value));
  }

  private static void none(String name, String why) {
    ROWS.put(name, new Nothing(why));
  }

  /**
   * A number of milliseconds as a duration. A value that is no number stays as it is, and is
   * refused later.
   */
  private static Optional<String> millis(String value) {
    BigInteger number = whole(value);
    return Optional.of(number == null ? value : number + "ms");
  }

  private static Optional<String> forEver(String value) {
    return isZero(value) ? Optional.of(PoolConfig.LONGEST_DURATION.toDays() + "d") : millis(value);
  }

  private static Optional<String> unlessZero(String value) {
    return isZero(value) ? Optional.empty() : millis(value);
  }

  private static Optional<String> positive(String value) {
    BigInteger number = whole(value);
    return Optional.of(number == null ? value : String.valueOf(number.signum() > 0));
  }

  private static boolean isZero(String value) {
    BigInteger number = whole(value);
    return number != null && number.signum() == 0;
  }

  /**
   * The whole number, read as Spring's converter reads it, which ignores blanks; null if the text
   * is none.
   */
  private static @Nullable BigInteger whole(String value) {
    String number = value.strip();
    return WHOLE.matcher(number).matches() ? new BigInteger(number) : null;
  }

  /** HikariCP's names, in kebab case. */
  static Map<String, Row> rows() {
    return Map.copyOf(ROWS);
  }

  /** The values for settings of ours, by their keys, without the driver's properties. */
  Map<String, Found> settings() {
    Map<String, Found> settings = new LinkedHashMap<>();
    ROWS.forEach(
        (name, row) -> {
          Found found = find(name);
          if (found != null && row instanceof Counterpart ours) {
            ours.value()
                .apply(found.value())
                .ifPresent(value -> settings.put(ours.key(), as(found, value)));
          }
        });
    return settings;
  }

  private static Found as(Found found, String value) {
    return new Found(found.name(), value, found.name() + ", " + found.place());
  }

  /** The properties for the driver. */
  Map<String, Found> driverProperties() {
    Map<String, Found> found = new LinkedHashMap<>();
    String name = PREFIX + "." + PROPERTIES;
    properties
        .map(name)
        .forEach((key, value) -> found.put(key, new Found(Properties.name(name), value, name)));
    return found;
  }

  /** What every session begins with. */
  HikariSession session() {
    return HikariSession.of(this::find);
  }

  /**
   * The value of one of HikariCP's settings; a blank counts as not set, as with Spring Boot's own
   * pools.
   */
  private @Nullable Found find(String name) {
    Found found = properties.find(PREFIX + "." + name);
    return found == null || found.isBlank() ? null : found;
  }

  /** A sentence for each setting that has no counterpart, or that HikariCP doesn't have either. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    List<ConfigurationPropertyName> known = new ArrayList<>();
    ROWS.forEach(
        (name, row) -> {
          known.add(Properties.name(PREFIX + "." + name));
          Found found = find(name);
          if (found != null && row instanceof Nothing nothing) {
            notes.add(name(found) + " has no counterpart in Everpool: " + nothing.why());
          } else if (found != null
              && row instanceof Counterpart ours
              && ours.value().apply(found.value()).isEmpty()) {
            notes.add(name(found) + " is 0, and " + ours.key() + " stays as it is");
          }
        });
    for (Found found : properties.below(PREFIX)) {
      if (known.stream()
          .noneMatch(name -> name.equals(found.name()) || name.isAncestorOf(found.name()))) {
        notes.add(name(found) + " is no setting that Everpool knows of HikariCP");
      }
    }
    return notes;
  }

  private static String name(Found found) {
    return found.name().toString();
  }
}
