package io.everpool.core.jdbc;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Survivor;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * What callers are told who get no connection: that they came too late, too many, or in vain, with
 * what the pool knows of the reason. Thread-safe.
 */
final class AcquireFailures {
  private static final Logger log = PoolEvents.log();

  /** The shortest time between two lines about long waits; nanoseconds. */
  static final long SLOW_EVERY = 10_000_000_000L;

  private static final AtomicLongFieldUpdater<AcquireFailures> TOLD_OF_SLOW =
      AtomicLongFieldUpdater.newUpdater(AcquireFailures.class, "toldOfSlow");

  private final PoolConfig config;
  private final Connector connector;
  private final SharedState shared;
  private final Engine engine;
  private final Reachability server;
  private final TimeSource time;
  private final PoolEvents events;
  private final Supplier<PoolSnapshot> snapshot;
  private final NestedAcquires nested;
  private volatile long toldOfSlow;

  /**
   * @param snapshot the pool's state with what the holders do just now and the calling thread among
   *     those who wait, to explain an exhausted one
   */
  AcquireFailures(
      PoolConfig config,
      Connector connector,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      NestedAcquires nested,
      Supplier<PoolSnapshot> snapshot) {
    this.config = config;
    this.connector = connector;
    this.shared = shared;
    this.engine = shared.engine();
    this.server = shared.server();
    this.time = time;
    this.events = events;
    this.nested = nested;
    this.snapshot = snapshot;
    this.toldOfSlow = time.nanoTime() - SLOW_EVERY;
  }

  /**
   * Throws, for one who has not stood in line, if it is known that waiting is in vain.
   *
   * @param wait his, here as below
   */
  void refuseAtTheDoor(WaitKind wait) throws SQLException {
    SQLException refusal = refusal();
    if (refusal == null) {
      return;
    }
    if (wait.counts && !(refusal instanceof PoolClosedException)) {
      events.emit(new AcquireRejected(config.name()));
    }
    throw refusal;
  }

  /** What whoever waits may be told at once; null if there is hope. */
  private @Nullable SQLException refusal() {
    if (engine.isClosed()) {
      return new PoolClosedException(config.name());
    }
    SQLException last = server.lastFailure();
    if (last != null && server.isHopeless()) {
      return new SQLTransientConnectionException(
          "Pool "
              + config.name()
              + " can't be opened: "
              + sentence(last)
              + " Every try of the last seconds found nobody there. If the database may come up"
              + " later than the application, set fail-fast = false.",
          "08001",
          last);
    }
    SQLException refused = server.refusal(time.nanoTime());
    if (refused == null) {
      return null;
    }
    return new SQLNonTransientConnectionException(
        "Pool "
            + config.name()
            + " has no connection and "
            + (server.failsHere() ? "can't open one: " : connector.target() + " refuses new ones: ")
            + sentence(refused)
            + " "
            + Advice.whileConnectsFail(whyConnectsFail()),
        refused.getSQLState(),
        refused);
  }

  private static String sentence(SQLException failure) {
    String message = String.valueOf(failure.getMessage());
    return message.endsWith(".") ? message : message + ".";
  }

  /**
   * For one who has waited for too long.
   *
   * @param begun when he began
   */
  SQLException timedOut(long begun, WaitKind wait) {
    return noConnection(begun, wait, " (" + wait.limit + ")");
  }

  /** For one who waits no longer, since that is no use. */
  SQLException inVain(long begun, WaitKind wait) {
    SQLException refusal = refusal();
    if (refusal == null) {
      return noConnection(begun, wait, ": the pool has just learnt that nothing will come");
    }
    if (wait.counts && !(refusal instanceof PoolClosedException)) {
      events.emit(new AcquireTimedOut(config.name(), time.nanoTime() - begun));
    }
    return refusal;
  }

  private SQLException noConnection(long begun, WaitKind wait, String why) {
    long waited = time.nanoTime() - begun;
    if (wait.counts) {
      events.emit(new AcquireTimedOut(config.name(), waited));
    }
    Exhaustion exhaustion = exhaustion();
    return new AcquireTimeoutException(
        "No connection within " + waited / 1_000_000 + " ms" + why + ". " + explain(exhaustion),
        exhaustion.pool(),
        server.lastFailure());
  }

  private Exhaustion exhaustion() {
    return new Exhaustion(
        snapshot.get(),
        config,
        whyConnectsFail(),
        shared.connectingFor(),
        shared.sleep().waking(),
        shared.full().saysThatItIs(),
        nested.isEntangled());
  }

  private static String explain(Exhaustion exhaustion) {
    return Advice.forWaiting(exhaustion) + "\n" + exhaustion.pool().explain();
  }

  /** A driver that doesn't work here is as much this process's own as a limit of it. */
  private Verdict whyConnectsFail() {
    return server.failsHere() ? Verdict.PROCESS_LIMIT : server.lastVerdict();
  }

  /**
   * One waits long, and goes on waiting: it is logged why, once for all who do. Never throws. What
   * the log tells elsewhere, and a start of the database, are no alarm.
   *
   * @param waited for how long; nanoseconds
   */
  void tellOfSlow(long waited) {
    long last = toldOfSlow;
    long now = time.nanoTime();
    if (now - last >= SLOW_EVERY && TOLD_OF_SLOW.compareAndSet(this, last, now)) {
      Survivor.survives(
          config.name(),
          "telling of a long wait",
          () -> {
            Exhaustion exhaustion = exhaustion();
            String text =
                HolderThreads.describe(Thread.currentThread())
                    + " has waited for "
                    + waited / 1_000_000
                    + " ms for a connection, and waits on. "
                    + explain(exhaustion);
            if (server.isFailing() || exhaustion.waking()) {
              log.info("Pool {}: {}", config.name(), text);
            } else {
              log.warn("Pool {}: {}", config.name(), text);
            }
          });
    }
  }

  /** For one who found the queue full. */
  SQLException rejected(WaitKind wait) {
    if (wait.counts) {
      events.emit(new AcquireRejected(config.name()));
    }
    Exhaustion exhaustion = exhaustion();
    return new TooManyWaitersException(
        "Refused at once: "
            + config.maxWaiters()
            + " callers (max-waiters) wait for a connection already. "
            + explain(exhaustion),
        exhaustion.pool());
  }

  /** For one whose thread was interrupted while he waited. */
  SQLException interrupted() {
    return new SQLTransientConnectionException(
        "Interrupted while waiting for a connection of pool " + config.name(), "08001");
  }
}
