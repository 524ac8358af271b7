package io.everpool.hibernate;

import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Redaction;
import io.everpool.api.Setting;
import io.everpool.hocon.EverpoolConfig;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pool, taken from Hibernate's. They go through HOCON's reader as if they were
 * written in a file, so that problems are told in the same words, all at once, with the key's name.
 */
final class HibernateSettings {
  static final String PREFIX = "hibernate.everpool.";

  /** The key of a pool that is open already. */
  static final String POOL = PREFIX + "pool";

  private static final String ROOT = "everpool";
  private static final String PROPERTIES = "properties.";

  private static final List<String> URLS =
      List.of("jakarta.persistence.jdbc.url", "hibernate.connection.url");

  /** Keys of others that say who logs in, for the case that no key of Everpool's does. */
  private static final Map<String, List<String>> LOGIN =
      Map.of(
          "user",
              List.of(
                  "jakarta.persistence.jdbc.user",
                  "hibernate.connection.username",
                  "hibernate.connection.user"),
          "password",
              List.of("jakarta.persistence.jdbc.password", "hibernate.connection.password"));

  /** What HOCON's reader says of a URL that is missing. Here it is told in other words. */
  private static final String NO_URL = ROOT + ".url is missing; set it";

  private static final String WHO_SAYS_THE_URL =
      PREFIX + "url is missing; set it, " + String.join(" or ", URLS);

  /** Values that can hardly be a secret, under whatever name. */
  private static final Pattern HARMLESS = Pattern.compile("true|false|\\d{1,5}");

  /** What to set instead of {@code hibernate.connection.isolation}. */
  private static final Pattern ISOLATION =
      Pattern.compile(
          "\\s*set session characteristics as transaction [a-z ,]+;?\\s*",
          Pattern.CASE_INSENSITIVE);

  private final Map<String, Object> entries = new TreeMap<>();

  private HibernateSettings() {}

  /**
   * Reads what Hibernate's settings say of a pool.
   *
   * @throws InvalidPoolConfigException with every problem at once, and without a secret
   */
  static PoolConfig read(Map<String, Object> given) {
    HibernateSettings settings = new HibernateSettings();
    new TreeMap<>(given).forEach(settings::put);
    settings.putDefault("url", URLS, given);
    String url = settings.url();
    LOGIN.forEach(
        (key, names) -> {
          if (!DriverSettings.isIn(url, key)) {
            settings.putDefault(key, names, given);
          }
        });
    settings.putOfDriver(given);
    try {
      return EverpoolConfig.from(
          ConfigValueFactory.fromMap(Map.of(ROOT, settings.entries), "Hibernate's settings")
              .toConfig());
    } catch (InvalidPoolConfigException e) {
      throw new InvalidPoolConfigException(
          e.problems().stream()
              .map(problem -> problem.equals(NO_URL) ? WHO_SAYS_THE_URL : problem)
              .toList());
    }
  }

  /**
   * The keys that have a secret, or may have one: those below {@link #PREFIX}, and those of the
   * driver's properties. Hibernate logs what stands in hibernate.properties, and masks only the
   * passwords that it knows by name.
   */
  static List<String> secrets(Map<String, Object> given) {
    return given.entrySet().stream()
        .filter(entry -> entry.getValue() != null)
        .filter(entry -> hasSecret(entry.getKey(), String.valueOf(entry.getValue())))
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  /**
   * Whether the value of a key that {@link #secrets} returns is certainly a secret, and not just a
   * text that may contain one.
   */
  static boolean isKeyOfSecret(String name) {
    String key = name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
    return key.equals("url")
        || key.equals("readers")
        || key.toLowerCase(Locale.ROOT).endsWith("password");
  }

  /** Whether the key says of a pool's database or login what a pool that is open has already. */
  static boolean saysWhereOrWho(String name) {
    return URLS.contains(name) || LOGIN.values().stream().anyMatch(names -> names.contains(name));
  }

  private static boolean hasSecret(String name, String value) {
    String ofDriver = DriverSettings.property(name);
    return name.startsWith(PREFIX)
        ? isSecret(name.substring(PREFIX.length()), value)
        : ofDriver != null && isSecretProperty(ofDriver, value);
  }

  private static boolean isSecret(String key, String value) {
    if (key.startsWith(PROPERTIES)) {
      return isSecretProperty(key.substring(PROPERTIES.length()), value);
    }
    for (Setting<?> setting : PoolConfig.settings()) {
      if (setting.key().equals(key)) {
        return setting.isSecret()
            && shown(setting, value).contains(Redaction.MASK)
            && !ISOLATION.matcher(value).matches();
      }
    }
    return false;
  }

  private static boolean isSecretProperty(String name, String value) {
    if (name.toLowerCase(Locale.ROOT).endsWith("password")) {
      return true;
    }
    return Redaction.properties(Map.of(name, value)).containsValue(Redaction.MASK)
        && !HARMLESS.matcher(value).matches()
        && isSecret("password-file", value); // its value is shown if it can only be a path
  }

  /**
   * The value as the setting shows it. A value that isn't a text by itself is shown as a URL would
   * be, or not at all.
   */
  private static <T> String shown(Setting<T> setting, String value) {
    return setting.type() == String.class
        ? setting.shown(setting.type().cast(value))
        : Redaction.url(value);
  }

  private void put(String name, @Nullable Object value) {
    if (value != null && name.startsWith(PREFIX)) {
      String key = name.substring(PREFIX.length());
      String block = block(key);
      if (block == null) {
        entries.put(key, value(value, name));
      } else {
        inner(block).put(key.substring(block.length() + 1), value(value, name));
      }
    }
  }

  /**
   * The setting that {@code key} is a part of, which is one with parts or with free names; null if
   * there is none.
   */
  private static @Nullable String block(String key) {
    for (Setting<?> setting : PoolConfig.settings()) {
      boolean holds = setting.type() == Map.class || !setting.parts().isEmpty();
      if (holds && key.startsWith(setting.key() + ".")) {
        return setting.key();
      }
    }
    return null;
  }

  @SuppressWarnings("unchecked") // the map is made here and nowhere else
  private Map<String, Object> inner(String block) {
    Object there = entries.get(block);
    if (!(there instanceof Map)) {
      there = new TreeMap<String, Object>();
      entries.put(block, there);
    }
    return (Map<String, Object>) there;
  }

  private void putDefault(String key, List<String> names, Map<String, Object> given) {
    boolean fromElsewhere =
        key.equals("password") && (isSaid("password-file") || isSaid("password-env"));
    for (String name : names) {
      Object value = given.get(name);
      if (value != null && !fromElsewhere && !isSaid(key)) {
        entries.put(key, value(value, name));
      }
    }
  }

  /**
   * Puts the driver's properties there. A name that is set below {@code
   * hibernate.everpool.properties} counts before these.
   */
  private void putOfDriver(Map<String, Object> given) {
    Object there = entries.get("properties");
    if (there != null && !(there instanceof Map)) {
      return; // A text is no set of properties: it stays, and is refused as such.
    }
    DriverSettings.properties(given, url())
        .forEach(
            (name, value) ->
                inner("properties")
                    .putIfAbsent(name, ConfigValueFactory.fromAnyRef(value.toString(), name)));
  }

  private @Nullable String url() {
    return entries.get("url") instanceof ConfigValue value
        ? String.valueOf(value.unwrapped())
        : null;
  }

  /**
   * Whether the key is set to more than blanks: an environment variable that is set to nothing
   * arrives as an empty text.
   */
  private boolean isSaid(String key) {
    return entries.get(key) instanceof ConfigValue value
        && !(value.unwrapped() instanceof String text && text.isBlank());
  }

  private static ConfigValue value(Object value, String name) {
    if (value instanceof Collection<?> elements) {
      return ConfigValueFactory.fromIterable(elements.stream().map(String::valueOf).toList(), name);
    }
    return ConfigValueFactory.fromAnyRef(
        name.equals(PREFIX + "readers") ? List.of(value.toString()) : value.toString(), name);
  }
}
