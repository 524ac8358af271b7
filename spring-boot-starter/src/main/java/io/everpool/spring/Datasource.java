package io.everpool.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The settings of the main pool that Spring Boot's own {@code spring.datasource.*} contain. */
final class Datasource {
  private static final String PREFIX = "spring.datasource.";
  private static final int LONGEST_NAME = 64;

  private Datasource() {}

  /** The URL of the database, or null. */
  static @Nullable Found url(Properties properties) {
    for (String name : new String[] {PREFIX + "hikari.jdbc-url", PREFIX + "url", "neon-db-url"}) {
      Found found = properties.find(name);
      if (found != null && !found.isBlank()) {
        return found;
      }
    }
    return null;
  }

  /** These settings, by our keys. */
  static Map<String, Found> settings(Properties properties) {
    Map<String, Found> settings = new LinkedHashMap<>();
    put(settings, "url", url(properties));
    put(settings, "user", properties.find(PREFIX + "username"));
    put(settings, "password", properties.find(PREFIX + "password"));
    Found name = properties.find(PREFIX + "name");
    put(settings, "name", name == null ? null : name.with(poolName(name.value())));
    return settings;
  }

  /**
   * A name that is free text to Spring Boot and to HikariCP, as the name of a pool: it is cut, and
   * the letters that a pool's name can't have become dashes.
   */
  static String poolName(String text) {
    String name = text.strip().replaceAll("[^A-Za-z0-9._-]", "-");
    return name.substring(0, Math.min(name.length(), LONGEST_NAME));
  }

  private static void put(Map<String, Found> settings, String key, @Nullable Found found) {
    if (found != null && !found.isBlank()) {
      settings.put(key, found);
    }
  }
}
