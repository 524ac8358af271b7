/** Pools as JNDI resources. Start at {@link io.everpool.jndi.EverpoolObjectFactory}. */
module io.everpool.jndi {
  requires transitive io.everpool.api;
  requires io.everpool.core;
  requires io.everpool.hocon;
  requires transitive java.naming;
  requires typesafe.config;
  requires static org.jspecify;

  exports io.everpool.jndi;
}
