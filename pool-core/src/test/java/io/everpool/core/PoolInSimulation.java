package io.everpool.core;

import io.everpool.api.Classifier;
import io.everpool.api.ConnectionInitializer;
import io.everpool.api.CredentialsProvider;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.jdbc.Initialization;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Environment;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A pool, put together as the builder does it, but for the time and the threads. */
public final class PoolInSimulation {
  private final EverpoolPool pool;

  public PoolInSimulation(
      PoolConfig config,
      Connector connector,
      @Nullable CredentialsProvider credentials,
      List<Classifier> classifiers,
      List<PoolListener> listeners,
      @Nullable LeaseRecorder recorder,
      List<LeaseInterceptor> interceptors,
      List<ConnectionInitializer> initializers,
      Environment environment) {
    pool =
        new EverpoolPool(
            config,
            connector,
            credentials,
            new CompositeClassifier(
                config.name(), classifiers, connector, environment.time()::nanoTime),
            new PoolEvents(config.name(), listeners),
            recorder,
            interceptors,
            Initialization.of(null, initializers),
            environment,
            environment.scheduler()::stop);
  }

  public Pool pool() {
    return pool;
  }

  public void open() throws SQLException {
    pool.open();
  }
}
