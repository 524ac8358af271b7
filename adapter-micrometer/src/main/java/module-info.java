/** Pools in Micrometer. Start at {@link io.everpool.micrometer.MicrometerMetrics}. */
module io.everpool.micrometer {
  requires transitive io.everpool.api;
  requires transitive micrometer.core;
  requires static org.jspecify;

  exports io.everpool.micrometer;
}
