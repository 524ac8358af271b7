package io.everpool.guice;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.Inject;
import com.google.inject.Provider;
import com.google.inject.ProvisionException;
import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import io.everpool.metrics.DropwizardMetrics;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;

/** Opens one pool; if it can't be opened, none of the injector's pools stays open. */
final class Opener implements Provider<Opened> {
  private final PoolConfig config;
  private final EverpoolShutdown shutdown;
  private final Optional<MetricRegistry> metrics;
  private final Optional<HealthCheckRegistry> healthChecks;
  private final Optional<CredentialsProvider> credentials;
  private final List<JdbiPlugin> plugins;
  private final List<PoolListener> listeners;
  private final List<Classifier> classifiers;
  private final List<LeaseInterceptor> interceptors;
  private final List<ConnectionInitializer> initializers;

  // The failure to open the pool. After a failure Guice goes on with its other eager singletons,
  // and each one that depends on this pool would wait once more for a database that isn't there.
  private @Nullable ProvisionException failure;

  @Inject
  Opener(
      @Own PoolConfig config,
      EverpoolShutdown shutdown,
      Optional<MetricRegistry> metrics,
      Optional<HealthCheckRegistry> healthChecks,
      @Own Optional<CredentialsProvider> credentials,
      @Own List<JdbiPlugin> plugins,
      @Own List<PoolListener> listeners,
      @Own List<Classifier> classifiers,
      @Own List<LeaseInterceptor> interceptors,
      @Own List<ConnectionInitializer> initializers) {
    this.config = config;
    this.shutdown = shutdown;
    this.metrics = metrics;
    this.healthChecks = healthChecks;
    this.credentials = credentials;
    this.plugins = plugins;
    this.listeners = listeners;
    this.classifiers = classifiers;
    this.interceptors = interceptors;
    this.initializers = initializers;
  }

  @Override
  public Opened get() {
    if (failure != null) {
      throw failure;
    }
    // this is so once another pool has failed, and it may be the same database
    if (shutdown.isClosed()) {
      throw new ProvisionException(
          "pool \""
              + config.name()
              + "\" isn't opened: another couldn't be, or the pools were closed already");
    }
    boolean opened = false;
    try {
      Pool pool = open();
      shutdown.closeLater(pool);
      Opened all = Opened.of(pool, plugins);
      opened = true;
      return all;
    } catch (SQLException | RuntimeException e) {
      failure =
          new ProvisionException(
              "pool \"" + config.name() + "\" can't be opened: " + e.getMessage(), e);
      throw failure;
    } finally {
      if (!opened) {
        shutdown.close();
      }
    }
  }

  private Pool open() throws SQLException {
    Everpool.Builder builder = Everpool.builder(config);
    if (metrics.isPresent() || healthChecks.isPresent()) {
      DropwizardMetrics poolMetrics =
          DropwizardMetrics.of(
              config.name(), metrics.orElseGet(MetricRegistry::new), healthChecks.orElse(null));
      builder.listener(poolMetrics);
      if (metrics.isPresent()) {
        // A recorder makes the pool read the clock; a health check alone doesn't need that.
        builder.recorder(poolMetrics);
      }
    }
    credentials.ifPresent(builder::credentials);
    for (PoolListener listener : listeners) {
      builder.listener(listener);
      if (listener instanceof LeaseRecorder recorder) {
        builder.recorder(recorder);
      }
    }
    classifiers.forEach(builder::classifier);
    interceptors.forEach(builder::interceptor);
    initializers.forEach(builder::initializer);
    return builder.open();
  }
}
