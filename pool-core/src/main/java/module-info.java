/** The pool itself; knows no driver. Start at {@link io.everpool.core.Everpool}. */
module io.everpool.core {
  requires transitive io.everpool.api;
  requires static java.management; // names the threads in explanations, where it is there
  requires org.slf4j;
  requires static org.jspecify;

  exports io.everpool.core;

  // A container closes a pool by reflection, and the class of one that has readers is in there.
  opens io.everpool.core.replicas;

  uses io.everpool.api.driver.DriverAdapter;
  uses java.sql.Driver;
}
