/** Jdbi 3 over a pool. Start at {@link io.everpool.jdbi.EverpoolJdbi}. */
module io.everpool.jdbi {
  requires com.fasterxml.jackson.databind;
  // Jdbi needs this module, and can't say so, because it has no module descriptor.
  requires io.leangen.geantyref;
  requires transitive io.everpool.api;
  requires transitive org.jdbi.v3.core;
  requires org.jdbi.v3.jackson2;
  requires org.jdbi.v3.json;
  requires org.jdbi.v3.postgres;
  requires org.postgresql.jdbc;
  requires org.slf4j;
  requires static org.jspecify;

  exports io.everpool.jdbi;

  // Jdbi makes objects of this package itself, by reflection.
  opens io.everpool.jdbi to
      org.jdbi.v3.core;
}
