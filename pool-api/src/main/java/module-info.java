/** What a user of the pool, and an adapter of it, need to know; no behaviour of its own. */
module io.everpool.api {
  requires transitive java.sql;
  requires static org.jspecify;

  exports io.everpool.api;
  exports io.everpool.api.driver;
  exports io.everpool.api.framework;
  exports io.everpool.api.observe;
}
