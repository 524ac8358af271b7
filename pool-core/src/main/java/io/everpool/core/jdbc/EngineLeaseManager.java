package io.everpool.core.jdbc;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.advice.LeaseTrace;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.StartUp;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.LeaseNotes;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Hands out leases and takes them back; everything that two threads could dispute is settled by the
 * engine. A lease comes out of the engine by a side field: {@link Slot#lease} of the slot that was
 * acquired, which spares the hot path an object. It is the acquirer's to read as long as he holds
 * the lease, so it is read at once and carried along.
 */
public final class EngineLeaseManager extends LeaseEnds {
  private static final Logger log = PoolEvents.log();

  private static final int INTERCEPTED_ATTEMPTS = 3;

  /** Whoever waits for longer is told of; nanoseconds. */
  private static final long LONGEST_UNTOLD = 5_000_000_000L;

  private final long acquireTimeout;
  private final AcquireCheck check;
  private final Parking parking;

  /** Null where nobody looks for leaks. */
  private final @Nullable LeaseNotes notes;

  /** Null for none. */
  private final @Nullable List<LeaseInterceptor> interceptors;

  /**
   * Whether nobody measures, notes or intercepts leases: that costs a look at this, and no more.
   */
  private final boolean unattended;

  public EngineLeaseManager(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      SharedState shared,
      TimeSource time,
      PoolEvents events,
      SnapshotSource snapshots,
      @Nullable LeaseRecorder recorder,
      @Nullable LeaseTrace trace,
      List<LeaseInterceptor> interceptors) {
    super(config, connector, classifier, shared, time, events, recorder, trace);
    this.acquireTimeout = config.acquireTimeout().toNanos();
    this.check = new AcquireCheck(config, classifier, shared, time);
    NestedAcquires nested = new NestedAcquires(shared, time, events, snapshots);
    this.parking =
        new Parking(
            engine,
            time,
            new AcquireFailures(config, connector, shared, time, events, nested, snapshots),
            nested,
            Math.min(acquireTimeout / 2, LONGEST_UNTOLD));
    this.notes = shared.leaseNotes();
    this.interceptors = interceptors.isEmpty() ? null : List.copyOf(interceptors);
    this.unattended = times == null && notes == null && interceptors.isEmpty();
  }

  /**
   * Lends a connection, waiting for one if it must; as {@code Pool.getConnection()}.
   *
   * <p>From the move that takes a slot on there is a lease, and whoever can't go on, for want of
   * memory or stack, has nothing left to end it with but the write of a field: {@link
   * Session#stranded}, which upkeep looks at.
   */
  public PooledConnection acquire() throws SQLException {
    return acquire(acquireTimeout, WaitKind.CALLER);
  }

  /**
   * As {@link #acquire()}, with a limit of the caller's.
   *
   * @param timeoutNanos how long to wait; 0 or less for not at all
   */
  public PooledConnection acquire(long timeoutNanos) throws SQLException {
    return acquire(timeoutNanos, kind(timeoutNanos));
  }

  private WaitKind kind(long timeoutNanos) {
    return timeoutNanos == acquireTimeout ? WaitKind.CALLER : WaitKind.LIMITED;
  }

  private PooledConnection acquire(long timeoutNanos, WaitKind wait) throws SQLException {
    return acquire(timeoutNanos, wait, 0);
  }

  /**
   * As {@link #acquire(long)}.
   *
   * @param wait whose wait it is
   * @param passed for how long he has waited elsewhere before; nanoseconds
   */
  public PooledConnection acquire(long timeoutNanos, WaitKind wait, long passed)
      throws SQLException {
    return unattended
        ? lendUnattended(timeoutNanos, wait, passed)
        : lendAttended(timeoutNanos, wait, passed);
  }

  private PooledConnection lendUnattended(long timeoutNanos, WaitKind wait, long passed)
      throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot slot = engine.tryAcquire(threadId);
    long lease = slot == null ? 0 : slot.lease; // written by tryAcquire, for this thread alone
    try {
      if (slot != null && !slot.hadRested(lease)) {
        Session session = session(slot);
        if (!session.wantsCare()) {
          return new PooledConnection(session, lease);
        }
      }
      slot = acquireWithCare(threadId, slot, timeoutNanos, wait, passed, false);
      lease = slot.lease;
      return new PooledConnection(session(slot), lease);
    } catch (Throwable e) {
      if (slot != null && slot.entry instanceof Session session) {
        session.stranded = lease; // says nothing if that lease is over
      }
      throw e;
    }
  }

  private PooledConnection lendAttended(long timeoutNanos, WaitKind wait, long passed)
      throws SQLException {
    long begun = interceptors == null ? 0 : time.nanoTime();
    long spent = 0;
    for (int attempt = 1; ; attempt++) {
      PooledConnection face = lend(timeoutNanos - spent, attempt, wait, passed + spent);
      if (face != null) {
        return face;
      }
      spent = time.nanoTime() - begun;
    }
  }

  /** Null if it was lost in an interceptor. */
  private @Nullable PooledConnection lend(
      long timeoutNanos, int attempt, WaitKind wait, long passed) throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot slot = engine.tryAcquire(threadId);
    long lease = slot == null ? 0 : slot.lease; // written by tryAcquire, for this thread alone
    try {
      if (slot == null || times != null || slot.hadRested(lease) || session(slot).wantsCare()) {
        slot = acquireWithCare(threadId, slot, timeoutNanos, wait, passed, false);
        lease = slot.lease;
      }
      return interceptors == null
          ? face(slot)
          : intercepted(
              slot, new InterceptedConnection(session(slot), lease, interceptors), attempt);
    } catch (Throwable e) {
      if (slot != null && slot.entry instanceof Session session) {
        session.stranded = lease; // says nothing if that lease is over
      }
      throw e;
    }
  }

  /**
   * What an interceptor sends may find the connection lost; the borrower need not know, and null is
   * returned. But where that goes on it may be the interceptor's own failure.
   */
  private @Nullable PooledConnection intercepted(Slot slot, InterceptedConnection face, int attempt)
      throws SQLException {
    if (notes != null) {
      notes.begun(slot, slot.lease, face);
    }
    try {
      face.acquired();
      return face;
    } catch (SQLException e) {
      if (attempt >= INTERCEPTED_ATTEMPTS || !isLoss(e)) {
        throw e;
      }
      log.debug("Pool {}: a connection was lost in an interceptor", config.name(), e);
      return null;
    }
  }

  private boolean isLoss(SQLException failure) {
    return classifier.apply(failure).fatal();
  }

  /**
   * Lends a connection to the pool itself, for what it has to ask: however few may wait in line,
   * and no interceptor, recorder or listener for waits hears of it.
   */
  public PooledConnection acquireOwn() throws SQLException {
    return acquireOwn(WaitKind.CALLER);
  }

  /** As {@link #acquireOwn()}, for the opening of the pool. */
  public PooledConnection acquireFirst() throws SQLException {
    return acquireTimeout > StartUp.LONGEST
        ? acquireOwn(StartUp.LONGEST, WaitKind.OPENING)
        : acquireOwn();
  }

  /**
   * As {@link #acquireOwn()}.
   *
   * @param wait whose wait it is
   */
  public PooledConnection acquireOwn(WaitKind wait) throws SQLException {
    return acquireOwn(acquireTimeout, wait);
  }

  private PooledConnection acquireOwn(long timeoutNanos, WaitKind wait) throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    return face(acquireWithCare(threadId, null, timeoutNanos, wait, 0, true));
  }

  /** Whether a connection lies idle just now, which somebody else may take at once. */
  public boolean hasIdle() {
    return engine.anyIdle();
  }

  private PooledConnection face(Slot slot) {
    long lease = slot.lease;
    try {
      PooledConnection face = new PooledConnection(session(slot), lease);
      if (notes != null) {
        notes.begun(slot, lease, face);
      }
      return face;
    } catch (Throwable e) {
      if (slot.entry instanceof Session session) {
        session.stranded = lease;
      }
      throw e;
    }
  }

  /**
   * As {@link #acquire(long)} for a face that is there already. What an interceptor finds lost is
   * replaced, as it is for whoever acquires; where that goes on the face stays between two
   * sessions, and may be renewed later.
   */
  @Override
  public void renew(PooledConnection face, long timeoutNanos) throws SQLException {
    renew(face, timeoutNanos, kind(timeoutNanos), 0);
  }

  /**
   * As {@link #renew(PooledConnection, long)}.
   *
   * @param wait whose wait it is
   * @param passed for how long he has waited elsewhere before; nanoseconds
   */
  public void renew(PooledConnection face, long timeoutNanos, WaitKind wait, long passed)
      throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    long begun = time.nanoTime();
    long spent = 0;
    for (int attempt = 1; ; attempt++) {
      if (face.isOver()) {
        throw LeasedConnection.closed();
      }
      Slot slot =
          acquireWithCare(threadId, null, timeoutNanos - spent, wait, passed + spent, false);
      long lease = slot.lease;
      try {
        bind(face, slot, lease);
        SQLException lost =
            face instanceof InterceptedConnection intercepted
                ? intercepted.renewed(this::isLoss)
                : null;
        if (lost == null) {
          return;
        }
        if (attempt >= INTERCEPTED_ATTEMPTS) {
          throw lost;
        }
      } catch (Throwable e) {
        if (slot.entry instanceof Session session) {
          session.stranded = lease; // says nothing if that lease is over
        }
        throw e;
      }
      spent = time.nanoTime() - begun;
    }
  }

  private void bind(PooledConnection face, Slot slot, long lease) throws SQLException {
    Session session = session(slot);
    boolean taken = false;
    try {
      face.rebind(session, lease);
      if (notes != null) {
        notes.begun(slot, lease, face);
      }
      taken = true;
    } finally {
      if (!taken && face.session() == session) {
        face.letGo(); // else its holder would go on with what is another's by then
      } else if (!taken) {
        engine.release(slot, lease);
      }
    }
  }

  /**
   * With everything that costs a look at the clock or at the connection.
   *
   * @param passed what he is told, and what is told of him, counts from so long ago on
   * @param own whether it is the pool's own lease, which nobody measures
   */
  private Slot acquireWithCare(
      long threadId,
      @Nullable Slot found,
      long timeoutNanos,
      WaitKind wait,
      long passed,
      boolean own)
      throws SQLException {
    long begun = time.nanoTime();
    int line = own ? Integer.MAX_VALUE : config.maxWaiters();
    boolean waited = false;
    for (Slot slot = found; ; slot = null) {
      if (slot == null) {
        slot = engine.tryAcquire(threadId);
      }
      if (slot == null) {
        slot = parking.await(threadId, begun - passed, timeoutNanos + passed, line, wait);
        waited = true;
      }
      long lease = slot.lease; // by the side field again: nobody else writes it now
      boolean ready;
      try {
        boolean slept = slot.hadSlept(lease);
        boolean looks = slot.hadRested(lease) || slept;
        long left = looks ? timeoutNanos - (time.nanoTime() - begun) : timeoutNanos;
        if (left > 0 && line > 0 && check.isLeftToExamination(slot, lease, session(slot), left)) {
          line = Integer.MAX_VALUE; // he had one, and is not turned away for it
          // Of sleepers it isn't one that is wanted: the pool wakes.
          if (!slept && !parking.whileExamined(slot, Slot.after(Move.EXAMINE, lease), left)) {
            throw parking.timedOut(begun - passed, wait);
          }
          continue;
        }
        // Asked again afterwards: whoever takes his time with a look loses the connection.
        ready =
            slot.word() == lease
                && check.passes(slot, lease, session(slot), waited, left)
                && slot.word() == lease;
        if (!ready) {
          engine.release(slot, lease); // closes one that was doomed; else it is over already
        } else {
          if (waited && !own && events.hearsWaits()) {
            events.waited(time.nanoTime() - begun + passed);
          }
          if (own) {
            LeaseTimes.leaveOut(slot);
          } else if (times != null) {
            times.acquired(slot, lease, begun, passed);
          }
        }
      } catch (Throwable e) {
        if (slot.entry instanceof Session session) {
          session.stranded = lease;
        }
        throw e;
      }
      if (ready) {
        return slot;
      }
      if (time.nanoTime() - begun >= Math.max(timeoutNanos, AcquireCheck.LEAST)) {
        throw parking.timedOut(begun - passed, wait); // asking has taken all his time
      }
    }
  }

  private static Session session(Slot slot) {
    Session session = (Session) slot.entry;
    if (session == null) {
      throw new IllegalStateException("leased without a connection: " + slot);
    }
    return session;
  }
}
