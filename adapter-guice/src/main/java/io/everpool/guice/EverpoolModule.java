package io.everpool.guice;

import com.google.inject.AbstractModule;
import com.google.inject.Key;
import com.google.inject.multibindings.Multibinder;
import com.google.inject.multibindings.OptionalBinder;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolListener;
import io.everpool.hocon.EverpoolConfig;
import java.lang.annotation.Annotation;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;

/**
 * Binds {@link Pool}, {@link DataSource} and {@link org.jdbi.v3.core.Jdbi} as singletons that are
 * made together with the injector, whatever its stage.
 *
 * <pre>{@code
 * Injector injector =
 *     Guice.createInjector(
 *         EverpoolModule.of(config, "orders").annotatedWith(Names.named("orders")),
 *         EverpoolModule.of(config, "reports").annotatedWith(Reports.class),
 *         new ShopModule());
 * ...
 * injector.getInstance(EverpoolShutdown.class).close();
 * }</pre>
 *
 * <p>If start-up fails, a {@link com.google.inject.CreationException} says why. It names all
 * problems of the settings before anything is opened. Or, if {@link PoolConfig#failFast()} is on,
 * it says that a database can't be reached; then no other pool stays open. Guice has no way to
 * close the pools, neither at the end nor when something else fails during start-up: see {@link
 * EverpoolShutdown}, which is bound once for all pools.
 *
 * <p>These are used if they are bound:
 *
 * <ul>
 *   <li>a {@link com.codahale.metrics.MetricRegistry}: it gets the metrics of every pool, under the
 *       pool's {@link PoolConfig#name()}
 *   <li>a {@link com.codahale.metrics.health.HealthCheckRegistry}: it gets a health check for each
 *       pool
 *   <li>a {@link CredentialsProvider}: every pool asks it; if one is bound with a pool's
 *       annotation, that pool asks this one instead
 *   <li>a {@link Multibinder} of {@link JdbiPlugin}: its plug-ins are installed in every Jdbi, in
 *       the order of binding; after them, those of a multibinder with a pool's annotation are
 *       installed in that pool's Jdbi
 *   <li>a {@link Multibinder} of {@link PoolListener}, one of {@link Classifier}, one of {@link
 *       LeaseInterceptor}, and one of {@link ConnectionInitializer}: they are likewise given to
 *       every pool, or with an annotation to that pool. A listener that is also a {@link
 *       io.everpool.api.observe.LeaseRecorder}, as Micrometer's metrics are, also measures the
 *       leases of every pool that it is given to: if there are several pools, bind it with a pool's
 *       annotation
 * </ul>
 *
 * <p>A {@link DataSource} and a Jdbi that only read, on the pool's readers if it has any, are bound
 * under {@link Reader}.
 *
 * <p>All pools of a tree of injectors belong into one of its injectors. Or each pool belongs into a
 * {@link com.google.inject.PrivateModule} of its own that also installs {@link
 * EverpoolShutdown#module()}. For what all pools have in common is bound without an annotation, and
 * Guice accepts that only once along a line of injectors.
 *
 * <p>Immutable.
 */
public final class EverpoolModule extends AbstractModule {
  private final Supplier<PoolConfig> settings;
  private final Key<Pool> key;
  private final @Nullable Key<DataSource> readerKey;

  private EverpoolModule(
      Supplier<PoolConfig> settings, Key<Pool> key, @Nullable Key<DataSource> readerKey) {
    this.settings = settings;
    this.key = key;
    this.readerKey = readerKey;
  }

  /** Binds the pool of {@link EverpoolConfig#load()}. */
  public static EverpoolModule load() {
    return of(EverpoolConfig::load);
  }

  /**
   * Binds the pool of {@link EverpoolConfig#load(String)}; the name is not used as an annotation.
   */
  public static EverpoolModule load(String poolName) {
    return of(() -> EverpoolConfig.load(poolName));
  }

  /**
   * Binds the pool of {@link EverpoolConfig#from(Config)}.
   *
   * @param root the whole configuration, not the block
   */
  public static EverpoolModule of(Config root) {
    return of(() -> EverpoolConfig.from(root));
  }

  /**
   * Binds the pool of {@link EverpoolConfig#from(Config, String)}; the name is not used as an
   * annotation.
   *
   * @param root the whole configuration, not the block
   */
  public static EverpoolModule of(Config root, String poolName) {
    return of(() -> EverpoolConfig.from(root, poolName));
  }

  /** Binds a pool with settings that don't come from HOCON. */
  public static EverpoolModule of(PoolConfig config) {
    return of(() -> config);
  }

  private static EverpoolModule of(Supplier<PoolConfig> settings) {
    return new EverpoolModule(
        settings, Key.get(Pool.class), Key.get(DataSource.class, Reader.class));
  }

  /**
   * Binds the same pool under a binding annotation, such as {@code Names.named("orders")}.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule annotatedWith(Annotation annotation) {
    return new EverpoolModule(settings, Key.get(Pool.class, annotation), ownReaderKey());
  }

  /**
   * Binds the same pool under a binding annotation.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule annotatedWith(Class<? extends Annotation> annotation) {
    return new EverpoolModule(settings, Key.get(Pool.class, annotation), ownReaderKey());
  }

  /**
   * The key for reading that was chosen for this pool; {@link Reader} is only for a pool without an
   * annotation.
   */
  private @Nullable Key<DataSource> ownReaderKey() {
    return readerKey != null && readerKey.getAnnotationType() == Reader.class ? null : readerKey;
  }

  /**
   * Sets another binding annotation for what only reads ({@link Pool#reader()}, and the Jdbi over
   * it). A pool that has an annotation itself needs this; for a pool without one, the annotation is
   * {@link Reader}.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule readerAnnotatedWith(Class<? extends Annotation> annotation) {
    return new EverpoolModule(settings, key, Key.get(DataSource.class, annotation));
  }

  /**
   * Does what {@link #readerAnnotatedWith(Class)} does.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule readerAnnotatedWith(Annotation annotation) {
    return new EverpoolModule(settings, key, Key.get(DataSource.class, annotation));
  }

  @Override
  protected void configure() {
    PoolConfig config;
    try {
      config = settings.get();
    } catch (InvalidPoolConfigException | ConfigException invalid) {
      addError("%s", invalid.getMessage());
      return;
    }
    install(new SharedModule());
    if (key.getAnnotationType() != null) {
      SharedModule.EXTENSIONS.forEach(
          extension -> Multibinder.newSetBinder(binder(), key.ofType(extension)));
      OptionalBinder.newOptionalBinder(binder(), key.ofType(CredentialsProvider.class));
    }
    install(new PoolModule(config, key, readerKey));
  }
}
