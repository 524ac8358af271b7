package io.everpool.dropwizard;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What Dropwizard's bundles ask of a factory and a pool has no use for.
 *
 * @param properties the driver's and Hibernate's together, as Dropwizard has them; may hold secrets
 */
record BundleSettings(
    @Nullable String driverClass,
    @Nullable String validationQuery,
    boolean autoComments,
    Map<String, String> properties) {

  static final String DRIVER_CLASS = "driver-class";
  static final String VALIDATION_QUERY = "validation-query";
  static final String AUTO_COMMENTS = "auto-comments-enabled";

  /** How the names of Hibernate's properties begin, of which no driver knows. */
  private static final List<String> HIBERNATE =
      List.of("hibernate.", "jakarta.persistence.", "javax.persistence.");

  /**
   * As the settings say.
   *
   * @param settings gives null for what nobody says
   * @param problems is told of every value that is none
   */
  static BundleSettings of(
      UnaryOperator<@Nullable String> settings,
      Map<String, String> properties,
      List<String> problems) {
    Boolean comments = Truth.of(AUTO_COMMENTS, settings, problems);
    return new BundleSettings(
        settings.apply(DRIVER_CLASS),
        settings.apply(VALIDATION_QUERY),
        comments == null || comments,
        properties);
  }

  /**
   * A block of properties, their inner blocks joined by dots.
   *
   * @param block texts, numbers, truth values and maps of them; null sets nothing
   */
  static Map<String, String> flat(Map<?, ?> block) {
    Map<String, String> flat = new TreeMap<>();
    block.forEach(
        (name, value) -> {
          if (value instanceof Map<?, ?> inner) {
            flat(inner).forEach((rest, text) -> flat.put(name + "." + rest, text));
          } else if (value != null) {
            flat.put(String.valueOf(name), value.toString());
          }
        });
    return flat;
  }

  /** The names alone, for what stands there may be a secret. */
  @Override
  public String toString() {
    return "BundleSettings with properties " + properties.keySet();
  }

  /** Whether a property is for the driver. */
  static boolean isTheDrivers(String name) {
    return HIBERNATE.stream().noneMatch(name::startsWith);
  }
}
