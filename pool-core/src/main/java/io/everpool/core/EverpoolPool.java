package io.everpool.core;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.Initialization;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Survivor;
import io.everpool.core.runtime.SystemRuntime;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.SharedState;
import io.everpool.core.upkeep.Upkeep;
import io.everpool.core.work.UnitRunner;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** The pool as its users have it: each call goes to the room that knows. */
final class EverpoolPool implements Pool {
  private static final org.slf4j.Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Connector connector;
  private final PoolEvents events;
  private final Runnable endOfThreads;
  private final Reachability server;
  private final EngineLeaseManager leases;
  private final Upkeep upkeep;
  private final UnitRunner runner;
  private final Snapshots snapshots;
  private final Executor workers;

  /** Completes when the pool is closed; whoever closes it after the first waits for this. */
  private final CompletableFuture<Void> closed = new CompletableFuture<>();

  private final Set<String> toldNotes = ConcurrentHashMap.newKeySet();
  private final AtomicReference<PoolState> state = new AtomicReference<>(PoolState.OPEN);

  /**
   * A pool that is not open yet.
   *
   * @param endOfThreads ends the threads of {@code environment}; called once, when all is closed
   */
  EverpoolPool(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      PoolEvents events,
      @Nullable LeaseRecorder recorder,
      Initialization initialization,
      Environment environment,
      Runnable endOfThreads) {
    this.config = config;
    this.connector = connector;
    this.events = events;
    this.endOfThreads = endOfThreads;
    SharedState shared = new SharedState(config, connector, classifier, environment, events);
    this.server = shared.server();
    this.snapshots = new Snapshots(config, shared, events, state::get);
    EngineLeaseManager manager =
        new EngineLeaseManager(
            config,
            connector,
            classifier,
            shared,
            environment.time(),
            events,
            snapshots::detailed,
            recorder);
    this.leases = manager;
    this.upkeep =
        new Upkeep(
            config,
            connector,
            classifier,
            environment,
            events,
            shared,
            (slot, number, physical) -> {
              tellNotes(); // a connector knows more once it has a connection
              Session session = new Session(slot, number, physical, manager, initialization);
              session.initialize();
              return session;
            });
    events.couriers(environment.workers());
    this.workers = environment.workers();
    this.runner =
        new UnitRunner(leases, environment.time(), environment.random(), SystemRuntime::pause);
  }

  /** Opens for business; with {@link PoolConfig#failFast()} only if the database can be reached. */
  void open() throws SQLException {
    tellNotes();
    start();
    if (config.failFast()) {
      boolean reached = false;
      try {
        server.awaited(true);
        leases.acquireFirst().close();
        reached = true;
      } finally {
        server.awaited(false);
        if (!reached) {
          close();
        }
      }
    }
    log.info("Successfully created persistent {} connection pool", connector.product());
    log.info(
        "Pool {}: {} to {} connections to {}",
        config.name(),
        config.minSize(),
        config.maxSize(),
        connector.target());
    events.emit(new PoolEvent.PoolOpened(config.name(), this));
  }

  private void start() {
    boolean started = false;
    try {
      upkeep.start();
      started = true;
    } finally {
      if (!started) { // there is no thread to be had, and nothing was opened
        end();
      }
    }
  }

  /** Each once. */
  private void tellNotes() {
    for (String note : connector.notes()) {
      if (toldNotes.add(note)) {
        log.warn("Pool {}: {}", config.name(), note);
      }
    }
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public PoolConfig config() {
    return config;
  }

  @Override
  public PoolSnapshot snapshot() {
    return snapshots.brief();
  }

  @Override
  public Connection getConnection() throws SQLException {
    return leases.acquire();
  }

  @Override
  public Connection getConnection(String user, String password) throws SQLException {
    throw new SQLFeatureNotSupportedException(
        "A pool has the credentials of its configuration only; open a second pool for another"
            + " user");
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T run(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    try (PooledConnection connection = leases.acquire()) {
      return runner.run(connection, options, work);
    }
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    try (PooledConnection connection = leases.acquire()) {
      return runner.inTransaction(connection, options, work);
    }
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    return runner.rerun(connection, options, work);
  }

  @Override
  public void replaceAll() {
    upkeep.fence("asked for by an operator");
  }

  // ---- closing

  /**
   * Whoever closes first does it; all others wait until it is done. Whatever the driver or a
   * listener does meanwhile, it ends: each part has its deadline, and what throws is survived.
   */
  @Override
  public void close() {
    boolean first = state.compareAndSet(PoolState.OPEN, PoolState.DRAINING);
    if (!first && events.isTelling(Thread.currentThread())) {
      return; // a listener, for whom the first may be waiting
    }
    boolean interrupted = false;
    if (first) {
      interrupted = await(upkeep.drain());
      end();
      events.emit(new PoolEvent.PoolClosed(config.name()));
      log.info("Closed {} connection pool", connector.product());
    } else {
      interrupted = await(closed);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Ends for certain: upkeep has a deadline for everything that drains. An interrupt makes it
   * short; returns whether there was one.
   */
  private boolean await(CompletableFuture<Void> end) {
    boolean interrupted = false;
    while (!end.isDone()) {
      try {
        end.get();
      } catch (InterruptedException e) {
        interrupted = true;
        upkeep.cutDrainShort();
      } catch (ExecutionException e) {
        throw new AssertionError(e);
      }
    }
    return interrupted;
  }

  /** What comes after the last connection. The pool is closed then, whatever it brings. */
  private void end() {
    try {
      CompletableFuture<Void> connectorClosed = new CompletableFuture<>();
      try {
        workers.execute(
            () -> {
              Survivor.survives(config.name(), "closing the connector", connector::close);
              connectorClosed.complete(null);
            });
      } catch (RejectedExecutionException | OutOfMemoryError e) {
        Survivor.survives(config.name(), "closing the connector", connector::close);
        connectorClosed.complete(null);
      }
      patiently(connectorClosed);
      patiently(events.told());
      endOfThreads.run();
    } finally {
      state.set(PoolState.CLOSED);
      closed.complete(null);
    }
  }

  /** Waits for something that somebody else's code may hold up; not for ever. */
  private void patiently(CompletableFuture<Void> end) {
    boolean interrupted = Thread.interrupted();
    try {
      end.get(config.closeTimeout().toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (ExecutionException | TimeoutException e) {
      log.warn("Pool {}: the driver or a listener holds up its end", config.name(), e);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean isClosed() {
    return state.get() != PoolState.OPEN;
  }

  /** The counts in one line. */
  @Override
  public String toString() {
    return "Everpool " + snapshot();
  }

  // ---- what a DataSource has besides

  @Override
  public @Nullable PrintWriter getLogWriter() {
    return null;
  }

  /** Ignored: the pool logs through SLF4J. */
  @Override
  public void setLogWriter(@Nullable PrintWriter out) {}

  /** Refused: {@link PoolConfig#acquireTimeout()} is set when the pool is opened. */
  @Override
  public void setLoginTimeout(int seconds) throws SQLException {
    throw new SQLFeatureNotSupportedException("Set acquire-timeout in the configuration");
  }

  /** The acquire-timeout in whole seconds, and never 0, which means for ever. */
  @Override
  public int getLoginTimeout() {
    return (int)
        Math.min(Integer.MAX_VALUE, config.acquireTimeout().plusNanos(999_999_999).toSeconds());
  }

  @Override
  public Logger getParentLogger() {
    return Logger.getLogger("io.everpool");
  }

  @Override
  public <T> T unwrap(Class<T> type) throws SQLException {
    if (type.isInstance(this)) {
      return type.cast(this);
    }
    throw new SQLException("A pool is no wrapper for " + type.getName());
  }

  @Override
  public boolean isWrapperFor(Class<?> type) {
    return type.isInstance(this);
  }
}
