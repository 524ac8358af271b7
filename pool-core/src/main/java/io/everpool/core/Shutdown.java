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
 * How a pool ends: its connections, then the driver, the listeners and its own threads, each within
 * its deadline. Called from any thread, as often as anybody likes.
 */
final class Shutdown {
  private static final Logger log = PoolEvents.log();

  /** How far it was told that the pool is open for business. */
  private enum Opening {
    UNTOLD,
    BEING_TOLD,
    /** Being told, and the pool is closed already: its end is told by whoever tells the opening. */
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

  /** As the driver calls it; asked at the beginning, for at the end it may hang. */
  private final String product;

  private final AtomicReference<Opening> opening = new AtomicReference<>(Opening.UNTOLD);

  /** Somebody closes it. */
  private final AtomicBoolean ending = new AtomicBoolean();

  /** The pool is closed; whoever closes it after the first waits for this. */
  private final CountDownLatch closed = new CountDownLatch(1);

  /**
   * The end of the pool that is in this state.
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
   * The pool is open, as is told now; from here on its end is told of in the log. A listener may
   * close the pool as he hears of it, or have another thread do so, while others haven't heard: of
   * its end they hear afterwards, and who closes the pool doesn't wait for that.
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
   * Has the connections drained from now on, and waits for nothing: where several pools are to be
   * closed, none sits out the time of another, and each says at once that it is being closed.
   * {@link #run} has to follow.
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
      return; // a listener, for whom the first may be waiting
    }
    boolean interrupted = false;
    if (first) {
      try {
        interrupted = await(latch(drain()));
      } finally { // whatever was thrown: nobody else ends it, and others wait for its end
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

  /** With a second attempt: what had no memory is idempotent, and sessions would be left open. */
  private CompletableFuture<Void> drain() {
    try {
      return upkeep.drain();
    } catch (Throwable e) {
      GuardedCall.tell(config.name(), "beginning to drain", e);
      return upkeep.drain();
    }
  }

  /**
   * Ends for certain: upkeep has a deadline for everything that drains. An interrupt makes it
   * short; returns whether there was one.
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
   * For whoever waits for it: a fork/join worker that asks the future itself runs what is queued
   * there meanwhile, on top of this, for as long as that takes.
   */
  private static CountDownLatch latch(CompletableFuture<Void> end) {
    CountDownLatch over = new CountDownLatch(1);
    CompletableFuture<Void> unused = end.whenComplete((nothing, failure) -> over.countDown());
    return over;
  }

  /** What comes after the last connection. The pool is closed then, whatever it brings. */
  void end() {
    ending.set(true); // of one that could not be started: nobody else is to drain it
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

  /** The log first, for a listener may never come back. */
  private void tellOfEnd() {
    if (opening.get() != Opening.UNTOLD) { // else it was never told of as one
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
      events.emit(closing); // a listener's own thread, who is told of nothing by two at a time
      return;
    }
    try {
      // On a thread of its own, for the pool has none any more.
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

  /** For something that comes to its end, or not. */
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

  /** Waits for something that somebody else's code may hold up; not for ever. */
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
