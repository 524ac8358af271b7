package io.everpool.spring;

import io.everpool.api.InvalidPoolConfigException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.springframework.core.env.Environment;

/**
 * The settings that only this starter has, below {@code everpool.spring}; they are the same for
 * every pool.
 */
final class StarterSettings {
  static final String PREFIX = "everpool.spring";
  static final String HEALTH_QUERY = "health-query";
  static final String METRIC_NAMES = "metric-names";
  static final String CONSOLE = "console";
  static final String CONSOLE_HOSTS = "console-hosts";

  /**
   * A setting.
   *
   * @param values the values that it may have, of which the first is the default; empty if it may
   *     be any text
   */
  record Key(List<String> values, String meaning) {}

  static final Map<String, Key> KEYS =
      new TreeMap<>(
          Map.of(
              HEALTH_QUERY,
              new Key(
                  List.of("false", "true"),
                  "Whether the health endpoint asks the database, on a connection of the pool's;"
                      + " else it tells what the pool has last seen of it."),
              METRIC_NAMES,
              new Key(
                  List.of("open-telemetry", "hikari-cp"),
                  "Whose names the metrics of the pools have in Micrometer."),
              CONSOLE,
              new Key(
                  List.of(),
                  "The path below which the pools' page is served, /actuator/pools say; it isn't,"
                      + " where nothing is said. Needs adapter-console."),
              CONSOLE_HOSTS,
              new Key(
                  List.of(),
                  "The names under which the page is asked for beside localhost, with commas"
                      + " between.")));

  private static final Pattern PATH = Pattern.compile("/[^/*?#\\s]+(/[^/*?#\\s]+)*/?");

  private final Properties properties;

  StarterSettings(Environment environment) {
    properties = new Properties(environment);
  }

  /** Whether the health endpoint asks the database. */
  boolean asksForHealth() {
    return value(HEALTH_QUERY).equals("true");
  }

  /** Whether the metrics have HikariCP's names. */
  boolean namesAsHikari() {
    return value(METRIC_NAMES).equals("hikari-cp");
  }

  /** The path of the console, without a slash at its end. */
  String console() {
    Found found = properties.find(PREFIX + "." + CONSOLE);
    String path = found == null ? "" : found.value().strip();
    if (!PATH.matcher(path).matches()) {
      throw new InvalidPoolConfigException(
          List.of(
              PREFIX
                  + "."
                  + CONSOLE
                  + " must be a path, such as /actuator/pools"
                  + (found == null ? "" : " (" + found.place() + ")")));
    }
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  /** The names by which browsers may ask for the console. */
  List<String> consoleHosts() {
    Found found = properties.find(PREFIX + "." + CONSOLE_HOSTS);
    return found == null
        ? List.of()
        : Arrays.stream(found.value().split(",", -1))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList();
  }

  private String value(String name) {
    List<String> values = KEYS.getOrDefault(name, new Key(List.of(""), "")).values();
    Found found = properties.find(PREFIX + "." + name);
    if (found == null || found.isBlank()) {
      return values.get(0);
    }
    Boolean truth = Truth.of(found.value());
    String written =
        truth != null
            ? truth.toString()
            : found.value().strip().toLowerCase(Locale.ROOT).replace('_', '-');
    if (!values.contains(written)) {
      throw new InvalidPoolConfigException(
          List.of(
              PREFIX
                  + "."
                  + name
                  + " must be one of "
                  + String.join(", ", values)
                  + " ("
                  + found.place()
                  + ")"));
    }
    return written;
  }
}
