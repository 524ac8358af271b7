package io.everpool.spring;

import io.everpool.api.InvalidPoolConfigException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName.Form;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * The properties of an environment by Spring Boot's rules (kebab case, camel case and {@code
 * UPPER_CASE} are one name), each with the place where it stands.
 */
final class Properties {
  private static final String DYNAMIC =
      "org.springframework.test.context.support.DynamicValuesPropertySource";

  private final Environment environment;
  private final List<ConfigurationPropertySource> sources = new ArrayList<>();

  Properties(Environment environment) {
    this.environment = environment;
    ConfigurationPropertySources.get(environment).forEach(sources::add);
  }

  /** A name as it is written, in whatever case. */
  static ConfigurationPropertyName name(String written) {
    return ConfigurationPropertyName.adapt(written, '.');
  }

  /** The property of that name, or null if nobody has set it. */
  @Nullable Found find(String name) {
    return find(name(name));
  }

  private @Nullable Found find(ConfigurationPropertyName name) {
    for (ConfigurationPropertySource source : sources) {
      ConfigurationProperty property = source.getConfigurationProperty(name);
      if (property != null) {
        return found(property, isSystemEnvironment(source));
      }
    }
    return null;
  }

  private Found found(ConfigurationProperty property, boolean fromEnvironment) {
    String written = String.valueOf(property.getValue());
    boolean refers = written.contains("${");
    String value = refers ? resolved(property, written) : written;
    String origin =
        property.getOrigin() == null
            ? property.getName().toString()
            : property.getOrigin().toString().replace("\"", "");
    // A value that came from elsewhere is never shown; HOCON's reader goes by the word.
    String place = refers || fromEnvironment ? "from the environment, by " + origin : origin;
    return new Found(property.getName(), value, place);
  }

  /**
   * What can't be resolved stays, as with Spring Boot's own binder: it may be a part of a password,
   * which an exception of Spring's would quote.
   */
  private String resolved(ConfigurationProperty property, String written) {
    try {
      return environment.resolvePlaceholders(written);
    } catch (IllegalArgumentException e) { // which quotes, too, and so is no cause
      throw new IllegalStateException(
          "The placeholders of " + property.getName() + " lead back to themselves");
    }
  }

  /**
   * Every property below {@code prefix} that is written in a file, on the command line or the like;
   * variables of the process belong to anybody, and are only looked up.
   */
  List<Found> below(String prefix) {
    ConfigurationPropertyName above = name(prefix);
    Map<ConfigurationPropertyName, Found> below = new LinkedHashMap<>();
    for (ConfigurationPropertySource source : sources) {
      if (source instanceof IterableConfigurationPropertySource iterable
          && !isSystemEnvironment(source)) {
        iterable.stream()
            .filter(above::isAncestorOf)
            .filter(name -> !below.containsKey(name))
            .map(this::find)
            .forEach(found -> add(found, below));
      }
    }
    return List.copyOf(new TreeMap<>(below).values());
  }

  /**
   * The variables of the process below {@code prefix} and how they are called; Spring Boot takes
   * each underscore for a dot.
   */
  SortedMap<ConfigurationPropertyName, String> variablesBelow(String prefix) {
    ConfigurationPropertyName above = name(prefix);
    SortedMap<ConfigurationPropertyName, String> below = new TreeMap<>();
    for (ConfigurationPropertySource source : sources) {
      if (source instanceof IterableConfigurationPropertySource iterable
          && isSystemEnvironment(source)) {
        iterable.stream()
            .filter(above::isAncestorOf)
            .forEach(name -> below.put(name, called(source, name)));
      }
    }
    return below;
  }

  private static String called(ConfigurationPropertySource source, ConfigurationPropertyName name) {
    ConfigurationProperty property = source.getConfigurationProperty(name);
    return property == null || property.getOrigin() == null
        ? name.toString()
        : property.getOrigin().toString();
  }

  /** Whether a test gives the value that counts, by {@code @DynamicPropertySource}. */
  boolean isSetByTest(ConfigurationPropertyName name) {
    for (ConfigurationPropertySource source : sources) {
      if (source.getConfigurationProperty(name) != null) {
        Object underlying = source.getUnderlyingSource();
        return underlying != null && underlying.getClass().getName().equals(DYNAMIC);
      }
    }
    return false;
  }

  private static void add(@Nullable Found found, Map<ConfigurationPropertyName, Found> below) {
    if (found != null) {
      below.put(found.name(), found);
    }
  }

  /** The names that stand directly below {@code prefix}, as they are written there. */
  SortedSet<String> children(String prefix) {
    int depth = name(prefix).getNumberOfElements();
    SortedSet<String> children = new TreeSet<>();
    for (Found found : below(prefix)) {
      children.add(found.name().getElement(depth, Form.ORIGINAL));
    }
    return children;
  }

  /** What stands below {@code name} as free names, joined by dots; empty if nothing does. */
  Map<String, String> map(String name) {
    Map<String, String> map =
        bound(name, Bindable.mapOf(String.class, String.class), "a block of names and values");
    return map == null ? Map.of() : map;
  }

  /**
   * The elements {@code name[0]} and so on, or what stands at {@code name} as the only one; none if
   * that is blank, null if nothing is there.
   */
  @Nullable List<String> list(String name) {
    Found whole = find(name);
    if (whole != null && !whole.isBlank()) { // so an empty list arrives from YAML
      return List.of(whole.value()); // a URL of several hosts has commas of its own
    }
    List<String> elements = bound(name, Bindable.listOf(String.class), "a list of texts");
    return elements == null ? null : List.copyOf(elements);
  }

  /**
   * What has another shape is refused without being shown: the report that Spring Boot makes of its
   * own exception has the value in it, and may so have a password.
   */
  private <T> @Nullable T bound(String name, Bindable<T> wanted, String inWords) {
    try {
      return Binder.get(environment).bind(name(name), wanted).orElse(null);
    } catch (BindException e) {
      Found whole = find(name);
      if (whole != null && whole.isBlank()) { // so a null of YAML arrives
        return null;
      }
      String place = whole == null ? "" : " (" + whole.place() + ")";
      throw new InvalidPoolConfigException(List.of(name + " must be " + inWords + place));
    }
  }

  private static boolean isSystemEnvironment(ConfigurationPropertySource source) {
    return source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource;
  }
}
