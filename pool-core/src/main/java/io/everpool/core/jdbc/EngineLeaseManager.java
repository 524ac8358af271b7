package io.everpool.core.jdbc;

import io.everpool.api.AcquireTimeoutException;
import io.everpool.api.CloseReason;
import io.everpool.api.PoolClosedException;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.TooManyWaitersException;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Look;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.AcquireRejected;
import io.everpool.api.observe.PoolEvent.AcquireTimedOut;
import io.everpool.api.observe.PoolEvent.ConnectionFailed;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.engine.WaitResult;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.observe.Survivor;
import io.everpool.core.upkeep.FailureReports;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.Resets;
import io.everpool.core.upkeep.SharedState;
import io.everpool.core.upkeep.SleepSwitch;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
import java.sql.SQLTransientConnectionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Hands out leases and takes them back. Here, and nowhere else, a calling thread parks; everything
 * that two threads could dispute is settled by the engine.
 */
public final class EngineLeaseManager implements LeaseManager {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final Connector connector;
  private final Function<Throwable, Verdict> classifier;
  private final Engine engine;
  private final Resets resets;
  private final SleepSwitch sleep;
  private final FailureReports reports;
  private final Reachability server;
  private final TimeSource time;
  private final PoolEvents events;
  private final Supplier<PoolSnapshot> snapshot;
  private final @Nullable LeaseRecorder recorder;
  private final SqlTexts texts;

  public EngineLeaseManager(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      Supplier<PoolSnapshot> snapshot,
      @Nullable LeaseRecorder recorder) {
    this.config = config;
    this.connector = connector;
    this.classifier = classifier;
    this.engine = shared.engine();
    this.resets = shared.resets();
    this.sleep = shared.sleep();
    this.reports = shared.reports();
    this.server = shared.server();
    this.time = time;
    this.events = events;
    this.snapshot = snapshot;
    this.recorder = recorder;
    this.texts = new SqlTexts(connector);
  }

  /**
   * Lends a connection, waiting for one if it must; as {@code Pool.getConnection()}.
   *
   * <p>From the move that takes a slot on there is a lease, and whoever can't go on, for want of
   * memory or stack, has nothing left to end it with but the write of a field: {@link
   * Session#stranded}, which upkeep looks at.
   */
  public PooledConnection acquire() throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot found = engine.tryAcquire(threadId);
    long lease = found == null ? 0 : found.lease;
    try {
      if (found == null
          || recorder != null
          || found.hadRested(lease)
          || session(found).hasRequests()) {
        return face(acquireWithCare(threadId, found, config.maxWaiters()));
      }
      return face(found);
    } catch (Throwable e) {
      if (found != null && found.entry instanceof Session session) {
        session.stranded = lease; // says nothing if that lease is over
      }
      throw e;
    }
  }

  /**
   * Lends the pool's first connection to whoever opens the pool: it waits for the connect, however
   * few may wait in line.
   */
  public PooledConnection acquireFirst() throws SQLException {
    return face(acquireWithCare(HolderThreads.id(Thread.currentThread()), null, Integer.MAX_VALUE));
  }

  private static PooledConnection face(Slot slot) {
    long lease = slot.lease;
    try {
      return new PooledConnection(session(slot), lease);
    } catch (Throwable e) {
      if (slot.entry instanceof Session session) {
        session.stranded = lease;
      }
      throw e;
    }
  }

  @Override
  public void renew(PooledConnection face) throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot slot = acquireWithCare(threadId, null, config.maxWaiters());
    boolean taken = false;
    try {
      face.rebind(session(slot), slot.lease);
      taken = true;
    } finally {
      if (!taken) {
        engine.release(slot, slot.lease);
      }
    }
  }

  /** With everything that costs a look at the clock or at the connection. */
  private Slot acquireWithCare(long threadId, @Nullable Slot found, int maxWaiters)
      throws SQLException {
    long begun = time.nanoTime();
    long deadline = begun + config.acquireTimeout().toNanos();
    for (Slot slot = found; ; slot = null) {
      if (slot == null) {
        slot = engine.tryAcquire(threadId);
      }
      if (slot == null) {
        slot = await(threadId, begun, deadline, maxWaiters);
      }
      long lease = slot.lease;
      boolean ready;
      try {
        // Asked again afterwards: whoever takes his time with a look loses the connection.
        ready = slot.word() == lease && fit(slot, lease) && slot.word() == lease;
        if (!ready) {
          engine.release(slot, lease); // closes one that was doomed; else it is over already
        }
      } catch (Throwable e) {
        if (slot.entry instanceof Session session) {
          session.stranded = lease;
        }
        throw e;
      }
      if (ready) {
        measureAcquired(slot, lease, begun);
        return slot;
      }
    }
  }

  /**
   * Whether the connection can be lent. One that has rested is looked at: that costs a microsecond
   * and sends nothing; only where it can't tell is the server asked. A dead one is closed, and
   * nobody need know. Whatever the driver throws, or if it never answers, the lease ends.
   */
  private boolean fit(Slot slot, long lease) {
    Session session = session(slot);
    boolean rested = slot.hadRested(lease);
    if (!rested && !session.hasRequests()) {
      return true;
    }
    Throwable failure = null;
    boolean alive = false;
    resets.started(slot, lease, CloseReason.FOUND_DEAD);
    try {
      alive = !rested || answers(session.physical());
      if (alive) {
        session.beginRequest();
      }
    } catch (Throwable e) {
      failure = e;
    } finally {
      resets.ended(slot);
    }
    if (alive && failure == null) {
      return true;
    }
    engine.retire(slot, lease, CloseReason.FOUND_DEAD);
    log.info(
        "Pool {}: connection {} was found dead when it was to be lent; it is replaced",
        config.name(),
        session.number());
    if (failure instanceof SQLException) {
      Verdict verdict = classifier.apply(failure);
      log.debug("Pool {}: {} doesn't answer ({})", config.name(), session, verdict, failure);
      reports.failed(session, verdict, String.valueOf(failure.getMessage()));
    } else {
      log.debug("Pool {}: {} doesn't answer", config.name(), session, failure);
      reports.suspect();
    }
    return false;
  }

  private boolean answers(PhysicalConnection physical) throws SQLException {
    Look look = physical.look();
    // A look doesn't show a server that hangs. While the pool slept nobody has asked, and the
    // server is woken now in any case: so it is asked first, within validation-timeout.
    if (look != Look.DEAD && (look != Look.ALIVE || sleep.asleep())) {
      physical.validate(config.validationTimeout().toNanos());
    }
    return look != Look.DEAD;
  }

  // ---- waiting

  /** A parked thread in line. */
  private static final class Parked extends Waiter {
    private final Thread thread = Thread.currentThread();

    Parked(long since) {
      super(since);
    }

    @Override
    protected void wake() {
      LockSupport.unpark(thread);
    }
  }

  private Slot await(long threadId, long begun, long deadline, int maxWaiters) throws SQLException {
    refuseIfHopeless();
    Parked waiter = new Parked(time.nanoTime());
    boolean interrupted = false;
    boolean stands = true;
    try {
      WaitResult result = engine.begin(waiter, threadId, maxWaiters);
      while (true) {
        switch (result) {
          case SERVED -> {
            return engine.take(waiter, threadId, time.nanoTime());
          }
          case CLOSED -> {
            stands = false;
            refuseIfHopeless();
            throw timedOut(begun, "the pool has just learnt that nothing will come");
          }
          case REFUSED -> {
            stands = false;
            throw rejected();
          }
          case WAIT, RELOOK -> {
            long left = deadline - time.nanoTime();
            interrupted |= Thread.interrupted();
            if (left <= 0 || interrupted) {
              if (engine.leave(waiter)) {
                stands = false;
                throw interrupted ? interrupted() : timedOut(begun, null);
              }
              result = engine.step(waiter, threadId); // a connection came first: it must be taken
            } else if (result == WaitResult.WAIT) {
              LockSupport.parkNanos(waiter, left);
              result = engine.step(waiter, threadId);
            } else {
              LockSupport.parkNanos(waiter, Math.min(left, Engine.relookNanos()));
              result = engine.relook(waiter, threadId);
            }
          }
        }
      }
    } catch (StackOverflowError | OutOfMemoryError e) {
      if (stands) {
        leaveForGood(waiter, threadId);
      }
      throw e;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** With what stack and memory there is: nobody hands a connection to one who doesn't wait. */
  private void leaveForGood(Parked waiter, long threadId) {
    if (!engine.leave(waiter) && engine.step(waiter, threadId) == WaitResult.SERVED) {
      Slot slot = engine.take(waiter, threadId, time.nanoTime());
      engine.release(slot, slot.lease);
    }
  }

  private void refuseIfHopeless() throws SQLException {
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
              + connector.target()
              + " refuses new ones: "
              + refusal.getMessage(),
          refusal.getSQLState(),
          refusal);
    }
  }

  private SQLException timedOut(long begun, @Nullable String instead) {
    long waited = time.nanoTime() - begun;
    events.emit(new AcquireTimedOut(config.name(), waited));
    PoolSnapshot now = snapshot.get();
    return new AcquireTimeoutException(
        "No connection within "
            + waited / 1_000_000
            + " ms"
            + (instead == null ? " (acquire-timeout)" : ": " + instead)
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

  private SQLException rejected() {
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

  private SQLException interrupted() {
    return new SQLTransientConnectionException(
        "Interrupted while waiting for a connection of pool " + config.name(), "08001");
  }

  // ---- coming back

  @Override
  public void release(Session session, long lease) {
    if (recorder == null) {
      engine.release(session.slot(), lease);
      return;
    }
    long held = held(session.slot(), lease);
    measureReleased(engine.release(session.slot(), lease), held);
  }

  @Override
  public void retire(Session session, long lease, CloseReason reason) {
    long held = held(session.slot(), lease);
    measureReleased(engine.retire(session.slot(), lease, reason), held);
  }

  @Override
  public void cut(Session session, long lease, CloseReason reason) {
    long held = held(session.slot(), lease);
    measureReleased(engine.cut(session.slot(), lease, reason), held);
  }

  @Override
  public void doom(Session session, long lease, Verdict verdict, SQLException failure) {
    if (!engine.doom(session.slot(), lease, CloseReason.FAILED)) {
      return;
    }
    String message = String.valueOf(failure.getMessage());
    if (session.isEvidence(verdict, failure)) {
      reports.failed(session, verdict, message);
    } else {
      reports.suspect();
    }
    log.warn(
        "Pool {}: connection {} failed in use ({}): {}",
        config.name(),
        session.number(),
        verdict,
        message);
    events.emit(new ConnectionFailed(config.name(), session.number(), verdict, message));
  }

  // ---- measuring: what a recorder throws is its own affair

  private void measureAcquired(Slot slot, long lease, long begun) {
    if (recorder != null) {
      try {
        long now = time.nanoTime();
        engine.time(slot, lease, now);
        recorder.acquired(now - begun);
      } catch (Throwable e) {
        Survivor.tell(config.name(), "the lease recorder", e);
      }
    }
  }

  /** For how long a timed lease has been held; below 0 for one that wasn't timed, or is over. */
  private long held(Slot slot, long lease) {
    return recorder == null || slot.timedLease != lease ? -1 : time.nanoTime() - slot.heldSince;
  }

  /** A second release isn't a second use. */
  private void measureReleased(boolean ended, long held) {
    if (recorder != null && ended && held >= 0) {
      try {
        recorder.released(held);
      } catch (Throwable e) {
        Survivor.tell(config.name(), "the lease recorder", e);
      }
    }
  }

  // ---- what else faces ask

  @Override
  public Verdict classify(Throwable failure) {
    return classifier.apply(failure);
  }

  @Override
  public long resetStarted(Session session, long lease) {
    long claimed = engine.claim(session.slot(), lease);
    if (claimed != 0) {
      resets.started(session.slot(), claimed, CloseReason.FAILED);
    }
    return claimed;
  }

  @Override
  public void resetEnded(Session session) {
    resets.ended(session.slot());
  }

  @Override
  public PoolConfig config() {
    return config;
  }

  @Override
  public Connector connector() {
    return connector;
  }

  @Override
  public SqlTexts texts() {
    return texts;
  }

  @Override
  public void emit(PoolEvent event) {
    events.emit(event);
  }

  private static Session session(Slot slot) {
    Session session = (Session) slot.entry;
    if (session == null) {
      throw new IllegalStateException("leased without a connection: " + slot);
    }
    return session;
  }
}
