package io.everpool.core.observe;

import io.everpool.api.CloseReason;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.api.observe.UnitListener;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what happens and passes it on to the listeners. Thread-safe.
 *
 * <p>Whoever emits an event has changed the state before. So if a listener takes long, throws or
 * never comes back, only the listeners suffer. A caller's thread tells the listeners of its own
 * events. The pool's own threads must not wait for a listener, so their events are told in order by
 * one courier, a worker that comes when there is something to tell.
 */
public final class PoolEvents {
  private static final Logger log = LoggerFactory.getLogger("io.everpool.Pool");

  private static final CloseReason[] REASONS = CloseReason.values();

  /** Where {@link #counts} has what is counted besides closed connections. */
  private static final int OPENED = REASONS.length;

  private static final int CONNECT_FAILURES = OPENED + 1;
  private static final int ACQUIRE_TIMEOUTS = OPENED + 2;
  private static final int RETRIES = OPENED + 3;

  private static final AtomicIntegerFieldUpdater<PoolEvents> OWED =
      AtomicIntegerFieldUpdater.newUpdater(PoolEvents.class, "owed");

  private final String pool;

  /** Null if nobody listens. */
  private final @Nullable Listeners listeners;

  /** Closed connections come first, by {@link #index}. */
  private final AtomicLongArray counts = new AtomicLongArray(RETRIES + 1);

  private volatile int owed;

  /** The events of a pool that is no part of another. */
  public PoolEvents(String pool, List<PoolListener> listeners) {
    this(pool, pool, listeners);
  }

  /**
   * @param whole the name of the pool that this one is a part of; units of work are told of under
   *     that name
   */
  public PoolEvents(String pool, String whole, List<PoolListener> listeners) {
    this.pool = pool;
    this.listeners = Listeners.of(pool, whole, listeners);
  }

  /** The pool's name. */
  public String pool() {
    return pool;
  }

  /** The logger of everything that concerns the pool as a whole. */
  public static Logger log() {
    return log;
  }

  /** Whether anybody wants to hear of waits. */
  public boolean hearsWaits() {
    return listeners != null && listeners.hearWaits();
  }

  /** Tells of a wait on the calling thread, which is the one that has waited. Never throws. */
  public void waited(long nanos) {
    if (listeners != null) {
      listeners.waited(nanos);
    }
  }

  /** Tells of a unit of work that begins, on its thread. Never throws. */
  public UnitWatch watchUnit(UnitListener.Kind kind, WorkOptions options) {
    return listeners == null ? UnitWatch.NONE : listeners.watchUnit(kind, options);
  }

  /** Sets the clock that limits how often the log tells of a listener that fails. */
  public void clock(LongSupplier value) {
    if (listeners != null) {
      listeners.clock(value);
    }
  }

  /** Has events of the pool's own threads told by threads of this executor. */
  public void couriers(Executor value) {
    if (listeners != null) {
      listeners.couriers(value);
    }
  }

  /** Counts the event and tells of it on the calling thread, a caller's. Never throws. */
  public void emit(PoolEvent event) {
    count(event);
    if (listeners != null) {
      listeners.tell(event);
    }
  }

  /** Counts the event and has it told soon; for the pool's own threads. Never throws. */
  public void post(PoolEvent event) {
    count(event);
    if (listeners != null) {
      listeners.post(event);
    }
  }

  /**
   * A worker calls this before it makes a move of which an event will tell. {@link #paid} has to
   * follow when that event is posted or there was nothing to tell. So whoever sees the move also
   * sees that its event is owed, or finds it posted.
   */
  public void owe() {
    OWED.incrementAndGet(this);
  }

  /** What was owed is posted. */
  public void paid() {
    OWED.decrementAndGet(this);
  }

  /** Whether something has moved of which no event tells yet. */
  public boolean areOwed() {
    return owed > 0;
  }

  /**
   * Completes when all that was posted so far is told. For a listener that asks it completes at
   * once, because he would wait for himself.
   */
  public CompletableFuture<Void> told() {
    CompletableFuture<Void> told = new CompletableFuture<>();
    if (listeners == null || isTelling(Thread.currentThread())) {
      told.complete(null);
    } else {
      listeners.completeWhenTold(told);
    }
    return told;
  }

  /** Whether this thread is the one that tells the listeners just now. */
  public boolean isTelling(Thread thread) {
    return listeners != null && listeners.areTold(thread);
  }

  private void count(PoolEvent event) {
    if (event instanceof PoolEvent.ConnectionClosed closing) {
      counts.incrementAndGet(index(closing.reason()));
    } else if (event instanceof PoolEvent.ConnectFailed) {
      counts.incrementAndGet(CONNECT_FAILURES);
    } else if (event instanceof PoolEvent.AcquireTimedOut) {
      counts.incrementAndGet(ACQUIRE_TIMEOUTS);
    } else if (event instanceof PoolEvent.Retried) {
      counts.incrementAndGet(RETRIES);
    }
  }

  @SuppressWarnings("EnumOrdinal") // the array that it is an index of is as long as values()
  private static int index(CloseReason reason) {
    return reason.ordinal();
  }

  /**
   * Counts a connection before anybody can be lent it, so that its holder finds it counted. {@link
   * PoolEvent.ConnectionOpened} is told later and counts nothing.
   */
  public void countOpened() {
    counts.incrementAndGet(OPENED);
  }

  /** Takes a count back: the pool didn't want the connection after all. */
  public void uncountOpened() {
    counts.decrementAndGet(OPENED);
  }

  public long opened() {
    return counts.get(OPENED);
  }

  /** Closed connections by reason, without the reasons that never occurred. */
  public Map<CloseReason, Long> closed() {
    Map<CloseReason, Long> closed = new EnumMap<>(CloseReason.class);
    for (CloseReason reason : REASONS) {
      long count = counts.get(index(reason));
      if (count > 0) {
        closed.put(reason, count);
      }
    }
    return closed;
  }

  /** Connections that the other side or the network ended. */
  public long lost() {
    return counts.get(index(CloseReason.FOUND_DEAD)) + counts.get(index(CloseReason.FAILED));
  }

  public long connectFailures() {
    return counts.get(CONNECT_FAILURES);
  }

  public long acquireTimeouts() {
    return counts.get(ACQUIRE_TIMEOUTS);
  }

  public long retries() {
    return counts.get(RETRIES);
  }
}
