package io.everpool.examples.demo;

import com.codahale.metrics.MetricRegistry;
import com.google.inject.AbstractModule;
import com.google.inject.Provides;
import com.google.inject.Singleton;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.jdbi.EverpoolJdbi;
import io.everpool.metrics.DropwizardMetrics;
import java.sql.SQLException;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.sqlobject.SqlObjectPlugin;

/** Puts the application together. */
final class DemoModule extends AbstractModule {
  private final PoolConfig config;

  DemoModule(PoolConfig config) {
    this.config = config;
  }

  @Provides
  @Singleton
  MetricRegistry metrics() {
    return new MetricRegistry();
  }

  @Provides
  @Singleton
  Pool pool(MetricRegistry metrics) throws SQLException {
    DropwizardMetrics books = DropwizardMetrics.of(config.name(), metrics, null);
    return Everpool.builder(config).listener(books).recorder(books).open();
  }

  @Provides
  @Singleton
  Tally tally() {
    return new Tally();
  }

  @Provides
  @Singleton
  Jdbi jdbi(Pool pool, Tally tally) {
    Jdbi jdbi = EverpoolJdbi.create(pool).installPlugin(new SqlObjectPlugin());
    jdbi.setSqlLogger(tally);
    return jdbi;
  }
}
