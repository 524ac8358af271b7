package io.everpool.core.jdbc;

import io.everpool.api.CloseReason;
import io.everpool.api.LeaseInterceptor;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.driver.Connector;
import io.everpool.api.driver.Verdict;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolEvent.ConnectionFailed;
import io.everpool.core.advice.LeaseTrace;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.FailureReports;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.PrimarySearch;
import io.everpool.core.upkeep.Reachability;
import io.everpool.core.upkeep.Resets;
import io.everpool.core.upkeep.SharedState;
import io.everpool.core.upkeep.UnitDeadlines;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Hands out leases and takes them back; everything that two threads could dispute is settled by the
 * engine. A lease comes out of the engine by a side field: {@link Slot#lease} of the slot that was
 * acquired, which spares the hot path an object. It is the acquirer's to read as long as he holds
 * the lease, so it is read at once and carried along.
 */
public final class EngineLeaseManager implements LeaseManager {
  private static final Logger log = PoolEvents.log();

  private static final int INTERCEPTED_ATTEMPTS = 3;

  private final PoolConfig config;
  private final Connector connector;
  private final Function<Throwable, Verdict> classifier;
  private final Engine engine;
  private final Resets resets;
  private final UnitDeadlines unitDeadlines;
  private final long acquireTimeout;
  private final FailureReports reports;
  private final PrimarySearch search;
  private final Reachability server;
  private final TimeSource time;
  private final PoolEvents events;
  private final AcquireCheck check;
  private final Parking parking;
  private final @Nullable LeaseTimes times;

  /** Null for none, so that they cost a look at this. */
  private final @Nullable List<LeaseInterceptor> interceptors;

  private final SqlTexts texts;

  public EngineLeaseManager(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      Supplier<PoolSnapshot> snapshot,
      @Nullable LeaseRecorder recorder,
      @Nullable LeaseTrace trace,
      List<LeaseInterceptor> interceptors) {
    this.config = config;
    this.connector = connector;
    this.classifier = classifier;
    this.engine = shared.engine();
    this.resets = shared.resets();
    this.unitDeadlines = shared.unitDeadlines();
    this.acquireTimeout = config.acquireTimeout().toNanos();
    this.reports = shared.reports();
    this.search = shared.search();
    this.server = shared.server();
    this.time = time;
    this.events = events;
    this.check = new AcquireCheck(config, classifier, shared);
    this.parking =
        new Parking(
            engine, time, new AcquireFailures(config, connector, shared, time, events, snapshot));
    this.times = LeaseTimes.of(config.name(), engine, time, recorder, trace);
    this.texts = new SqlTexts(connector);
    this.interceptors = interceptors.isEmpty() ? null : List.copyOf(interceptors);
  }

  /**
   * Lends a connection, waiting for one if it must; as {@code Pool.getConnection()}.
   *
   * <p>From the move that takes a slot on there is a lease, and whoever can't go on, for want of
   * memory or stack, has nothing left to end it with but the write of a field: {@link
   * Session#stranded}, which upkeep looks at.
   */
  public PooledConnection acquire() throws SQLException {
    return acquire(acquireTimeout);
  }

  /**
   * As {@link #acquire()}, with a limit of the caller's.
   *
   * @param timeoutNanos how long to wait; 0 or less for not at all
   */
  public PooledConnection acquire(long timeoutNanos) throws SQLException {
    return interceptors == null ? lend(timeoutNanos) : lendIntercepted(timeoutNanos, interceptors);
  }

  private PooledConnection lend(long timeoutNanos) throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot found = engine.tryAcquire(threadId);
    long lease = found == null ? 0 : found.lease; // written by tryAcquire, for this thread alone
    try {
      if (found == null
          || times != null
          || found.hadRested(lease)
          || session(found).hasRequests()) {
        return face(acquireWithCare(threadId, found, config.maxWaiters(), timeoutNanos));
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
   * What an interceptor sends may find the connection lost; the borrower need not know. But where
   * that goes on it may be the interceptor's own failure.
   */
  private PooledConnection lendIntercepted(long timeoutNanos, List<LeaseInterceptor> all)
      throws SQLException {
    for (int attempt = 1; ; attempt++) {
      PooledConnection plain = lend(timeoutNanos);
      long lease = plain.leaseOf(plain.session());
      Session session = plain.current();
      InterceptedConnection face;
      try {
        face = new InterceptedConnection(session, lease, all);
      } catch (Throwable e) {
        session.stranded = lease;
        throw e;
      }
      try {
        face.acquired();
        return face;
      } catch (SQLException e) {
        if (attempt >= INTERCEPTED_ATTEMPTS || !classifier.apply(e).fatal()) {
          throw e;
        }
        log.debug("Pool {}: {} was lost in an interceptor", config.name(), session, e);
      }
    }
  }

  /**
   * Lends a connection to the pool itself, for what it has to ask: however few may wait in line,
   * and no interceptor hears of it.
   */
  public PooledConnection acquireOwn() throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    return face(acquireWithCare(threadId, null, Integer.MAX_VALUE, acquireTimeout));
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
  public void renew(PooledConnection face, long timeoutNanos) throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot slot = acquireWithCare(threadId, null, config.maxWaiters(), timeoutNanos);
    boolean taken = false;
    try {
      face.rebind(session(slot), slot.lease);
      taken = true;
    } finally {
      if (!taken) {
        engine.release(slot, slot.lease);
      }
    }
    if (face instanceof InterceptedConnection intercepted) {
      intercepted.acquired();
    }
  }

  /** With everything that costs a look at the clock or at the connection. */
  private Slot acquireWithCare(
      long threadId, @Nullable Slot found, int maxWaiters, long timeoutNanos) throws SQLException {
    long begun = time.nanoTime();
    int line = maxWaiters;
    boolean waited = false;
    for (Slot slot = found; ; slot = null) {
      if (slot == null) {
        slot = engine.tryAcquire(threadId);
      }
      if (slot == null) {
        slot = parking.await(threadId, begun, timeoutNanos, line);
        waited = true;
      }
      long lease = slot.lease; // by the side field again: nobody else writes it now
      boolean ready;
      try {
        if (timeoutNanos > 0 && line > 0 && check.isLeftToExamination(slot, lease)) {
          line = Integer.MAX_VALUE; // he had one, and is not turned away for it
          continue;
        }
        // Asked again afterwards: whoever takes his time with a look loses the connection.
        ready =
            slot.word() == lease
                && check.passes(slot, lease, session(slot))
                && slot.word() == lease;
        if (!ready) {
          engine.release(slot, lease); // closes one that was doomed; else it is over already
        } else if (waited && events.hearsWaits()) {
          events.waited(time.nanoTime() - begun);
        }
      } catch (Throwable e) {
        if (slot.entry instanceof Session session) {
          session.stranded = lease;
        }
        throw e;
      }
      if (ready) {
        if (times != null) {
          times.acquired(slot, lease, begun);
        }
        return slot;
      }
    }
  }

  // ---- coming back

  @Override
  public void release(Session session, long lease) {
    if (times == null) {
      engine.release(session.slot(), lease);
    } else {
      timed(times, session.slot(), lease, slot -> engine.release(slot, lease));
    }
  }

  @Override
  public void retire(Session session, long lease, CloseReason reason) {
    end(session, lease, slot -> engine.retire(slot, lease, reason));
  }

  @Override
  public void cut(Session session, long lease, CloseReason reason) {
    end(session, lease, slot -> engine.cut(slot, lease, reason));
  }

  private void end(Session session, long lease, Ending ending) {
    if (times == null) {
      ending.end(session.slot());
    } else {
      timed(times, session.slot(), lease, ending);
    }
  }

  /** Ends the lease that a slot is in; tells whether it was this that ended it. */
  @FunctionalInterface
  private interface Ending {
    boolean end(Slot slot);
  }

  /** What the slot says of the lease is read before its end: afterwards it is another's. */
  private static void timed(LeaseTimes measured, Slot slot, long lease, Ending ending) {
    long asked = slot.askedAt;
    long since = slot.heldSince;
    long now = measured.ending(slot, lease);
    measured.released(ending.end(slot), asked, since, now);
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

  @Override
  public boolean canReplace() {
    return !server.isFailing();
  }

  /** It is too old from now on: upkeep opens another before it lets that one go. */
  @Override
  public void retireWhenReplaceable(Session session) {
    Slot slot = session.slot();
    long now = time.nanoTime();
    if (now - slot.expiresAt < 0) {
      slot.expiresAt = now;
      slot.expiryReason = CloseReason.MAX_QUERIES;
    }
  }

  @Override
  public PrimarySearch.Refusal writeRefused(Session session) {
    return search.refused(session.slot());
  }

  @Override
  public boolean awaitPrimary(long nanos) throws InterruptedException {
    return search.await(nanos);
  }

  @Override
  public Runnable watch(long at, LongSupplier overrun) {
    return unitDeadlines.watch(at, overrun);
  }

  @Override
  public void cancel(Session session, long lease) {
    unitDeadlines.cancel(session.slot(), lease);
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
