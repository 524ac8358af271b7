/** Pools, data sources and Jdbi in Guice. Start at {@link io.everpool.guice.EverpoolModule}. */
module io.everpool.guice {
  requires transitive com.google.guice;
  requires com.codahale.metrics;
  requires com.codahale.metrics.health;
  requires transitive io.everpool.api;
  requires io.everpool.core;
  requires io.everpool.hocon;
  requires io.everpool.jdbi;
  requires io.everpool.metrics;
  requires org.jdbi.v3.core;
  requires transitive typesafe.config;
  requires static org.jspecify;

  exports io.everpool.guice;

  opens io.everpool.guice to
      com.google.guice;
}
