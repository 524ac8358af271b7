package io.everpool.micrometer;

import static java.util.Objects.requireNonNull;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Prometheus' own registry, and what it shows to whoever scrapes it. Its package moved in 1.13, so
 * it is found by reflection.
 */
final class Prometheus {
  private static final Pattern LABEL = Pattern.compile("([a-z_]+)=\"([^\"]*)\"");
  private static final Pattern SAMPLE =
      Pattern.compile("(?m)^([a-z_]+)(?:\\{(.*)})? ([-+0-9.eEINFa]+)$");
  private static final Pattern TYPE = Pattern.compile("(?m)^# TYPE ([a-z_]+) ([a-z]+)$");

  private final MeterRegistry registry;

  private Prometheus(MeterRegistry registry) {
    this.registry = registry;
  }

  static Prometheus create() throws ReflectiveOperationException {
    String place;
    try {
      Class.forName("io.micrometer.prometheusmetrics.PrometheusMeterRegistry");
      place = "io.micrometer.prometheusmetrics.";
    } catch (ClassNotFoundException before113) {
      place = "io.micrometer.prometheus.";
    }
    Class<?> config = Class.forName(place + "PrometheusConfig");
    return new Prometheus(
        Class.forName(place + "PrometheusMeterRegistry")
            .asSubclass(MeterRegistry.class)
            .getConstructor(config)
            .newInstance(config.getField("DEFAULT").get(null)));
  }

  MeterRegistry registry() {
    return registry;
  }

  String text() throws ReflectiveOperationException {
    return (String) requireNonNull(registry.getClass().getMethod("scrape").invoke(registry));
  }

  /** The kind of each metric, by name. */
  Map<String, String> types() throws ReflectiveOperationException {
    Map<String, String> types = new TreeMap<>();
    for (Matcher type = TYPE.matcher(text()); type.find(); ) {
      types.put(type.group(1), type.group(2));
    }
    return types;
  }

  /** The value of each sample, by name and labels, the latter in order: {@code a{b=c, d=e}}. */
  Map<String, Double> samples() throws ReflectiveOperationException {
    Map<String, Double> samples = new TreeMap<>();
    for (Matcher sample = SAMPLE.matcher(text()); sample.find(); ) {
      Map<String, String> labels = new TreeMap<>();
      String all = sample.group(2) == null ? "" : sample.group(2);
      for (Matcher label = LABEL.matcher(all); label.find(); ) {
        labels.put(label.group(1), label.group(2));
      }
      samples.put(sample.group(1) + labels, Double.valueOf(sample.group(3)));
    }
    return samples;
  }
}
