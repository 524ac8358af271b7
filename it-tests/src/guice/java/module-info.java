/** An application on the module path with Guice and all that stands beside a pool. */
module guice {
  requires com.codahale.metrics;
  requires com.codahale.metrics.health;
  requires io.everpool.console;
  requires io.everpool.core;
  requires io.everpool.guice;
  requires io.everpool.hocon;
  requires io.everpool.jfr;
  requires io.everpool.jmx;
  requires io.everpool.jndi;
  requires io.everpool.metrics;
  requires io.everpool.micrometer;
  requires io.everpool.postgresql;
  requires jdk.jfr;
  requires org.jdbi.v3.core;
  requires typesafe.config;
}
