package io.everpool.examples.demo;

import com.codahale.metrics.MetricRegistry;
import com.google.inject.AbstractModule;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.name.Names;
import com.typesafe.config.Config;
import io.everpool.api.observe.PoolListener;
import io.everpool.guice.EverpoolModule;
import io.everpool.jfr.JfrPools;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;

/** Puts the application together, and what disturbs it. */
final class DemoModule extends AbstractModule {

  /** The name of what belongs to {@link Saboteur}. */
  static final String SABOTEUR = "saboteur";

  private final Config config;

  DemoModule(Config config) {
    this.config = config;
  }

  @Override
  protected void configure() {
    install(EverpoolModule.of(config));
    install(EverpoolModule.of(config, SABOTEUR).annotatedWith(Names.named(SABOTEUR)));
    bind(MetricRegistry.class).toInstance(new MetricRegistry());
    Multibinder.newSetBinder(binder(), PoolListener.class).addBinding().toInstance(new JfrPools());
    Multibinder.newSetBinder(binder(), JdbiPlugin.class)
        .addBinding()
        .toInstance(new SqlObjectPlugin());
    bind(Tally.class).toInstance(new Tally());
  }
}
