/** An application on the module path, compiled and run by ModulePathIT. */
module consumer {
  requires io.everpool.console;
  requires io.everpool.guice;
  requires io.everpool.jfr;
  requires io.everpool.jmx;
  requires jdk.jfr;
  requires io.everpool.micrometer;
  requires org.jdbi.v3.core;
  requires typesafe.config;
}
