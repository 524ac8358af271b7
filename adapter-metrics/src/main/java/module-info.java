/** Pools in Dropwizard Metrics. Start at {@link io.everpool.metrics.DropwizardMetrics}. */
module io.everpool.metrics {
  requires transitive com.codahale.metrics;
  requires transitive com.codahale.metrics.health;
  requires transitive io.everpool.api;
  requires static org.jspecify;

  exports io.everpool.metrics;
}
