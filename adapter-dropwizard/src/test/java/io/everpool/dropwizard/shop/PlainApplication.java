package io.everpool.dropwizard.shop;

import io.dropwizard.core.Application;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.jdbi3.JdbiFactory;

/** Jdbi as Dropwizard makes it, and nothing else. */
public class PlainApplication extends Application<ShopConfiguration> {

  @Override
  public void run(ShopConfiguration configuration, Environment environment) {
    new JdbiFactory().build(environment, configuration.getDatabase(), "plain");
  }
}
