package io.everpool.core.jdbc;

import static java.util.Objects.requireNonNull;

import io.everpool.api.LeaseInterceptor;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.core.advice.LeaseTrace;
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
 * acquired, which spares the hot path an object. Only the acquirer may read it, and only while he
 * holds the lease; so he reads it at once and carries it along.
 */
public final class EngineLeaseManager extends LeaseEnds {
  private static final Logger log = PoolEvents.log();

  private static final int INTERCEPTED_ATTEMPTS = 3;

  /** A wait that is longer than this is logged in any case; nanoseconds. */
  private static final long LONGEST_UNTOLD = 5_000_000_000L;

  private final long acquireTimeout;
  private final AcquireSlowPath slowPath;

  /** Null if nobody looks for leaks. */
  private final @Nullable LeaseNotes notes;

  /** Null if there are none. */
  private final @Nullable List<LeaseInterceptor> interceptors;

  /**
   * Whether nobody measures, notes or intercepts leases: then each acquire costs a look at this
   * field and no more.
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
    NestedAcquires nested = new NestedAcquires(shared, time, events, snapshots);
    this.slowPath =
        new AcquireSlowPath(
            new AcquireCheck(config, classifier, shared, time),
            new Parking(
                engine,
                time,
                new AcquireFailures(config, connector, shared, time, events, nested, snapshots),
                nested,
                Math.min(acquireTimeout / 2, LONGEST_UNTOLD)),
            config.maxWaiters(),
            engine,
            time,
            events,
            times);
    this.notes = shared.leaseNotes();
    this.interceptors = interceptors.isEmpty() ? null : List.copyOf(interceptors);
    this.unattended = times == null && notes == null && interceptors.isEmpty();
  }

  /**
   * Lends a connection, waiting for one if it must; as {@code Pool.getConnection()}.
   *
   * <p>Once the move is done that takes a slot, there is a lease. A thread that can't go on then,
   * for want of memory or stack, can end it only by writing a field: {@link Session#stranded},
   * which upkeep looks at.
   */
  public PooledConnection acquire() throws SQLException {
    return acquire(acquireTimeout, WaitKind.CALLER);
  }

  /**
   * As {@link #acquire()}, with a limit of the caller's.
   *
   * @param timeoutNanos how long to wait; 0 or less for no wait
   */
  public PooledConnection acquire(long timeoutNanos) throws SQLException {
    return acquire(timeoutNanos, kind(timeoutNanos));
  }

  private WaitKind kind(long timeoutNanos) {
    return timeoutNanos == acquireTimeout ? WaitKind.CALLER : WaitKind.LIMITED;
  }

  private PooledConnection acquire(long timeoutNanos, WaitKind wait) throws SQLException {
    return unattended ? lendUnattended(timeoutNanos, wait) : lendAttended(timeoutNanos, wait, null);
  }

  /**
   * As {@link #acquire(long)}, for code that may give the connection back and ask for another: it
   * calls {@link #got} for the one that its caller keeps.
   *
   * @param wait whose wait it is
   */
  public PooledConnection acquire(long timeoutNanos, WaitKind wait, Asking asking)
      throws SQLException {
    asking.turned = time.nanoTime();
    return lendAttended(timeoutNanos, wait, asking);
  }

  private PooledConnection lendUnattended(long timeoutNanos, WaitKind wait) throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot slot = engine.tryAcquire(threadId);
    long lease = slot == null ? 0 : slot.lease; // tryAcquire wrote it for this thread alone
    try {
      if (slot != null && !slot.hadRested(lease)) {
        Session session = session(slot);
        if (!session.wantsCare()) {
          return new PooledConnection(session, lease);
        }
      }
      slot = slowPath.acquire(threadId, slot, timeoutNanos, wait, null, false);
      lease = slot.lease;
      return new PooledConnection(session(slot), lease);
    } catch (Throwable e) {
      if (slot != null && slot.entry instanceof Session session) {
        session.stranded = lease; // this has no effect if that lease is over
      }
      throw e;
    }
  }

  /**
   * @param outer null if whoever calls this keeps what he gets
   */
  private PooledConnection lendAttended(long timeoutNanos, WaitKind wait, @Nullable Asking outer)
      throws SQLException {
    if (interceptors == null) {
      return requireNonNull(lend(timeoutNanos, 1, wait, outer, false));
    }
    long begun = time.nanoTime();
    Asking asking = outer == null ? new Asking(begun) : outer;
    long spent = 0;
    for (int attempt = 1; ; attempt++) {
      PooledConnection face = lend(timeoutNanos - spent, attempt, wait, asking, outer == null);
      if (face != null) {
        return face;
      }
      spent = time.nanoTime() - begun;
    }
  }

  /**
   * Lends a connection; null if it was lost in an interceptor.
   *
   * @param keeps whether the caller keeps what this returns, though there is an {@code asking}
   */
  private @Nullable PooledConnection lend(
      long timeoutNanos, int attempt, WaitKind wait, @Nullable Asking asking, boolean keeps)
      throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    Slot slot = engine.tryAcquire(threadId);
    long lease = slot == null ? 0 : slot.lease; // tryAcquire wrote it for this thread alone
    try {
      if (slot == null
          || asking != null
          || times != null
          || slot.hadRested(lease)
          || session(slot).wantsCare()) {
        slot = slowPath.acquire(threadId, slot, timeoutNanos, wait, asking, false);
        lease = slot.lease;
      }
      PooledConnection face =
          interceptors == null
              ? face(slot)
              : intercepted(
                  slot, new InterceptedConnection(session(slot), lease, interceptors), attempt);
      if (keeps && face != null && asking != null) {
        slowPath.got(slot, lease, asking);
      }
      return face;
    } catch (Throwable e) {
      if (slot != null && slot.entry instanceof Session session) {
        session.stranded = lease; // this has no effect if that lease is over
      }
      throw e;
    }
  }

  /**
   * The caller keeps what he was given last by {@link #acquire(long, WaitKind, Asking)} or {@link
   * #renew(PooledConnection, long, WaitKind, Asking)}: his wait is over, and his use has begun.
   * Does nothing if {@code face} has lost that lease by now.
   */
  public void got(PooledConnection face, Asking asking) {
    Session session = face.session();
    if (session != null) {
      slowPath.got(session.slot(), face.leaseOf(session), asking);
    }
  }

  /**
   * Has the interceptors set up a new face. What they send may show that the connection is lost:
   * then this returns null, and the borrower isn't told. But if that happens again and again the
   * failure is thrown, for it may be the interceptor's own.
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
   * Lends a connection to the pool itself, for what it has to ask. The pool may stand in line
   * whatever {@code max-waiters} says, and no interceptor, recorder or listener for waits hears of
   * it.
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
    return face(slowPath.acquire(threadId, null, timeoutNanos, wait, null, true));
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
   * replaced, as it is for whoever acquires; if that happens again and again, the face stays
   * between two sessions and may be renewed later.
   */
  @Override
  public void renew(PooledConnection face, long timeoutNanos) throws SQLException {
    renew(face, timeoutNanos, kind(timeoutNanos), new Asking(time.nanoTime()), true);
  }

  /**
   * As {@link #renew(PooledConnection, long)}, for code that may ask for another connection
   * afterwards: it calls {@link #got} for the one that the face keeps.
   *
   * @param wait whose wait it is
   */
  public void renew(PooledConnection face, long timeoutNanos, WaitKind wait, Asking asking)
      throws SQLException {
    asking.turned = time.nanoTime();
    renew(face, timeoutNanos, wait, asking, false);
  }

  private void renew(
      PooledConnection face, long timeoutNanos, WaitKind wait, Asking asking, boolean keeps)
      throws SQLException {
    long threadId = HolderThreads.id(Thread.currentThread());
    long spent = 0;
    for (int attempt = 1; ; attempt++) {
      if (face.isOver()) {
        throw LeasedConnection.closed();
      }
      Slot slot = slowPath.acquire(threadId, null, timeoutNanos - spent, wait, asking, false);
      long lease = slot.lease;
      try {
        bind(face, slot, lease);
        SQLException lost =
            face instanceof InterceptedConnection intercepted
                ? intercepted.renewed(this::isLoss)
                : null;
        if (lost == null) {
          if (keeps) {
            slowPath.got(slot, lease, asking);
          }
          return;
        }
        if (attempt >= INTERCEPTED_ATTEMPTS) {
          throw lost;
        }
      } catch (Throwable e) {
        if (slot.entry instanceof Session session) {
          session.stranded = lease; // this has no effect if that lease is over
        }
        throw e;
      }
      spent = time.nanoTime() - asking.turned;
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
        face.letGo(); // otherwise its holder would go on with what is another's by then
      } else if (!taken) {
        engine.release(slot, lease);
      }
    }
  }

  private static Session session(Slot slot) {
    return AcquireSlowPath.session(slot);
  }
}
