/** Pools in Dropwizard. Start at {@link io.everpool.dropwizard.EverpoolDataSourceFactory}. */
@SuppressWarnings("module") // Jackson's module isn't required here, because Dropwizard brings it
module io.everpool.dropwizard {
  requires transitive io.everpool.api;
  requires transitive io.everpool.core;
  requires io.everpool.hocon;
  requires io.everpool.metrics;
  requires transitive com.codahale.metrics;
  requires transitive com.codahale.metrics.health;
  requires com.fasterxml.jackson.annotation;
  requires transitive io.dropwizard.db;
  requires transitive io.dropwizard.lifecycle;
  requires transitive io.dropwizard.util;
  requires transitive java.sql;
  requires org.slf4j;
  requires typesafe.config;
  requires static org.jspecify;

  exports io.everpool.dropwizard;

  opens io.everpool.dropwizard to
      com.fasterxml.jackson.databind;
}
