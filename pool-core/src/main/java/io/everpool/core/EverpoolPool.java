package io.everpool.core;

import io.everpool.api.CredentialsProvider;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.SizeAdvice;
import io.everpool.api.Verdict;
import io.everpool.api.Work;
import io.everpool.api.WorkOptions;
import io.everpool.api.driver.Connector;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.framework.PoolSlot;
import io.everpool.api.framework.UnitRerunner;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.UnitListener;
import io.everpool.core.advice.Advisor;
import io.everpool.core.advice.LeaseTrace;
import io.everpool.core.jdbc.EngineLeaseManager;
import io.everpool.core.jdbc.Initialization;
import io.everpool.core.jdbc.PoolView;
import io.everpool.core.jdbc.PooledConnection;
import io.everpool.core.jdbc.Session;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.UnitWatch;
import io.everpool.core.replicas.Member;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.SharedState;
import io.everpool.core.upkeep.Upkeep;
import io.everpool.core.work.UnitRunner;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The pool as its users see it: each call goes to the room that does the work. The class is so long
 * because users may call so much.
 *
 * <p>It is public so that frameworks can call it by reflection, as some do with a data source
 * (ShardingSphere reads its properties). Nobody needs to name it: {@link Everpool} opens a {@link
 * Pool}.
 */
public final class EverpoolPool implements Pool, UnitRerunner, PoolOperations {
  private static final org.slf4j.Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Connector connector;
  private final PoolEvents events;
  private final Reachability server;
  private final EngineLeaseManager leases;
  private final Upkeep upkeep;
  private final UnitRunner runner;
  private final Snapshots snapshots;
  private final Shutdown shutdown;
  private final IntSupplier waiting;
  private final Environment environment;
  private final @Nullable LeaseTrace trace;
  private final Notes notes;
  private final AtomicReference<PoolState> state = new AtomicReference<>(PoolState.OPEN);

  /**
   * A pool that is not open yet.
   *
   * @param credentials says what to log in with; null for what the configuration says
   * @param endOfThreads ends the threads of {@code environment}; called once, when all is closed
   */
  EverpoolPool(
      PoolConfig config,
      Connector connector,
      @Nullable CredentialsProvider credentials,
      Function<Throwable, Verdict> classifier,
      PoolEvents events,
      @Nullable LeaseRecorder recorder,
      List<LeaseInterceptor> interceptors,
      Initialization initialization,
      Environment environment,
      Runnable endOfThreads) {
    this.config = config;
    this.connector = connector;
    this.events = events;
    events.clock(environment.time()::nanoTime);
    this.notes = new Notes(config, connector);
    SharedState shared = new SharedState(config, connector, classifier, environment, events);
    this.environment = environment;
    this.waiting = shared.engine()::waiting;
    this.server = shared.server();
    this.snapshots = new Snapshots(config, shared, events, state::get);
    this.trace = config.sizeAdvice() ? new LeaseTrace(environment.time().nanoTime()) : null;
    this.leases =
        new EngineLeaseManager(
            config,
            connector,
            classifier,
            shared,
            environment.time(),
            events,
            snapshots,
            recorder,
            trace,
            interceptors);
    this.upkeep =
        new Upkeep(
            config,
            connector,
            classifier,
            environment,
            credentials,
            events,
            shared,
            (slot, number, physical) -> {
              notes.tellMore(); // a connector knows more once it has a connection
              Session session = new Session(slot, number, physical, leases, initialization);
              session.initialize();
              return session;
            });
    this.shutdown =
        new Shutdown(config, connector, events, upkeep, state, environment.workers(), endOfThreads);
    events.couriers(environment.workers());
    this.runner =
        new UnitRunner(leases, environment.time(), environment.random(), environment.pause());
  }

  /** Opens the pool; with {@link PoolConfig#failFast()} only if the database can be reached. */
  void open() throws SQLException {
    start();
    boolean opened = false;
    try {
      if (config.failFast()) {
        server.awaited(true);
        leases.acquireFirst().close();
        server.awaited(false);
      }
      shutdown.opened(this::tellOfOpening);
      opened = true;
    } finally {
      if (!opened) { // the caller doesn't get the pool, so that nobody else could close it
        close();
      }
    }
  }

  /** Never throws. */
  private void tellOfOpening() {
    // A log that fails must not keep the caller from getting the pool.
    GuardedCall.survives(config.name(), "telling that it is open", this::logOpening);
    events.emit(new PoolEvent.PoolOpened(config.name(), this));
  }

  private void logOpening() {
    log.info("Successfully created persistent {} connection pool", connector.product());
    log.info(
        "Pool {}: {} to {} connections to {}",
        config.name(),
        config.minSize(),
        config.maxSize(),
        connector.target());
  }

  private void start() {
    boolean started = false;
    try {
      notes.tellAtFirst();
      connector.whenNoted(notes::tellMore);
      upkeep.start();
      started = true;
    } finally {
      if (!started) { // nothing was opened: no thread could be had, or the connector threw
        shutdown.end();
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
  public Optional<SizeAdvice> advise() {
    return trace == null
        ? Optional.empty()
        : Advisor.advise(
            trace,
            snapshot().maxSize(),
            environment.time().nanoTime(),
            environment.clock().instant());
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
  public Connection getConnection(Duration timeout) throws SQLException {
    return leases.acquire(UnitRunner.nanos(timeout));
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
    return unit(UnitListener.Kind.RUN, options, work);
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T inTransaction(
      WorkOptions options, Work<T, X> work) throws X, SQLException {
    return unit(UnitListener.Kind.TRANSACTION, options, work);
  }

  private <T extends @Nullable Object, X extends Exception> T unit(
      UnitListener.Kind kind, WorkOptions options, Work<T, X> work) throws X, SQLException {
    long deadline = runner.deadline(options);
    UnitWatch watch = runner.watch(kind, options); // nothing may fail between this and the try
    Throwable thrown = null;
    try (PooledConnection connection = acquire(options)) {
      return kind == UnitListener.Kind.RUN
          ? runner.run(connection, options, deadline, watch, work)
          : runner.inTransaction(connection, options, deadline, watch, work);
    } catch (Throwable failure) {
      thrown = failure;
      throw failure;
    } finally {
      watch.ended(thrown);
    }
  }

  private PooledConnection acquire(WorkOptions options) throws SQLException {
    Duration deadline = options.deadline();
    return deadline == null || deadline.compareTo(config.acquireTimeout()) >= 0
        ? leases.acquire()
        : leases.acquire(UnitRunner.nanos(deadline));
  }

  @Override
  public DataSource reader() {
    return PoolView.reading(this, leases::acquire);
  }

  @Override
  public DataSource withoutCommandTimeout() {
    return PoolView.withoutCommandTimeout(this, leases::acquire);
  }

  @Override
  public String position() throws SQLException {
    try (PooledConnection connection = leases.acquireOwn()) {
      return connection.position(config.validationTimeout().toNanos());
    }
  }

  /** This pool as a member of a pool that has replicas. */
  Member member() {
    return new Member(
        this,
        connector.target(),
        leases,
        server,
        waiting,
        upkeep::isSuspensionWanted,
        shutdown::begin,
        environment);
  }

  @Override
  public <T extends @Nullable Object, X extends Exception> T rerun(
      Connection connection, WorkOptions options, Work<T, X> work) throws X, SQLException {
    return runner.rerun(connection, options, work);
  }

  @Override
  public void given(Object oneShot) throws SQLException {
    UnitRunner.given(oneShot);
  }

  @Override
  public boolean owns(Connection connection) {
    return runner.owns(connection);
  }

  @Override
  public void replaceAll() {
    upkeep.fence("asked for by an operator");
  }

  @Override
  public void resize(int minSize, int maxSize) {
    config.toBuilder().minSize(minSize).maxSize(maxSize).build(); // refuses what can't work
    if (maxSize > config.maxSize()) {
      throw new IllegalArgumentException(
          "A pool can't grow beyond the max-size that it was opened with, which is "
              + config.maxSize()
              + ", not "
              + maxSize);
    }
    upkeep.resize(minSize, maxSize);
  }

  @Override
  public void suspend() {
    upkeep.suspend();
  }

  @Override
  public void resume() {
    upkeep.resume();
  }

  @Override
  public boolean isSuspended() {
    return upkeep.isSuspensionWanted();
  }

  @Override
  public int connectsGivenUp() {
    return upkeep.connectsGivenUp();
  }

  @Override
  public void evictIdle() {
    upkeep.evictIdle();
  }

  @Override
  public PoolSnapshot examine() {
    return snapshots.detailed();
  }

  @Override
  public List<PoolSlot> slots() {
    return snapshots.slots();
  }

  /** As {@link Shutdown#run()}. */
  @Override
  public void close() {
    shutdown.run();
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

  // ---- the rest of DataSource

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
