package io.everpool.guice;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.AbstractModule;
import com.google.inject.Provider;
import com.google.inject.Singleton;
import com.google.inject.TypeLiteral;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.multibindings.OptionalBinder;
import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.observe.PoolListener;
import java.lang.reflect.Type;
import java.util.List;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;

/**
 * What all pools of an injector have in common. All objects of this class are equal, so Guice
 * installs only one of them.
 */
final class SharedModule extends AbstractModule {
  /** What an application may add to a pool by a multibinder. */
  static final List<Class<?>> EXTENSIONS =
      List.of(
          JdbiPlugin.class,
          PoolListener.class,
          Classifier.class,
          LeaseInterceptor.class,
          ConnectionInitializer.class);

  @Override
  protected void configure() {
    Provider<EverpoolShutdown> shutdown = EverpoolShutdown::new;
    OptionalBinder.newOptionalBinder(binder(), EverpoolShutdown.class)
        .setDefault()
        .toProvider(shutdown)
        .in(Singleton.class);
    OptionalBinder.newOptionalBinder(binder(), MetricRegistry.class);
    OptionalBinder.newOptionalBinder(binder(), HealthCheckRegistry.class);
    OptionalBinder.newOptionalBinder(binder(), CredentialsProvider.class);
    EXTENSIONS.forEach(extension -> Multibinder.newSetBinder(binder(), extension));
  }

  /**
   * The type with its parameters: Guice's own {@code Types} know them, but the compiler doesn't.
   */
  @SuppressWarnings("unchecked")
  static <T> TypeLiteral<T> type(Type type) {
    return (TypeLiteral<T>) TypeLiteral.get(type);
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
