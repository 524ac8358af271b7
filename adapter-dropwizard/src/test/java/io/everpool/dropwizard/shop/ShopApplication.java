package io.everpool.dropwizard.shop;

import static java.util.Objects.requireNonNull;

import io.dropwizard.core.Application;
import io.dropwizard.core.setup.Bootstrap;
import io.dropwizard.core.setup.Environment;
import io.dropwizard.db.ManagedDataSource;
import io.dropwizard.db.PooledDataSourceFactory;
import io.dropwizard.hibernate.HibernateBundle;
import io.dropwizard.jdbi3.JdbiFactory;
import io.dropwizard.migrations.MigrationsBundle;
import io.everpool.dropwizard.EverpoolDataSource;
import io.everpool.jdbi.EverpoolJdbi;
import org.eclipse.jetty.server.Server;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/** One database, for Jdbi, Hibernate and the migrations: what docs/dropwizard.md says, at work. */
public class ShopApplication extends Application<ShopConfiguration> {
  private final HibernateBundle<ShopConfiguration> hibernate =
      new HibernateBundle<>(Item.class) {
        @Override
        public PooledDataSourceFactory getDataSourceFactory(ShopConfiguration configuration) {
          return configuration.getDatabase();
        }
      };

  private final MigrationsBundle<ShopConfiguration> migrations =
      new MigrationsBundle<>() {
        @Override
        public PooledDataSourceFactory getDataSourceFactory(ShopConfiguration configuration) {
          return configuration.getDatabase();
        }

        @Override
        public String getMigrationsFileName() {
          return "shop.sql";
        }
      };

  private @Nullable EverpoolDataSource database;
  private @Nullable Jdbi units;
  private @Nullable Server server;

  @Override
  public void initialize(Bootstrap<ShopConfiguration> bootstrap) {
    bootstrap.addBundle(migrations);
    bootstrap.addBundle(hibernate);
  }

  @Override
  public void run(ShopConfiguration configuration, Environment environment) throws Exception {
    EverpoolDataSource shop = configuration.getDatabase().build(environment.metrics(), "shop");
    Jdbi rerun = EverpoolJdbi.create(shop.pool());
    JdbiFactory factory =
        new JdbiFactory() {
          @Override
          protected Jdbi newInstance(ManagedDataSource dataSource) {
            return rerun;
          }
        };
    units = factory.build(environment, configuration.getDatabase(), shop, "shop");
    environment.healthChecks().unregister("shop");
    environment.healthChecks().register("shop", shop.healthCheck());
    environment.jersey().register(new ShopResource(units, hibernate.getSessionFactory()));
    environment.lifecycle().addServerLifecycleListener(started -> server = started);
    database = shop;
  }

  /** Ends a command that failed, and not the tests' JVM. */
  @Override
  protected void onFatalError(Throwable failure) {
    throw new AssertionError(failure);
  }

  /** The pool that Jdbi has. */
  public EverpoolDataSource database() {
    return requireNonNull(database);
  }

  /** Jdbi, whose transactions are rerun. */
  public Jdbi units() {
    return requireNonNull(units);
  }

  /** The web server. */
  public Server server() {
    return requireNonNull(server);
  }
}
