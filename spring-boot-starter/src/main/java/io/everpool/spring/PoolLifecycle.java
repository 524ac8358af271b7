package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.framework.PoolOperations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ApplicationContextEvent;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.SpringProperties;

/**
 * Takes all connections from the pools while the application is stopped and may start again: around
 * a checkpoint (CRaC), or while a test context is paused. The pools are stopped after everything
 * else and started before it. A checkpoint at start-up is taken when all beans are made and none is
 * started.
 *
 * <p>The end of the application is another thing, and this class doesn't see to it: there the pools
 * are closed as beans are, after the web server has drained and after every bean that uses them.
 */
final class PoolLifecycle
    implements SmartLifecycle,
        SmartInitializingSingleton,
        DisposableBean,
        ApplicationListener<ApplicationContextEvent> {

  /** The phase that is started first, and stopped last. */
  static final int PHASE = Integer.MIN_VALUE / 2;

  private static final long LOOK_NANOS = Duration.ofMillis(5).toNanos();
  private static final Logger log = LoggerFactory.getLogger(PoolLifecycle.class);

  private final PoolBeans pools;
  private final ConfigurableApplicationContext context;

  /**
   * The pools that were suspended here, and are to be resumed. The members of a pool with readers
   * are separate entries.
   */
  private final List<Pool> suspended = new ArrayList<>();

  private volatile boolean running;

  /** Whether the application has ever started completely. */
  private volatile boolean refreshed;

  PoolLifecycle(PoolBeans pools, ConfigurableApplicationContext context) {
    this.pools = pools;
    this.context = context;
  }

  /**
   * Suspends the pools if a checkpoint is taken at start-up. Spring then has nothing to stop, and
   * starts this object first, after the checkpoint or without one.
   */
  @Override
  public void afterSingletonsInstantiated() {
    String checkpoint =
        SpringProperties.getProperty(DefaultLifecycleProcessor.CHECKPOINT_PROPERTY_NAME);
    if (DefaultLifecycleProcessor.ON_REFRESH_VALUE.equalsIgnoreCase(checkpoint)) {
      suspend();
    }
  }

  @Override
  public void start() {
    resume();
    running = true;
  }

  private void resume() {
    // The pool suspended last is resumed first, so that a writer, which comes before its readers in
    // the list, is resumed after them. A reader that is suspended while its writer isn't counts as
    // one that an operator has taken away.
    for (int i = suspended.size() - 1; i >= 0; i--) {
      PoolOperations.of(suspended.get(i)).resume();
    }
    suspended.clear();
  }

  /**
   * Resumes the pools: a checkpoint at start-up that fails ends the application, and no event tells
   * of that.
   */
  @Override
  public void destroy() {
    resume();
  }

  /**
   * Resumes the pools if the application ends while it is stopped: to end, it may need a
   * connection.
   */
  @Override
  public void onApplicationEvent(ApplicationContextEvent event) {
    if (event.getApplicationContext() != context) {
      return;
    }
    if (event instanceof ContextClosedEvent) {
      resume();
    }
    refreshed |= event instanceof ContextRefreshedEvent;
  }

  @Override
  public void stop() {
    running = false;
    if (context.isClosed() || !refreshed) {
      // What ends now, also after a start that has failed, may need a connection to the last.
      return;
    }
    suspend();
  }

  private void suspend() {
    List<Pool> open = pools.made().stream().filter(pool -> !pool.isClosed()).toList();
    for (Pool pool : open) {
      for (Pool member : SpringPool.membersOf(pool)) {
        PoolOperations operations = PoolOperations.of(member);
        // otherwise an operator has suspended it, and only an operator resumes it
        if (!operations.isSuspended()) {
          awaitResumed(member);
          operations.suspend();
          suspended.add(member);
        }
      }
    }
    // this includes pools that were suspended by others just before
    open.forEach(PoolLifecycle::awaitEmpty);
  }

  /**
   * Waits until a start of just before has reached the pool: until then the snapshot tells of the
   * suspension before it, and would be taken for the one that comes next.
   */
  private static void awaitResumed(Pool pool) {
    await(() -> !pool.snapshot().suspended(), System.nanoTime(), pool.config().closeTimeout());
  }

  /**
   * Waits until a pool and its readers have no connection any more; the holders get as much time as
   * when the pool is closed. Then it waits for connects that were given up while they were under
   * way: for these the driver still has a socket, for as long as a connect may take.
   */
  private static void awaitEmpty(Pool pool) {
    PoolConfig config = pool.config();
    PoolOperations operations = PoolOperations.of(pool);
    long begun = System.nanoTime();
    await(() -> full(pool).isEmpty(), begun, config.drainTimeout().plus(config.closeTimeout()));
    await(
        () -> operations.connectsGivenUp() == 0,
        begun,
        config.connectTimeout().plus(config.closeTimeout()));
    for (PoolSnapshot now : full(pool)) {
      log.warn("Pool {} is suspended and still has connections: {}", now.name(), now);
    }
    int left = operations.connectsGivenUp();
    if (left > 0) {
      log.warn(
          "Pool {} is suspended, and the driver still opens {} connections that were given up; they"
              + " may have sockets",
          pool.name(),
          left);
    }
  }

  private static void await(BooleanSupplier fact, long begun, Duration patience) {
    while (!fact.getAsBoolean()
        && System.nanoTime() - begun < patience.toNanos()
        && !Thread.currentThread().isInterrupted()) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
  }

  private static List<PoolSnapshot> full(Pool pool) {
    return Stream.concat(Stream.of(pool.snapshot()), pool.readerSnapshots().stream())
        .filter(now -> !isEmpty(now))
        .toList();
  }

  private static boolean isEmpty(PoolSnapshot now) {
    return now.suspended() && now.total() == 0 && now.connecting() == 0 && now.closing() == 0;
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  @Override
  public int getPhase() {
    return PHASE;
  }
}
