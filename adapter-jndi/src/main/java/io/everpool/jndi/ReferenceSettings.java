package io.everpool.jndi;

import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.Setting;
import io.everpool.hocon.EverpoolConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.naming.Name;
import javax.naming.RefAddr;
import javax.naming.Reference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pool, taken from the addresses of a reference, each of which was an attribute
 * in the container's configuration. They go through HOCON's reader as if they were written in a
 * file, so that problems are told in the same words, all at once, with the attribute's name.
 */
final class ReferenceSettings {
  private static final String ROOT = "everpool";
  private static final String NAME = "name";
  private static final String SINGLETON = "singleton";

  /** The attribute of the pool's name: {@code name} is the resource's. */
  private static final String POOL_NAME = "pool-name";

  /** How long a name may be that is made here, so that {@code -reader-99} fits behind it. */
  private static final int LONGEST_NAME = 54;

  private static final List<String> TYPES =
      List.of(DataSource.class.getName(), Pool.class.getName());

  /** Attributes that are for the container. */
  private static final Set<String> OF_CONTAINER =
      Set.of("auth", "close-method", "description", "factory", NAME, "scope", SINGLETON, "type");

  private static final String LOOKED_AT =
      "a connection that was idle for a while is looked at before it is lent, without a query";

  /** Attributes of other pools that have no counterpart, each with the reason. */
  private static final Map<String, String> NEEDLESS =
      Map.of(
          "driver-class-name", "the driver is found by the URL",
          "max-idle", "connections above min-size are closed after idle-timeout",
          "pools", "each pool is a resource of its own",
          "remove-abandoned", "no connection is taken from its holder, and leak-threshold tells",
          "test-on-borrow", LOOKED_AT,
          "test-on-return", "the pool knows which connections failed in use",
          "test-while-idle", "idle connections are always examined",
          "validation-interval", LOOKED_AT,
          "validation-query", LOOKED_AT);

  private static final Map<String, Setting<?>> SETTINGS =
      PoolConfig.settings().stream().collect(Collectors.toMap(Setting::key, setting -> setting));

  /** How the reader's messages begin where they name the root block, which is in no reference. */
  private static final Pattern BELOW_ROOT = Pattern.compile("^(unknown key )?" + ROOT + "\\.");

  /** A message that begins with a key and names the same key again as the value's place. */
  private static final Pattern SAID_TWICE =
      Pattern.compile("^((?:unknown key )?([\\w.-]+)\\b.*) \\(\\2\\)$");

  private final List<String> problems = new ArrayList<>();

  /** The attributes as they were written, by what they set. */
  private final Map<String, String> written = new TreeMap<>();

  /** The entries for HOCON's reader. */
  private final Map<String, Object> entries = new TreeMap<>();

  private ReferenceSettings() {}

  /** Whether a resource of this type can be a pool. */
  static boolean isType(@Nullable String type) {
    return type != null && TYPES.contains(type);
  }

  /**
   * Reads what a reference says.
   *
   * @param name the name under which it is bound; null if that isn't known
   * @throws InvalidPoolConfigException with every problem at once, and without a password
   */
  static PoolConfig read(Reference reference, @Nullable Name name) {
    ReferenceSettings settings = new ReferenceSettings();
    if (!isType(reference.getClassName())) {
      settings.problems.add(
          "type is " + reference.getClassName() + "; it must be " + String.join(" or ", TYPES));
    }
    if (name != null) {
      settings.putName(name.toString());
    }
    for (RefAddr address : Collections.list(reference.getAll())) {
      if (address.getContent() != null) {
        settings.put(address.getType(), address.getContent().toString());
      }
    }
    return settings.config();
  }

  private void put(String attribute, String text) {
    String key = key(attribute);
    if (key.equals(NAME)) {
      putName(text);
    } else if (key.equals(SINGLETON) && text.equalsIgnoreCase("false")) {
      problems.add(
          "singleton must not be false: each look-up would open a pool, and nobody would close it");
    } else if (NEEDLESS.containsKey(key)) {
      problems.add("unknown key " + attribute + "; leave it out: " + NEEDLESS.get(key));
    } else if (!OF_CONTAINER.contains(key)) {
      putSetting(key.equals(POOL_NAME) ? NAME : key, attribute, text);
    }
  }

  /** Has the pool called by the last part of the resource's name, if nothing else names it. */
  private void putName(String ofResource) {
    String last = ofResource.substring(ofResource.lastIndexOf('/') + 1);
    String possible = last.replaceAll("[^A-Za-z0-9._-]", "-");
    if (!possible.isEmpty() && !written.containsKey(NAME)) {
      entries.put(NAME, possible.substring(0, Math.min(possible.length(), LONGEST_NAME)));
    }
  }

  private void putSetting(String key, String attribute, String text) {
    String other = written.put(key, attribute);
    Setting<?> setting = SETTINGS.get(key);
    String block = block(key);
    if (other != null) {
      problems.add(other + " and " + attribute + " are one setting: leave one of them out");
    } else if (setting != null && isBlock(setting)) {
      problems.add(
          attribute
              + " can't be one text: write each part as an attribute, such as "
              + partOf(setting));
    } else if (block != null) {
      inner(block).put(key.substring(block.length() + 1), value(text, attribute));
    } else if (setting != null && setting.type() == List.class) {
      List<String> texts = text.isBlank() ? List.of() : Arrays.asList(text.strip().split(",?\\s+"));
      entries.put(key, ConfigValueFactory.fromIterable(texts, attribute));
    } else {
      entries.put(setting == null ? attribute : key, value(text, attribute));
    }
  }

  /**
   * What an attribute sets: its name in kebab case, except for the driver's properties, which are
   * called by the driver's own names.
   */
  private static String key(String attribute) {
    int dot = attribute.indexOf('.');
    String first = dot < 0 ? attribute : attribute.substring(0, dot);
    Setting<?> setting = SETTINGS.get(kebab(first));
    return setting != null && setting.type() == Map.class
        ? kebab(first) + attribute.substring(first.length())
        : kebab(attribute);
  }

  private static String kebab(String name) {
    return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
  }

  /** The setting that {@code key} is a part of; null if there is none. */
  private static @Nullable String block(String key) {
    int dot = key.indexOf('.');
    Setting<?> setting = dot < 0 ? null : SETTINGS.get(key.substring(0, dot));
    return setting != null && isBlock(setting) ? setting.key() : null;
  }

  private static boolean isBlock(Setting<?> setting) {
    return setting.type() == Map.class || !setting.parts().isEmpty();
  }

  private static String partOf(Setting<?> block) {
    return block.parts().isEmpty() ? block.key() + ".ApplicationName" : block.parts().get(0).key();
  }

  @SuppressWarnings("unchecked") // the map is made here and nowhere else
  private Map<String, Object> inner(String block) {
    return (Map<String, Object>)
        entries.computeIfAbsent(block, key -> new TreeMap<String, Object>());
  }

  private static ConfigValue value(String text, String attribute) {
    return ConfigValueFactory.fromAnyRef(text, attribute);
  }

  private PoolConfig config() {
    try {
      PoolConfig config =
          EverpoolConfig.from(
              ConfigValueFactory.fromMap(Map.of(ROOT, entries), "the resource").toConfig());
      if (problems.isEmpty()) {
        return config;
      }
    } catch (InvalidPoolConfigException e) {
      for (String problem : e.problems()) {
        String shown = BELOW_ROOT.matcher(problem).replaceFirst("$1");
        problems.add(SAID_TWICE.matcher(shown).replaceFirst("$1"));
      }
    }
    throw new InvalidPoolConfigException(problems);
  }
}
