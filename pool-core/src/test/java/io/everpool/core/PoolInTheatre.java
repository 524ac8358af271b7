package io.everpool.core;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.driver.Classifier;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolListener;
import io.everpool.core.jdbc.Initialization;
import io.everpool.core.observe.Journal;
import io.everpool.core.upkeep.Environment;
import java.sql.SQLException;
import java.util.List;

/** A pool, put together as the builder does it, but for the time and the threads. */
public final class PoolInTheatre {
  private final EverpoolPool pool;

  public PoolInTheatre(
      PoolConfig config,
      Connector connector,
      List<Classifier> classifiers,
      List<PoolListener> listeners,
      LeaseRecorder recorder,
      Environment environment) {
    pool =
        new EverpoolPool(
            config,
            connector,
            new Judge(config.name(), classifiers, connector),
            new Journal(config.name(), listeners),
            recorder,
            Initialization.NONE,
            environment,
            environment.pulse()::stop);
  }

  public Pool pool() {
    return pool;
  }

  public void open() throws SQLException {
    pool.open();
  }
}
