package io.everpool.hibernate;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The settings below {@code hibernate.connection}. They are the driver's properties ({@code
 * hibernate.connection.sslmode}), which Hibernate's own provider passes on; settings that Hibernate
 * reads itself; and settings that are meant for that provider's pool.
 */
final class DriverSettings {
  private static final String PREFIX = "hibernate.connection.";

  /**
   * Settings of Hibernate's own, of any of its versions: Hibernate reads them itself, or {@link
   * HibernateSettings} does.
   */
  private static final Set<String> HIBERNATES =
      Set.of(
          "acquisition_mode",
          "autocommit",
          "datasource",
          "driver_class",
          "handling_mode",
          "password",
          "provider_class",
          "provider_disables_autocommit",
          "release_mode",
          "url",
          "user",
          "username");

  /**
   * Settings that can't be left out without a change of what the application does, each with what
   * to set instead.
   */
  private static final Map<String, String> REFUSED =
      Map.of(
          "isolation",
          "set hibernate.everpool.connection-init-sql to \"set session characteristics as"
              + " transaction isolation level ...\" instead",
          "init_sql",
          "set hibernate.everpool.connection-init-sql instead",
          "creator_factory_class",
          "open a pool in Java and hand it over as hibernate.everpool.pool");

  /** Settings for the size and the pace of Hibernate's own pool, each with what to set instead. */
  private static final Map<String, String> OF_ITS_POOL =
      Map.of(
          "pool_size", "max-size",
          "min_pool_size", "min-size",
          "initial_pool_size", "min-size",
          "pool_validation_interval", "health-check-interval",
          "login_timeout", "connect-timeout");

  private DriverSettings() {}

  /**
   * The driver's properties by their names, without those that {@code url} has: the URL counts
   * before them, as with the driver itself.
   */
  static Map<String, Object> properties(Map<String, Object> given, @Nullable String url) {
    Map<String, Object> found = new TreeMap<>();
    given.forEach(
        (key, value) -> {
          String name = property(key);
          if (name != null && value != null && !isIn(url, name)) {
            found.put(name, value);
          }
        });
    return found;
  }

  /** The name of the driver's property that {@code key} sets; null for any other key. */
  static @Nullable String property(String key) {
    String name = key.startsWith(PREFIX) ? key.substring(PREFIX.length()) : "";
    return name.isEmpty()
            || HIBERNATES.contains(name)
            || REFUSED.containsKey(name)
            || OF_ITS_POOL.containsKey(name)
        ? null
        : name;
  }

  /** Whether the URL has a parameter of that name. */
  static boolean isIn(@Nullable String url, String name) {
    return url != null && Pattern.compile("[?&]" + Pattern.quote(name) + "=").matcher(url).find();
  }

  /** Why {@code key} is refused; null if it isn't. */
  static @Nullable String refusal(String key) {
    String instead = instead(REFUSED, key);
    return instead == null ? null : key + " is not read: " + instead + ".";
  }

  /** What to set in place of {@code key}, if it is one that is left out; otherwise null. */
  static @Nullable String inPlaceOf(String key) {
    String instead = instead(OF_ITS_POOL, key);
    return instead == null ? null : HibernateSettings.PREFIX + instead;
  }

  private static @Nullable String instead(Map<String, String> of, String key) {
    return key.startsWith(PREFIX) ? of.get(key.substring(PREFIX.length())) : null;
  }
}
