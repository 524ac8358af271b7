package io.everpool.guice;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.Provider;
import com.google.inject.ProvisionException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.metrics.DropwizardMetrics;
import jakarta.inject.Inject;
import java.sql.SQLException;
import java.util.Optional;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;

/** Opens one pool; if it can't, none of the injector's pools stays open. */
final class Opener implements Provider<Opened> {
  private final PoolConfig config;
  private final EverpoolShutdown shutdown;
  private final Optional<MetricRegistry> metrics;
  private final Optional<HealthCheckRegistry> healthChecks;
  private final Set<JdbiPlugin> plugins;
  private final Set<JdbiPlugin> ownPlugins;

  // Guice goes on with its other eager singletons after a failure, and each that depends on this
  // pool would wait once more for a database that isn't there
  private @Nullable ProvisionException failure;

  @Inject
  Opener(
      @Own PoolConfig config,
      EverpoolShutdown shutdown,
      Optional<MetricRegistry> metrics,
      Optional<HealthCheckRegistry> healthChecks,
      Set<JdbiPlugin> plugins,
      @Own Set<JdbiPlugin> ownPlugins) {
    this.config = config;
    this.shutdown = shutdown;
    this.metrics = metrics;
    this.healthChecks = healthChecks;
    this.plugins = plugins;
    this.ownPlugins = ownPlugins;
  }

  @Override
  public Opened get() {
    if (failure != null) {
      throw failure;
    }
    boolean opened = false;
    try {
      Pool pool = open();
      shutdown.closeLater(pool);
      Jdbi jdbi = EverpoolJdbi.create(pool);
      plugins.forEach(jdbi::installPlugin);
      ownPlugins.forEach(jdbi::installPlugin);
      opened = true;
      return new Opened(pool, jdbi);
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
    if (metrics.isEmpty() && healthChecks.isEmpty()) {
      return builder.open();
    }
    DropwizardMetrics books =
        DropwizardMetrics.of(
            config.name(), metrics.orElseGet(MetricRegistry::new), healthChecks.orElse(null));
    if (metrics.isPresent()) {
      builder.recorder(books); // makes the pool read the clock; a health check doesn't need that
    }
    boolean opened = false;
    try {
      Pool pool = builder.listener(books).open();
      opened = true;
      return pool;
    } finally {
      if (!opened) {
        // a pool that never opened never says so, and what it registered would stay
        books.onEvent(new PoolEvent.PoolClosed(config.name()));
      }
    }
  }
}
