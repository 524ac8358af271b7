/** The pool itself; knows no driver. Start at {@link io.everpool.core.Everpool}. */
module io.everpool.core {
  requires transitive io.everpool.api;
  requires static java.management; // names the threads in explanations, where it is there
  requires org.slf4j;
  requires static org.jspecify;

  exports io.everpool.core;

  uses io.everpool.api.driver.DriverAdapter;
  uses java.sql.Driver;
}
