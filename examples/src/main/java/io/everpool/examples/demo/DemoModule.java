package io.everpool.examples.demo;

import com.codahale.metrics.MetricRegistry;
import com.google.inject.AbstractModule;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.name.Names;
import com.typesafe.config.Config;
import io.everpool.api.observe.PoolListener;
import io.everpool.console.Console;
import io.everpool.guice.EverpoolModule;
import io.everpool.jfr.JfrPools;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;

/** Puts the application together, and the {@link Saboteur} that disturbs it. */
final class DemoModule extends AbstractModule {

  /** The name under which everything is bound that belongs to the {@link Saboteur}. */
  static final String SABOTEUR = "saboteur";

  private final Config config;
  private final Console console;

  DemoModule(Config config, Console console) {
    this.config = config;
    this.console = console;
  }

  @Override
  protected void configure() {
    install(EverpoolModule.of(config));
    install(EverpoolModule.of(config, SABOTEUR).annotatedWith(Names.named(SABOTEUR)));
    bind(MetricRegistry.class).toInstance(new MetricRegistry());
    Multibinder<PoolListener> listeners = Multibinder.newSetBinder(binder(), PoolListener.class);
    listeners.addBinding().toInstance(new JfrPools());
    listeners.addBinding().toInstance(console);
    Multibinder.newSetBinder(binder(), JdbiPlugin.class)
        .addBinding()
        .toInstance(new SqlObjectPlugin());
    bind(Tally.class).toInstance(new Tally());
  }
}
