/** Pools in JMX. Start at {@link io.everpool.jmx.JmxPools}. */
module io.everpool.jmx {
  requires transitive io.everpool.api;
  requires transitive java.management;
  requires static org.jspecify;

  exports io.everpool.jmx;
}
