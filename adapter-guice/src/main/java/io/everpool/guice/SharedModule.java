package io.everpool.guice;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.AbstractModule;
import com.google.inject.Provider;
import com.google.inject.Singleton;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.multibindings.OptionalBinder;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;

/** What all pools of an injector have in common. All are equal, so Guice installs one of them. */
final class SharedModule extends AbstractModule {

  @Override
  protected void configure() {
    Provider<EverpoolShutdown> shutdown = EverpoolShutdown::new;
    OptionalBinder.newOptionalBinder(binder(), EverpoolShutdown.class)
        .setDefault()
        .toProvider(shutdown)
        .in(Singleton.class);
    OptionalBinder.newOptionalBinder(binder(), MetricRegistry.class);
    OptionalBinder.newOptionalBinder(binder(), HealthCheckRegistry.class);
    Multibinder.newSetBinder(binder(), JdbiPlugin.class);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SharedModule;
  }

  @Override
  public int hashCode() {
    return SharedModule.class.hashCode();
  }
}
