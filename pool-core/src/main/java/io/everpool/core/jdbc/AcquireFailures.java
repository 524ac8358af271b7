package io.everpool.core.jdbc;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.function.Supplier;

/**
 * What callers are told who get no connection: that they came too late, too many, or in vain, with
 * what the pool knows of the reason. Thread-safe.
 */
final class AcquireFailures {
  private final PoolConfig config;
  private final Connector connector;
  private final Engine engine;
  private final Reachability server;
  private final TimeSource time;
  private final PoolEvents events;
  private final Supplier<PoolSnapshot> snapshot;

  /**
   * @param snapshot the pool's state with what the holders do just now, to explain an exhausted one
   */
  AcquireFailures(
      PoolConfig config,
      Connector connector,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      Supplier<PoolSnapshot> snapshot) {
    this.config = config;
    this.connector = connector;
    this.engine = shared.engine();
    this.server = shared.server();
    this.time = time;
    this.events = events;
    this.snapshot = snapshot;
  }

  /** Throws if it is known that waiting is in vain. */
  void refuseIfHopeless() throws SQLException {
    if (engine.isClosed()) {
      throw new PoolClosedException(config.name());
    }
    SQLException last = server.lastFailure();
    if (last != null && server.isHopeless()) {
      throw new SQLTransientConnectionException(
          "Pool "
              + config.name()
              + " can't be opened: "
              + last.getMessage()
              + " Every try of the last seconds found nobody there. If the database may come up"
              + " later than the application, set fail-fast = false.",
          "08001",
          last);
    }
    SQLException refusal = server.refusal(time.nanoTime());
    if (refusal != null) {
      throw new SQLNonTransientConnectionException(
          "Pool "
              + config.name()
              + " has no connection and "
              + (server.failsHere()
                  ? "can't open one: "
                  : connector.target() + " refuses new ones: ")
              + refusal.getMessage(),
          refusal.getSQLState(),
          refusal);
    }
  }

  /**
   * For one who has waited for too long.
   *
   * @param begun when he began
   * @param timeout how long he would wait; nanoseconds
   */
  SQLException timedOut(long begun, long timeout) {
    boolean ours = timeout == config.acquireTimeout().toNanos();
    return noConnection(begun, ours ? " (acquire-timeout)" : " (the limit of this call)");
  }

  /** For one who waits no longer, since that is no use. */
  SQLException inVain(long begun) {
    return noConnection(begun, ": the pool has just learnt that nothing will come");
  }

  private SQLException noConnection(long begun, String why) {
    long waited = time.nanoTime() - begun;
    events.emit(new AcquireTimedOut(config.name(), waited));
    PoolSnapshot now = snapshot.get();
    return new AcquireTimeoutException(
        "No connection within "
            + waited / 1_000_000
            + " ms"
            + why
            + ". "
            + Advice.forTimeout(now, whyConnectsFail())
            + "\n"
            + now.explain(),
        now,
        server.lastFailure());
  }

  /** A driver that doesn't work here is as much this process's own as a limit of it. */
  private Verdict whyConnectsFail() {
    return server.failsHere() ? Verdict.PROCESS_LIMIT : server.lastVerdict();
  }

  /** For one who found the queue full. */
  SQLException rejected() {
    events.emit(new AcquireRejected(config.name()));
    PoolSnapshot now = snapshot.get();
    return new TooManyWaitersException(
        "Refused at once: "
            + config.maxWaiters()
            + " callers (max-waiters) wait for a connection already. "
            + Advice.forTimeout(now, whyConnectsFail())
            + "\n"
            + now.explain(),
        now);
  }

  /** For one whose thread was interrupted while he waited. */
  SQLException interrupted() {
    return new SQLTransientConnectionException(
        "Interrupted while waiting for a connection of pool " + config.name(), "08001");
  }
}
