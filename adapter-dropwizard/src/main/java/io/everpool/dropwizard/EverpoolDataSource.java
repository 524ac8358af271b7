package io.everpool.dropwizard;

import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.health.HealthCheck;
import io.dropwizard.db.ManagedDataSource;
import io.everpool.api.InvalidPoolConfigException;
import io.everpool.api.Pool;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.core.Everpool;
import io.everpool.metrics.DropwizardMetrics;
import io.everpool.metrics.PoolHealthCheck;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * A pool that lives as long as the application: it is opened when the application starts, or by the
 * first connection that is asked for, as a bundle may do while the application is put together. It
 * is closed when the application has stopped answering.
 *
 * <p>Thread-safe. Once it was closed, it stays closed.
 */
public final class EverpoolDataSource implements ManagedDataSource {
  private final PoolConfig config;
  private final MetricRegistry metrics;
  private final SessionDefaults session;
  private final List<Consumer<? super Everpool.Builder>> customizers;

  /** Held by the thread that opens the pool. */
  private final Lock opening = new ReentrantLock();

  private volatile @Nullable Pool pool;
  private volatile boolean stopped;

  EverpoolDataSource(
      PoolConfig config,
      MetricRegistry metrics,
      SessionDefaults session,
      List<Consumer<? super Everpool.Builder>> customizers) {
    this.config = config;
    this.metrics = metrics;
    this.session = session;
    this.customizers = List.copyOf(customizers);
  }

  /**
   * Returns the pool, for units of work, for Everpool's Jdbi, or to look at it; opens it if it
   * isn't open yet. A thread that finds another one opening it waits for at most {@code
   * acquire-timeout}, and stops waiting if it is interrupted.
   *
   * @throws SQLException if the pool can't be opened, or not in time, or if it was not open before
   *     {@link #stop}
   * @throws InvalidPoolConfigException if the driver refuses a setting
   */
  public Pool pool() throws SQLException {
    Pool open = pool;
    return open != null ? open : open();
  }

  private Pool open() throws SQLException {
    waitForTheOneWhoOpens();
    try {
      Pool open = pool;
      if (open != null) {
        return open;
      }
      if (stopped) {
        throw new PoolClosedException(config.name());
      }
      DropwizardMetrics poolMetrics = DropwizardMetrics.of(config.name(), metrics, null);
      Everpool.Builder builder =
          Everpool.builder(config).listener(poolMetrics).recorder(poolMetrics);
      if (!session.isPlain()) {
        builder.interceptor(session);
      }
      customizers.forEach(customizer -> customizer.accept(builder));
      open = builder.open();
      // it was stopped meanwhile, perhaps by this very thread, which found nothing to close
      if (stopped) {
        open.close();
        throw new PoolClosedException(config.name());
      }
      pool = open;
      return open;
    } finally {
      opening.unlock();
    }
  }

  private void waitForTheOneWhoOpens() throws SQLException {
    try {
      if (!opening.tryLock()
          && !opening.tryLock(config.acquireTimeout().toNanos(), TimeUnit.NANOSECONDS)) {
        throw new SQLTransientConnectionException(
            "Pool "
                + config.name()
                + " is still being opened by another thread after "
                + config.acquireTimeout().toMillis()
                + " ms (acquire-timeout)",
            "08001");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new SQLTransientConnectionException(
          "Interrupted while pool " + config.name() + " was being opened", "08001", e);
    }
  }

  /**
   * Opens the pool if it isn't open yet, so that an application doesn't start without its database,
   * unless {@code fail-fast} is off.
   *
   * @throws SQLException if the pool can't be opened, or is closed
   */
  @Override
  public void start() throws SQLException {
    if (pool().isClosed()) {
      throw new PoolClosedException(config.name());
    }
  }

  /** Closes the pool: the holders of connections have {@code drain-timeout} to give them back. */
  @Override
  public void stop() {
    stopped = true;
    Pool open = afterWhoeverOpensIt();
    if (open != null) {
      open.close();
    }
  }

  private @Nullable Pool afterWhoeverOpensIt() {
    opening.lock();
    try {
      return pool;
    } finally {
      opening.unlock();
    }
  }

  /**
   * Makes a health check that tells what the pool has last seen of its database. It sends no query
   * and takes no connection, so that asking often doesn't keep a serverless database awake. Before
   * the pool is open, the check is unhealthy.
   */
  public HealthCheck healthCheck() {
    return new HealthCheck() {
      @Override
      protected Result check() {
        Pool open = pool;
        return open == null
            ? Result.unhealthy("Pool " + config.name() + " isn't open yet")
            : new PoolHealthCheck(open).execute();
      }
    };
  }

  /** Returns a connection of the pool; waits for one as {@link Pool#getConnection()} does. */
  @Override
  public Connection getConnection() throws SQLException {
    return pool().getConnection();
  }

  /** Refuses: a pool has only the credentials of its configuration. */
  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    return pool().getConnection(user, password);
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    return type.isInstance(this) ? type.cast(this) : pool().unwrap(type);
  }

  @Override
  public boolean isWrapperFor(Class<?> type) throws SQLException {
    return type.isInstance(this) || pool().isWrapperFor(type);
  }

  @Override
  public @Nullable PrintWriter getLogWriter() throws SQLException {
    return pool().getLogWriter();
  }

  @Override
  public void setLogWriter(@Nullable PrintWriter writer) throws SQLException {
    pool().setLogWriter(writer);
  }

  @Override
  public int getLoginTimeout() throws SQLException {
    return pool().getLoginTimeout();
  }

  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    pool().setLoginTimeout(seconds);
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getLogger(Pool.class.getPackageName());
  }

  /** Shows the pool's settings, without a secret. */
  @Override
  public String toString() {
    Pool open = pool;
    return open != null ? open.toString() : "not open yet: " + config;
  }
}
