package io.everpool.metrics;

import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheck;
import com.codahale.metrics.health.HealthCheckRegistry;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What one pool has in the registries: all of it or nothing, and nobody else's. */
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
   * Looks whether the names are free, so that a clash is told where the pool is put together.
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
    try {
      metrics.register(full, metric);
    } catch (IllegalArgumentException e) {
      throw taken("metric", full, e);
    }
    registered.put(full, metric);
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

  /** Takes out what was put in, unless somebody has put something else in its place. */
  void remove() {
    metrics.removeMatching((name, metric) -> registered.get(name) == metric);
    if (healthChecks != null && healthChecks.getHealthCheck(poolName) == healthCheck) {
      healthChecks.unregister(poolName);
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
