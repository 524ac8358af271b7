/** Pools in Hibernate ORM. Start at {@link io.everpool.hibernate.EverpoolConnectionProvider}. */
module io.everpool.hibernate {
  requires transitive io.everpool.api;
  requires io.everpool.core;
  requires io.everpool.hocon;
  requires transitive java.sql;
  requires transitive org.hibernate.orm.core;
  requires org.slf4j;
  requires typesafe.config;
  requires static org.jspecify;

  exports io.everpool.hibernate;

  provides org.hibernate.boot.registry.selector.StrategyRegistrationProvider with
      io.everpool.hibernate.ShortName;
}
