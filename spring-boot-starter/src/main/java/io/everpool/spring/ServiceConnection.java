package io.everpool.spring;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.container.ContainerImageMetadata;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.util.ClassUtils;
import org.springframework.util.ReflectionUtils;

/**
 * What Testcontainers, Docker Compose or a bean of the application's own says about the database: a
 * {@code JdbcConnectionDetails}. That interface moved to another package in Spring Boot 4, so it is
 * called by the names of its methods, which stayed the same.
 */
final class ServiceConnection {
  private static final String[] INTERFACES = {
    "org.springframework.boot.autoconfigure.jdbc.JdbcConnectionDetails",
    "org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails"
  };

  private final Class<?> type;
  private final Object details;

  private ServiceConnection(Class<?> type, Object details) {
    this.type = type;
    this.details = details;
  }

  /** Whether there is a service connection; makes no bean. */
  static boolean isIn(ListableBeanFactory beans) {
    Class<?> type = type();
    return type != null && !names(type, beans).isEmpty();
  }

  /**
   * Whether the service connection, or one of several, comes from a container of Testcontainers'.
   */
  static boolean isContainers(ConfigurableListableBeanFactory beans) {
    Class<?> type = type();
    return type != null
        && names(type, beans).stream()
            .filter(beans::containsBeanDefinition)
            .anyMatch(name -> ContainerImageMetadata.isPresent(beans.getBeanDefinition(name)));
  }

  /** The service connection, or null. */
  static @Nullable ServiceConnection of(ListableBeanFactory beans) {
    Class<?> type = type();
    List<String> names = type == null ? List.of() : names(type, beans);
    if (type == null || names.isEmpty()) {
      return null;
    }
    Object details = names.size() == 1 ? beans.getBean(names.get(0)) : beans.getBean(type);
    return new ServiceConnection(type, details);
  }

  private static List<String> names(Class<?> type, ListableBeanFactory beans) {
    return Arrays.stream(beans.getBeanNamesForType(type, true, false))
        .filter(name -> !saysWhatPropertiesSay(beans.getType(name, false)))
        .toList();
  }

  /**
   * Whether this is Spring Boot's own class, which it has beside a data source of another kind: it
   * says only what {@code spring.datasource.*} says.
   */
  private static boolean saysWhatPropertiesSay(@Nullable Class<?> type) {
    return type != null && type.getSimpleName().equals("PropertiesJdbcConnectionDetails");
  }

  private static @Nullable Class<?> type() {
    for (String name : INTERFACES) {
      if (ClassUtils.isPresent(name, ServiceConnection.class.getClassLoader())) {
        return ClassUtils.resolveClassName(name, ServiceConnection.class.getClassLoader());
      }
    }
    return null;
  }

  /** What the service connection says, by the keys of our settings. */
  Map<String, Found> settings() {
    Map<String, Found> settings = new LinkedHashMap<>();
    put(settings, "url", "getJdbcUrl");
    put(settings, "user", "getUsername");
    put(settings, "password", "getPassword");
    return settings;
  }

  private void put(Map<String, Found> settings, String key, String method) {
    Method getter = ReflectionUtils.findMethod(type, method);
    Object value = getter == null ? null : ReflectionUtils.invokeMethod(getter, details);
    if (value != null) {
      ConfigurationPropertyName name = Properties.name("service-connection." + key);
      settings.put(key, new Found(name, value.toString(), "a service connection"));
    }
  }
}
