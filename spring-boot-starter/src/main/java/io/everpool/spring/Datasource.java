package io.everpool.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The settings of the main pool that Spring Boot's own {@code spring.datasource.*} contain. */
final class Datasource {
  private static final String PREFIX = "spring.datasource.";

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
    put(settings, "name", properties.find(PREFIX + "name"));
    return settings;
  }

  private static void put(Map<String, Found> settings, String key, @Nullable Found found) {
    if (found != null && !found.isBlank()) {
      settings.put(key, found);
    }
  }
}
