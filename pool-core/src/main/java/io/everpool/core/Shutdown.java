package io.everpool.core;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolState;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.PoolEvent;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.runtime.SystemRuntime;
import io.everpool.core.upkeep.Upkeep;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;

/**
 * Ends a pool: first its connections, then the driver, the listeners and its own threads, each
 * within its deadline. It may be called from any thread, any number of times.
 */
final class Shutdown {
  private static final Logger log = PoolEvents.log();

  /** How far the telling of the pool's opening has come. */
  private enum Opening {
    UNTOLD,
    BEING_TOLD,
    /** The pool has ended while its opening is told of: the same thread tells of the end then. */
    OVER_MEANWHILE,
    TOLD
  }

  private final PoolConfig config;
  private final Connector connector;
  private final PoolEvents events;
  private final Upkeep upkeep;
  private final AtomicReference<PoolState> state;
  private final Executor workers;
  private final Runnable endOfThreads;

  /** The product's name. It is asked for at the beginning, because at the end a driver may hang. */
  private final String product;

  private final AtomicReference<Opening> opening = new AtomicReference<>(Opening.UNTOLD);

  /** Whether somebody closes the pool, or has closed it. */
  private final AtomicBoolean ending = new AtomicBoolean();

  /** Counted down when the pool is closed; whoever closes it after the first waits for that. */
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * The end of a pool whose state is kept in {@code state}.
   *
   * @param endOfThreads ends the pool's threads; called once, when all is closed
   */
  Shutdown(
      PoolConfig config,
      Connector connector,
      PoolEvents events,
      Upkeep upkeep,
      AtomicReference<PoolState> state,
      Executor workers,
      Runnable endOfThreads) {
    this.config = config;
    this.connector = connector;
    this.events = events;
    this.upkeep = upkeep;
    this.state = state;
    this.workers = workers;
    this.endOfThreads = endOfThreads;
    this.product = connector.product();
  }

  /**
   * Tells by {@code telling} that the pool is open; from now on the log will tell of its end, too.
   * A listener that hears of the opening may close the pool, or have another thread do so, before
   * other listeners have heard. These hear of the end after the opening, and whoever closes the
   * pool doesn't wait for that.
   */
  void opened(Runnable telling) {
    opening.set(Opening.BEING_TOLD);
    try {
      telling.run();
    } finally {
      if (opening.getAndSet(Opening.TOLD) == Opening.OVER_MEANWHILE) {
        tellListenersOfEnd();
      }
    }
  }

  /**
   * Begins to drain the connections, and waits for nothing. So if several pools are to be closed,
   * they drain at the same time, and each says at once that it is being closed. {@link #run} has to
   * follow.
   */
  void begin() {
    state.compareAndSet(PoolState.OPEN, PoolState.DRAINING);
    upkeep.beginDrain();
  }

  /**
   * Whoever closes first does it; all others wait until it is done. Whatever the driver or a
   * listener does meanwhile, it ends: each part has its deadline, and what throws is survived.
   */
  void run() {
    boolean first = ending.compareAndSet(false, true);
    state.compareAndSet(PoolState.OPEN, PoolState.DRAINING);
    if (!first && events.isTelling(Thread.currentThread())) {
      return; // this is a listener, and the first caller may be waiting for it
    }
    boolean interrupted = false;
    if (first) {
      try {
        interrupted = await(latch(drain()));
      } finally { // also if it threw: nobody else ends the pool, and others wait for the end
        end();
        tellOfEnd();
      }
    } else {
      interrupted = await(closed);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Tries twice, as there may be no memory: a second call is harmless, and sessions must end. */
  private CompletableFuture<Void> drain() {
    try {
      return upkeep.drain();
    } catch (Throwable e) {
      GuardedCall.tell(config.name(), "beginning to drain", e);
      return upkeep.drain();
    }
  }

  /**
   * Waits for an end that is certain to come, because upkeep has a deadline for everything that
   * drains. An interrupt cuts the drain short. Returns whether there was one.
   */
  private boolean await(CountDownLatch end) {
    boolean interrupted = false;
    while (end.getCount() > 0) {
      try {
        end.await();
      } catch (InterruptedException e) {
        interrupted = true;
        upkeep.cutDrainShort();
      }
    }
    return interrupted;
  }

  /**
   * Makes a latch to wait for, instead of the future. A fork/join worker that waits for a future
   * meanwhile runs other queued tasks on its stack, for as long as these take.
   */
  private static CountDownLatch latch(CompletableFuture<Void> end) {
    CountDownLatch over = new CountDownLatch(1);
    CompletableFuture<Void> unused = end.whenComplete((nothing, failure) -> over.countDown());
    return over;
  }

  /** Does what comes after the last connection. Then the pool is closed, whatever has failed. */
  void end() {
    ending.set(true); // for a pool that could not be started: nobody is to drain it
    try {
      CountDownLatch connectorClosed = new CountDownLatch(1);
      try {
        workers.execute(
            () -> {
              GuardedCall.survives(config.name(), "closing the connector", connector::close);
              connectorClosed.countDown();
            });
      } catch (RejectedExecutionException | OutOfMemoryError e) {
        GuardedCall.survives(config.name(), "closing the connector", connector::close);
        connectorClosed.countDown();
      }
      patiently(connectorClosed);
      patiently(latch(events.told()));
    } finally {
      endThreads();
    }
  }

  /** Tells the log first, because a listener may never come back. */
  private void tellOfEnd() {
    if (opening.get() != Opening.UNTOLD) { // without an opening the log tells of no end
      GuardedCall.survives(
          config.name(),
          "telling that it is closed",
          () -> log.info("Closed {} connection pool", product));
    }
    if (!opening.compareAndSet(Opening.BEING_TOLD, Opening.OVER_MEANWHILE)) {
      tellListenersOfEnd();
    }
  }

  private void tellListenersOfEnd() {
    PoolEvent closing = new PoolEvent.PoolClosed(config.name());
    if (events.isTelling(Thread.currentThread())) {
      events.emit(closing); // this thread tells listeners now, and no two threads do that at a time
      return;
    }
    try {
      // This takes a thread of its own, because the pool has none any more.
      patiently(nanos -> SystemRuntime.apart(config.name(), () -> events.emit(closing), nanos));
    } catch (OutOfMemoryError e) { // no thread is to be had
      events.emit(closing);
    }
  }

  private void endThreads() {
    try {
      endOfThreads.run();
    } finally {
      state.set(PoolState.CLOSED);
      closed.countDown();
    }
  }

  /** Waits for something that may never come to its end. */
  private interface Wait {
    void atMost(long nanos) throws InterruptedException, TimeoutException;
  }

  private void patiently(CountDownLatch end) {
    patiently(
        nanos -> {
          if (!end.await(nanos, TimeUnit.NANOSECONDS)) {
            throw new TimeoutException("It is not over after " + nanos / 1_000_000 + " ms");
          }
        });
  }

  /** Waits for what somebody else's code may hold up, but no longer than the close-timeout. */
  private void patiently(Wait end) {
    boolean interrupted = Thread.interrupted();
    try {
      end.atMost(config.closeTimeout().toNanos());
    } catch (InterruptedException e) {
      interrupted = true;
    } catch (TimeoutException e) {
      GuardedCall.survives(
          config.name(),
          "telling so",
          () -> log.warn("Pool {}: the driver or a listener holds up its end", config.name(), e));
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
