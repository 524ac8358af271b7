/**
 * Pools in Micrometer. Start at {@link io.everpool.micrometer.MicrometerMetrics}, and for traces at
 * {@link io.everpool.micrometer.UnitObservations}.
 */
module io.everpool.micrometer {
  requires transitive io.everpool.api;
  requires transitive micrometer.core;
  requires static transitive micrometer.observation; // it exists from 1.10 on
  requires static org.jspecify;

  exports io.everpool.micrometer;
}
