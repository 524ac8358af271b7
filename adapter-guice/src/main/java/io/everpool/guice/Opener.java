package io.everpool.guice;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheckRegistry;
import com.google.inject.Inject;
import com.google.inject.Injector;
import com.google.inject.Key;
import com.google.inject.Provider;
import com.google.inject.ProvisionException;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Classifier;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.metrics.DropwizardMetrics;
import java.sql.SQLException;
import java.util.Optional;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.spi.JdbiPlugin;
import org.jspecify.annotations.Nullable;

/** Opens one pool; if it can't, none of those made with the same injector stays open. */
final class Opener implements Provider<Opened> {
  private final PoolConfig config;
  private final Key<Pool> key;
  private final EverpoolShutdown shutdown;
  private final Surroundings surroundings;

  // Guice goes on with its other eager singletons after a failure, and each that depends on this
  // pool would wait once more for a database that isn't there
  private @Nullable ProvisionException failure;

  @Inject
  Opener(PoolRequest request, EverpoolShutdown shutdown, Injector injector) {
    config = request.config();
    key = request.key();
    this.shutdown = shutdown;
    surroundings = new Surroundings(injector);
  }

  @Override
  public Opened get() {
    if (failure != null) {
      throw failure;
    }
    boolean opened = false;
    try {
      Pool pool = open();
      shutdown.closeLater(pool, surroundings.child());
      Jdbi jdbi = EverpoolJdbi.create(pool);
      surroundings.extensions(JdbiPlugin.class, key).forEach(jdbi::installPlugin);
      opened = true;
      return new Opened(pool, jdbi);
    } catch (SQLException | RuntimeException e) {
      failure =
          new ProvisionException(
              "pool \"" + config.name() + "\" can't be opened: " + e.getMessage(), e);
      throw failure;
    } finally {
      if (!opened) {
        shutdown.abandon(surroundings.child());
      }
    }
  }

  private Pool open() throws SQLException {
    Everpool.Builder builder = Everpool.builder(config);
    Optional<MetricRegistry> metrics = surroundings.bound(MetricRegistry.class);
    Optional<HealthCheckRegistry> healthChecks = surroundings.bound(HealthCheckRegistry.class);
    if (metrics.isPresent() || healthChecks.isPresent()) {
      DropwizardMetrics books =
          DropwizardMetrics.of(
              config.name(), metrics.orElseGet(MetricRegistry::new), healthChecks.orElse(null));
      builder.listener(books);
      if (metrics.isPresent()) {
        builder.recorder(books); // makes the pool read the clock; a health check doesn't need that
      }
    }
    surroundings.extensions(PoolListener.class, key).forEach(builder::listener);
    surroundings.extensions(Classifier.class, key).forEach(builder::classifier);
    return builder.open();
  }
}
