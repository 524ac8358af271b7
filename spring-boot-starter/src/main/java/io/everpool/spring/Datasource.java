package io.everpool.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What Spring Boot's own {@code spring.datasource.*} say of the main pool. */
final class Datasource {
  private static final String PREFIX = "spring.datasource.";

  private Datasource() {}

  /** Where the database is, or null. */
  static @Nullable Found url(Properties properties) {
    for (String name : new String[] {PREFIX + "hikari.jdbc-url", PREFIX + "url", "neon-db-url"}) {
      Found found = properties.find(name);
      if (found != null && !found.isBlank()) {
        return found;
      }
    }
    return null;
  }

  /** By the keys of the settings. */
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
