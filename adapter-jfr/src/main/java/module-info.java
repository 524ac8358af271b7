/** Pools in JDK Flight Recorder. Start at {@link io.everpool.jfr.JfrPools}. */
module io.everpool.jfr {
  requires transitive io.everpool.api;
  requires jdk.jfr;
  requires static org.jspecify;

  exports io.everpool.jfr;
}
