package io.everpool.metrics;

import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheck;
import com.codahale.metrics.health.HealthCheckRegistry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one pool has in the registries. All of it is registered or nothing, and nothing of others is
 * touched.
 */
final class Registration {
  private final String poolName;
  private final MetricRegistry metrics;
  private final @Nullable HealthCheckRegistry healthChecks;
  private final HealthCheck healthCheck;
  private final Map<String, Metric> registered = new LinkedHashMap<>();

  private Registration(
      String poolName,
      MetricRegistry metrics,
      @Nullable HealthCheckRegistry healthChecks,
      HealthCheck healthCheck) {
    this.poolName = poolName;
    this.metrics = metrics;
    this.healthChecks = healthChecks;
    this.healthCheck = healthCheck;
  }

  /**
   * Registers {@code all} under the pool's name.
   *
   * @throws IllegalArgumentException if a name is taken; then nothing was registered
   */
  static Registration of(
      String poolName,
      Map<String, ? extends Metric> all,
      MetricRegistry metrics,
      @Nullable HealthCheckRegistry healthChecks,
      HealthCheck healthCheck) {
    Registration registration = new Registration(poolName, metrics, healthChecks, healthCheck);
    boolean complete = false;
    try {
      all.forEach(registration::add);
      registration.addHealthCheck();
      complete = true;
      return registration;
    } finally {
      if (!complete) {
        registration.remove();
      }
    }
  }

  /**
   * Checks that the names are free, so that a clash is told where the pool is put together.
   *
   * @throws IllegalArgumentException if one is taken
   */
  static void requireFree(
      String poolName,
      Map<String, ? extends Metric> all,
      MetricRegistry metrics,
      @Nullable HealthCheckRegistry healthChecks) {
    for (String name : all.keySet()) {
      String full = MetricRegistry.name(poolName, name);
      if (metrics.getMetrics().containsKey(full)) {
        throw taken("metric", full, null);
      }
    }
    if (healthChecks != null && healthChecks.getNames().contains(poolName)) {
      throw taken("health check", poolName, null);
    }
  }

  private void add(String name, Metric metric) {
    String full = MetricRegistry.name(poolName, name);
    // this holds also for this very metric, if another pool has registered it
    if (metrics.getMetrics().containsKey(full)) {
      throw taken("metric", full, null);
    }
    // This comes first, because a listener of the registry may throw after the metric was
    // registered.
    registered.put(full, metric);
    try {
      metrics.register(full, metric);
    } catch (IllegalArgumentException e) {
      throw metrics.getMetrics().get(full) == metric ? e : taken("metric", full, e);
    }
  }

  private void addHealthCheck() {
    if (healthChecks != null) {
      try {
        healthChecks.register(poolName, healthCheck);
      } catch (IllegalArgumentException e) {
        throw taken("health check", poolName, e);
      }
    }
  }

  /**
   * Removes what was registered, unless somebody has put something else in its place. It removes
   * all of it, even if a listener of the registry throws in between.
   */
  void remove() {
    List<RuntimeException> failures = new ArrayList<>();
    registered.forEach(
        (name, metric) -> {
          if (metrics.getMetrics().get(name) == metric) {
            survive(failures, () -> metrics.remove(name));
          }
        });
    if (healthChecks != null && healthChecks.getHealthCheck(poolName) == healthCheck) {
      survive(failures, () -> healthChecks.unregister(poolName));
    }
    if (!failures.isEmpty()) {
      throw failures.get(0);
    }
  }

  private static void survive(List<RuntimeException> failures, Runnable removal) {
    try {
      removal.run();
    } catch (RuntimeException e) {
      failures.add(e);
    }
  }

  private static IllegalArgumentException taken(
      String what, String name, @Nullable Throwable cause) {
    return new IllegalArgumentException(
        "The registry has a "
            + what
            + " "
            + name
            + " already: give each pool a name of its own (setting \"name\"), or a registry of its"
            + " own",
        cause);
  }
}
