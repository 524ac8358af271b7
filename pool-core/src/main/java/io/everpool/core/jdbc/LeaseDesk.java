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
import io.everpool.core.engine.Turn;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.Journal;
import io.everpool.core.upkeep.Holders;
import io.everpool.core.upkeep.Upkeep;
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
public final class LeaseDesk implements Lessor {
  private static final Logger log = Journal.log();

  private final PoolConfig config;
  private final Connector connector;
  private final Function<Throwable, Verdict> classifier;
  private final Upkeep upkeep;
  private final Engine engine;
  private final TimeSource time;
  private final Journal journal;
  private final Supplier<PoolSnapshot> snapshot;
  private final @Nullable LeaseRecorder recorder;
  private final SqlTexts texts;

  public LeaseDesk(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Upkeep upkeep,
      TimeSource time,
      Journal journal,
      Supplier<PoolSnapshot> snapshot,
      @Nullable LeaseRecorder recorder) {
    this.config = config;
    this.connector = connector;
    this.classifier = classifier;
    this.upkeep = upkeep;
    this.engine = upkeep.engine();
    this.time = time;
    this.journal = journal;
    this.snapshot = snapshot;
    this.recorder = recorder;
    this.texts = new SqlTexts(connector);
  }

  /** Lends a connection, waiting for one if it must; as {@code Pool.getConnection()}. */
  public PooledConnection acquire() throws SQLException {
    long threadId = Holders.id(Thread.currentThread());
    Slot slot = engine.tryAcquire(threadId);
    if (slot == null || recorder != null || slot.hadRested(slot.lease)) {
      slot = acquireWithCare(threadId, slot, config.maxWaiters());
    }
    return new PooledConnection(session(slot), slot.lease);
  }

  /**
   * Lends the pool's first connection to whoever opens the pool: it waits for the connect, however
   * few may wait in line.
   */
  public PooledConnection acquireFirst() throws SQLException {
    Slot slot = acquireWithCare(Holders.id(Thread.currentThread()), null, Integer.MAX_VALUE);
    return new PooledConnection(session(slot), slot.lease);
  }

  @Override
  public void renew(PooledConnection face) throws SQLException {
    long threadId = Holders.id(Thread.currentThread());
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
      if (slot.word() != lease) {
        engine.release(slot, lease); // doomed on its way here: bury it
      } else if (!slot.hadRested(lease) || alive(slot, lease)) {
        if (recorder != null) {
          long now = time.nanoTime();
          engine.time(slot, lease, now);
          recorder.acquired(now - begun);
        }
        return slot;
      }
    }
  }

  /**
   * Whether a connection that has rested still lives. A look costs a microsecond and sends nothing;
   * only where it can't tell is the server asked. A dead one is closed, and nobody need know.
   */
  private boolean alive(Slot slot, long lease) {
    Session session = session(slot);
    PhysicalConnection physical = session.physical();
    try {
      Look look = physical.look();
      // A look doesn't show a server that hangs. While the pool slept nobody has asked, and the
      // server is woken now in any case: so it is asked first, within validation-timeout.
      if (look == Look.ALIVE && !upkeep.asleep()) {
        return true;
      }
      if (look != Look.DEAD) {
        upkeep.resets().started(session);
        try {
          physical.validate(config.validationTimeout().toNanos());
        } finally {
          upkeep.resets().ended(session);
        }
        return true;
      }
    } catch (SQLException | RuntimeException e) {
      Verdict verdict = classifier.apply(e);
      log.debug("Pool {}: {} doesn't answer ({})", config.name(), session, verdict, e);
      giveUpDead(slot, lease, session);
      upkeep.failed(session, verdict, String.valueOf(e.getMessage()));
      return false;
    }
    giveUpDead(slot, lease, session);
    upkeep.suspect();
    return false;
  }

  private void giveUpDead(Slot slot, long lease, Session session) {
    log.info(
        "Pool {}: connection {} was found dead when it was to be lent; it is replaced",
        config.name(),
        session.number());
    engine.retire(slot, lease, CloseReason.FOUND_DEAD);
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
    try {
      Turn turn = engine.begin(waiter, threadId, maxWaiters);
      while (true) {
        switch (turn) {
          case SERVED -> {
            return engine.take(waiter, threadId, time.nanoTime());
          }
          case CLOSED -> {
            refuseIfHopeless();
            throw timedOut(begun, "the pool has just learnt that nothing will come");
          }
          case REFUSED -> throw rejected();
          case WAIT, RELOOK -> {
            long left = deadline - time.nanoTime();
            interrupted |= Thread.interrupted();
            if (left <= 0 || interrupted) {
              if (engine.leave(waiter)) {
                throw interrupted ? interrupted() : timedOut(begun, null);
              }
              turn = engine.step(waiter, threadId); // a connection came first: it must be taken
            } else if (turn == Turn.WAIT) {
              LockSupport.parkNanos(waiter, left);
              turn = engine.step(waiter, threadId);
            } else {
              LockSupport.parkNanos(waiter, Math.min(left, Engine.relookNanos()));
              turn = engine.relook(waiter, threadId);
            }
          }
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void refuseIfHopeless() throws SQLException {
    if (engine.isClosed()) {
      throw new PoolClosedException(config.name());
    }
    SQLException last = upkeep.connects().lastFailure();
    if (last != null && upkeep.connects().isHopeless()) {
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
    SQLException refusal = upkeep.connects().refusal(time.nanoTime());
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
    journal.emit(new AcquireTimedOut(config.name(), waited));
    PoolSnapshot now = snapshot.get();
    return new AcquireTimeoutException(
        "No connection within "
            + waited / 1_000_000
            + " ms"
            + (instead == null ? " (acquire-timeout)" : ": " + instead)
            + ". "
            + Advice.forTimeout(now, upkeep.connects().lastVerdict())
            + "\n"
            + now.explain(),
        now,
        upkeep.connects().lastFailure());
  }

  private SQLException rejected() {
    journal.emit(new AcquireRejected(config.name()));
    PoolSnapshot now = snapshot.get();
    return new TooManyWaitersException(
        "Refused at once: "
            + config.maxWaiters()
            + " callers (max-waiters) wait for a connection already. "
            + Advice.forTimeout(now, upkeep.connects().lastVerdict())
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
    if (recorder != null) {
      record(recorder, session.slot(), lease);
    }
    engine.release(session.slot(), lease);
  }

  @Override
  public void retire(Session session, long lease, CloseReason reason) {
    if (recorder != null) {
      record(recorder, session.slot(), lease);
    }
    engine.retire(session.slot(), lease, reason);
  }

  private void record(LeaseRecorder to, Slot slot, long lease) {
    if (slot.timedLease == lease) {
      slot.timedLease = 0; // a second release isn't a second use
      to.released(time.nanoTime() - slot.heldSince);
    }
  }

  @Override
  public void doom(Session session, long lease, Verdict verdict, SQLException failure) {
    if (engine.doom(session.slot(), lease, CloseReason.FAILED)) {
      String message = String.valueOf(failure.getMessage());
      log.warn(
          "Pool {}: connection {} failed in use ({}): {}",
          config.name(),
          session.number(),
          verdict,
          message);
      journal.emit(new ConnectionFailed(config.name(), session.number(), verdict, message));
      upkeep.failed(session, verdict, message);
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
      upkeep.resets().started(session);
    }
    return claimed;
  }

  @Override
  public void resetEnded(Session session) {
    upkeep.resets().ended(session);
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
    journal.emit(event);
  }

  private static Session session(Slot slot) {
    Session session = (Session) slot.occupant;
    if (session == null) {
      throw new IllegalStateException("leased without a connection: " + slot);
    }
    return session;
  }
}
