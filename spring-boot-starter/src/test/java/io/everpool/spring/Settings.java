package io.everpool.spring;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Settings out of properties, without an application. */
final class Settings {
  static final String URL = "jdbc:postgresql://db.example.com/shop";

  private Settings() {}

  /** Of properties in a file, given as name, value, name, value. */
  static SpringSettings of(String... properties) {
    return new SpringSettings(environment(properties), new DefaultListableBeanFactory());
  }

  static StandardEnvironment environment(String... properties) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .remove(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);
    environment
        .getPropertySources()
        .remove(StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);
    environment
        .getPropertySources()
        .addLast(new MapPropertySource("shop.properties", map(properties)));
    return environment;
  }

  /** Of variables of the process. */
  static SpringSettings ofVariables(String... variables) {
    StandardEnvironment environment = environment();
    environment.getPropertySources().addFirst(variables(variables));
    return new SpringSettings(environment, new DefaultListableBeanFactory());
  }

  /** The variables of the process, in place of those that it has. */
  static SystemEnvironmentPropertySource variables(String... variables) {
    return new SystemEnvironmentPropertySource(
        StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, map(variables));
  }

  private static Map<String, Object> map(String... properties) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < properties.length; i += 2) {
      map.put(properties[i], properties[i + 1]);
    }
    return map;
  }
}
