/** An application on the module path, which is one of Dropwizard over a pool. */
module dropwizard {
  requires com.fasterxml.jackson.annotation;
  requires io.dropwizard.core;
  requires io.everpool.dropwizard;
  requires org.eclipse.jetty.server;

  // Dropwizard has Jackson make the configuration
  opens dropwizard;
}
