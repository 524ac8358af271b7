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
 * made with the injector, whatever its stage.
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
 * <p>Start-up fails with a {@link com.google.inject.CreationException} that says why: all problems
 * of the settings before anything is opened; or, where {@link PoolConfig#failFast()} asks for it,
 * that a database can't be reached, and then no other pool stays open. Guice can't be told to close
 * the pools, neither at the end nor when something else fails during start-up: see {@link
 * EverpoolShutdown}, which is bound once for all pools.
 *
 * <p>Used where they are bound:
 *
 * <ul>
 *   <li>a {@link com.codahale.metrics.MetricRegistry}: gets the metrics of every pool, under its
 *       {@link PoolConfig#name()}
 *   <li>a {@link com.codahale.metrics.health.HealthCheckRegistry}: gets a health check for each
 *   <li>a {@link CredentialsProvider}: asked by every pool; the one with a pool's annotation by
 *       that pool instead
 *   <li>a {@link Multibinder} of {@link JdbiPlugin}: installed in every Jdbi, in the order of
 *       binding; then those of the multibinder with the pool's annotation in that pool's
 *   <li>a {@link Multibinder} of {@link PoolListener}, one of {@link Classifier}, one of {@link
 *       LeaseInterceptor}, and one of {@link ConnectionInitializer}: likewise, given to every pool
 *       and to the pool with the annotation; a listener that is a {@link
 *       io.everpool.api.observe.LeaseRecorder}, too, as Micrometer's metrics are, measures the
 *       leases as well, of every pool that it is given to: where there are several, bind it with
 *       the pool's annotation
 * </ul>
 *
 * <p>A {@link DataSource} and a Jdbi that only read, on the pool's readers where it has any, are
 * bound under {@link Reader}.
 *
 * <p>All pools of a tree of injectors belong into one of them, or into one {@link
 * com.google.inject.PrivateModule} each with {@link EverpoolShutdown#module()} beside them there:
 * what they have in common is bound without an annotation, and Guice takes that once in a line of
 * injectors.
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

  /** The pool of {@link EverpoolConfig#load()}. */
  public static EverpoolModule load() {
    return of(EverpoolConfig::load);
  }

  /** The pool of {@link EverpoolConfig#load(String)}; binds without an annotation all the same. */
  public static EverpoolModule load(String poolName) {
    return of(() -> EverpoolConfig.load(poolName));
  }

  /**
   * The pool of {@link EverpoolConfig#from(Config)}.
   *
   * @param root the whole configuration, not the block
   */
  public static EverpoolModule of(Config root) {
    return of(() -> EverpoolConfig.from(root));
  }

  /**
   * The pool of {@link EverpoolConfig#from(Config, String)}; binds without an annotation all the
   * same.
   *
   * @param root the whole configuration, not the block
   */
  public static EverpoolModule of(Config root, String poolName) {
    return of(() -> EverpoolConfig.from(root, poolName));
  }

  /** A pool with settings that don't come from HOCON. */
  public static EverpoolModule of(PoolConfig config) {
    return of(() -> config);
  }

  private static EverpoolModule of(Supplier<PoolConfig> settings) {
    return new EverpoolModule(
        settings, Key.get(Pool.class), Key.get(DataSource.class, Reader.class));
  }

  /**
   * The same pool under a binding annotation, such as {@code Names.named("orders")}.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule annotatedWith(Annotation annotation) {
    return new EverpoolModule(settings, Key.get(Pool.class, annotation), ownReaderKey());
  }

  /**
   * The same pool under a binding annotation.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule annotatedWith(Class<? extends Annotation> annotation) {
    return new EverpoolModule(settings, Key.get(Pool.class, annotation), ownReaderKey());
  }

  /** {@link Reader} is for the pool without an annotation. */
  private @Nullable Key<DataSource> ownReaderKey() {
    return readerKey != null && readerKey.getAnnotationType() == Reader.class ? null : readerKey;
  }

  /**
   * The same with a binding annotation for what only reads ({@link Pool#reader()}, and the Jdbi
   * over it), for a pool that has an annotation itself; without one of its own, that is {@link
   * Reader}.
   *
   * @throws IllegalArgumentException if the annotation isn't one for bindings
   */
  public EverpoolModule readerAnnotatedWith(Class<? extends Annotation> annotation) {
    return new EverpoolModule(settings, key, Key.get(DataSource.class, annotation));
  }

  /**
   * As {@link #readerAnnotatedWith(Class)}.
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
