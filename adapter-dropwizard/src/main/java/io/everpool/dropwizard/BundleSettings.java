package io.everpool.dropwizard;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What Dropwizard's bundles ask a factory for, and a pool has no use for.
 *
 * @param properties the properties of the driver and of Hibernate together, as Dropwizard keeps
 *     them; they may contain secrets
 */
record BundleSettings(
    @Nullable String driverClass,
    @Nullable String validationQuery,
    boolean autoComments,
    Map<String, String> properties) {

  static final String DRIVER_CLASS = "driver-class";
  static final String VALIDATION_QUERY = "validation-query";
  static final String AUTO_COMMENTS = "auto-comments-enabled";

  /** How the names of Hibernate's properties begin; no driver knows such properties. */
  private static final List<String> HIBERNATE =
      List.of("hibernate.", "jakarta.persistence.", "javax.persistence.");

  /**
   * Reads what the settings say.
   *
   * @param settings returns null for a setting that isn't set
   * @param problems is told of every value that isn't valid
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
   * Returns a block of properties; the names of inner blocks are joined by dots.
   *
   * @param block texts, numbers, truth values and maps of them; a null sets nothing
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

  /** Shows the names alone, because the values may be secrets. */
  @Override
  public String toString() {
    return "BundleSettings with properties " + properties.keySet();
  }

  /** Whether a property is for the driver. */
  static boolean isTheDrivers(String name) {
    return HIBERNATE.stream().noneMatch(name::startsWith);
  }
}
