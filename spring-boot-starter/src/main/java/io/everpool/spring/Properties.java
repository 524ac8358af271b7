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
 * The properties of an environment, read by Spring Boot's rules (kebab case, camel case and {@code
 * UPPER_CASE} are one name), each with the place where it is set.
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

  /** A name as it is written, in letters of any case. */
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
    // A value that came from elsewhere is never shown; HOCON's reader recognizes it by this word.
    String place = refers || fromEnvironment ? "from the environment, by " + origin : origin;
    return new Found(property.getName(), value, place);
  }

  /**
   * Replaces placeholders. Those that can't be resolved stay, as with Spring Boot's own binder:
   * they may be a part of a password, which an exception of Spring's would quote.
   */
  private String resolved(ConfigurationProperty property, String written) {
    try {
      return environment.resolvePlaceholders(written);
      // its message quotes the value, too, so it doesn't become the cause
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException(
          "The placeholders of " + property.getName() + " lead back to themselves");
    }
  }

  /**
   * Every property below {@code prefix} that is written in a file, on the command line or the like.
   * Variables of the process are left out: they may belong to anybody, and are only looked up by
   * name.
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
   * The variables of the process below {@code prefix}, with their own names; Spring Boot reads each
   * underscore as a dot.
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

  /** Whether the value that counts comes from a test, by {@code @DynamicPropertySource}. */
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

  /** The names directly below {@code prefix}, as they are written there. */
  SortedSet<String> children(String prefix) {
    int depth = name(prefix).getNumberOfElements();
    SortedSet<String> children = new TreeSet<>();
    for (Found found : below(prefix)) {
      children.add(found.name().getElement(depth, Form.ORIGINAL));
    }
    return children;
  }

  /**
   * The properties below {@code name} as free names, whose parts are joined by dots; empty if there
   * are none.
   */
  Map<String, String> map(String name) {
    Map<String, String> map =
        bound(name, Bindable.mapOf(String.class, String.class), "a block of names and values");
    return map == null ? Map.of() : map;
  }

  /**
   * The elements {@code name[0]} and so on; or the value of {@code name} as the only element. The
   * list is empty if that value is blank, and null if nothing is set.
   */
  @Nullable List<String> list(String name) {
    Found whole = find(name);
    if (whole != null && !whole.isBlank()) { // an empty list arrives from YAML as a blank value
      // the value isn't split, because a URL of several hosts has commas of its own
      return List.of(whole.value());
    }
    List<String> elements = bound(name, Bindable.listOf(String.class), "a list of texts");
    return elements == null ? null : List.copyOf(elements);
  }

  /**
   * Binds a property. A value of another shape is refused without being shown: Spring Boot's report
   * of its own exception would contain the value, and so perhaps a password.
   */
  private <T> @Nullable T bound(String name, Bindable<T> wanted, String inWords) {
    try {
      return Binder.get(environment).bind(name(name), wanted).orElse(null);
    } catch (BindException e) {
      Found whole = find(name);
      if (whole != null && whole.isBlank()) { // a null of YAML arrives as a blank value
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
