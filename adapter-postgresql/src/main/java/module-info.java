/**
 * PostgreSQL for Everpool, through pgjdbc. Applications name no class of this module but the
 * doctor.
 */
module io.everpool.postgresql {
  requires transitive io.everpool.api;
  requires java.naming;
  requires org.postgresql.jdbc;
  requires static org.checkerframework.checker.qual; // pgjdbc's class files refer to it
  requires static org.jspecify;

  exports io.everpool.postgresql.doctor;

  // pgjdbc makes these socket factories, by their names.
  exports io.everpool.postgresql.socket to
      org.postgresql.jdbc;

  uses java.sql.Driver;

  provides io.everpool.api.driver.DriverAdapter with
      io.everpool.postgresql.PostgresAdapter;
}
