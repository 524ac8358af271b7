package io.everpool.dropwizard;

import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.hocon.EverpoolConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pool, taken from a block of Dropwizard's configuration. They go through HOCON's
 * reader as if they were written in a file of its own, so that problems are told in the same words,
 * all at once, with the key as it was written.
 *
 * @param name the pool's name as the configuration itself gives it; null if it gives none
 * @param notes a sentence for each key that has no effect, which says why
 */
record DropwizardSettings(
    PoolConfig config,
    @Nullable String name,
    SessionDefaults session,
    BundleSettings bundles,
    List<String> notes) {

  private static final String ROOT = "everpool";
  private static final String NAME = "name";
  private static final String PROPERTIES = "properties";

  /** A block of HOCON's that can't be used here. */
  private static final String POOLS = "pools";

  /** How the reader's messages begin where they name the root block, which isn't in the YAML. */
  private static final Pattern BELOW_ROOT = Pattern.compile("^(unknown key )?" + ROOT + "\\.");

  /** A message that begins with a key and names the same key again as the value's place. */
  private static final Pattern SAID_TWICE =
      Pattern.compile("^((?:unknown key )?([\\w.-]+)\\b.*) \\(\\2\\)$");

  /** Dropwizard's short forms of minutes, which aren't units of ours. */
  private static final Pattern MINUTES = Pattern.compile("(\\d+)\\s*mins?$");

  /**
   * Reads what a block says.
   *
   * @throws InvalidPoolConfigException with every problem at once, and without a password
   */
  static DropwizardSettings read(Map<String, ? extends @Nullable Object> block) {
    return new Reading().read(block);
  }

  /** Shows only that something was written, and not what: it may contain secrets. */
  @Override
  public String toString() {
    return "DropwizardSettings of " + config;
  }

  /** One reading of one block. */
  private static final class Reading {
    private final Map<String, Setting<?>> ours = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();

    /** The keys as they were written, by their form in kebab case. */
    private final Map<String, String> written = new LinkedHashMap<>();

    /** The entries for HOCON's reader. */
    private final Map<String, Object> entries = new TreeMap<>();

    /** The settings that aren't ours, by key in kebab case. */
    private final Map<String, String> theirs = new LinkedHashMap<>();

    private Map<String, String> properties = Map.of();

    private Reading() {
      PoolConfig.settings().forEach(setting -> ours.put(setting.key(), setting));
    }

    DropwizardSettings read(Map<String, ? extends @Nullable Object> block) {
      block.forEach(this::sort);
      TomcatSettings tomcat = new TomcatSettings(theirs);
      tomcat.values().forEach(this::putUnlessOurs);
      tomcat.refuse(problems);
      notes.addAll(tomcat.notes());
      SessionDefaults session = SessionDefaults.of(theirs::get, problems);
      BundleSettings bundles = BundleSettings.of(theirs::get, properties, problems);
      PoolConfig config = config();
      if (config == null || !problems.isEmpty()) {
        throw new InvalidPoolConfigException(problems);
      }
      return new DropwizardSettings(
          config,
          written.containsKey(NAME) ? config.name() : null,
          session,
          bundles,
          List.copyOf(notes));
    }

    private void sort(String key, @Nullable Object value) {
      String kebab = Names.kebab(key);
      String other = written.putIfAbsent(kebab, key);
      if (other != null) {
        problems.add(other + " and " + key + " are one setting: leave one of them out");
      } else if (ours.containsKey(kebab)) {
        entries.put(kebab, ours(ours.get(kebab), value, key));
      } else if (TomcatSettings.rows().containsKey(kebab)) {
        if (value != null && !value.toString().isBlank()) { // a blank value says nothing
          theirs.put(kebab, value.toString());
        }
      } else if (kebab.equals(POOLS)) {
        problems.add(POOLS + " can't be set here: each pool is a block of its own");
      } else {
        TomcatSettings.nearest(kebab)
            .ifPresentOrElse(
                near -> problems.add("unknown key " + key + "; did you mean " + near + "?"),
                () -> entries.put(key, ConfigValueFactory.fromAnyRef("", key)));
      }
    }

    private Object ours(@Nullable Setting<?> setting, @Nullable Object value, String key) {
      if (setting != null && value instanceof Map<?, ?> block) {
        return setting.key().equals(PROPERTIES) ? driver(block, key) : inner(setting, block, key);
      }
      if (value instanceof Collection<?> list) {
        return ConfigValueFactory.fromIterable(list.stream().map(String::valueOf).toList(), key);
      }
      return scalar(setting, value, key);
    }

    private Map<String, Object> driver(Map<?, ?> block, String key) {
      properties = BundleSettings.flat(block);
      Map<String, Object> driver = new TreeMap<>();
      properties.forEach(
          (name, value) -> {
            if (BundleSettings.isTheDrivers(name)) {
              driver.put(name, ConfigValueFactory.fromAnyRef(value, key + "." + name));
            }
          });
      return driver;
    }

    private Map<String, Object> inner(Setting<?> setting, Map<?, ?> block, String key) {
      Map<String, Object> inner = new TreeMap<>();
      block.forEach(
          (name, value) -> {
            String path = key + "." + name;
            String kebab = Names.kebab(String.valueOf(name));
            Setting<?> part =
                setting.parts().stream()
                    .filter(each -> each.key().equals(setting.key() + "." + kebab))
                    .findFirst()
                    .orElse(null);
            String as = part == null ? String.valueOf(name) : kebab;
            if (inner.put(as, scalar(part, value, path)) != null) {
              problems.add(path + " is set twice: leave one of them out");
            }
          });
      return inner;
    }

    private static ConfigValue scalar(
        @Nullable Setting<?> setting, @Nullable Object value, String place) {
      if (value == null || value instanceof Map) {
        return ConfigValueFactory.fromAnyRef(value == null ? null : Map.of(), place);
      }
      boolean duration = setting != null && setting.type() == Duration.class;
      return ConfigValueFactory.fromAnyRef(
          duration ? MINUTES.matcher(value.toString()).replaceFirst("$1m") : value.toString(),
          place);
    }

    private void putUnlessOurs(TomcatSettings.Value value) {
      String from = written.getOrDefault(value.from(), value.from());
      String counts = written.get(value.key());
      if (counts != null) {
        notes.add(from + " isn't read beside " + counts);
      } else {
        entries.put(value.key(), scalar(ours.get(value.key()), value.value(), from));
      }
    }

    private @Nullable PoolConfig config() {
      try {
        return EverpoolConfig.from(
            ConfigValueFactory.fromMap(Map.of(ROOT, entries), "Dropwizard's configuration")
                .toConfig());
      } catch (InvalidPoolConfigException e) {
        for (String problem : e.problems()) {
          String shown = BELOW_ROOT.matcher(problem).replaceFirst("$1");
          problems.add(SAID_TWICE.matcher(shown).replaceFirst("$1"));
        }
        return null;
      }
    }
  }
}
