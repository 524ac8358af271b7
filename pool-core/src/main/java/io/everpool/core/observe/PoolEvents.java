package io.everpool.core.observe;

import io.everpool.api.CloseReason;
import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.api.observe.UnitListener;
import io.everpool.api.observe.WaitListener;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what happens and passes it on to the listeners. Thread-safe.
 *
 * <p>Whoever emits has moved the state before: a listener may take its time, throw, or never come
 * back, and only the listeners suffer. A caller's thread tells its own events itself. The pool's
 * own threads have better things to do than wait for a listener, so theirs are told in order by one
 * courier, a worker that comes when there is something to tell.
 */
public final class PoolEvents {
  private static final Logger log = LoggerFactory.getLogger("io.everpool.Pool");

  /** So many events wait for a listener that hangs; further ones are counted but not told. */
  private static final int MOST_UNTOLD = 10_000;

  private static final CloseReason[] REASONS = CloseReason.values();

  private final String pool;
  private final String whole;
  private final List<PoolListener> listeners;
  private final List<WaitListener> waitListeners;
  private final List<UnitListener> unitListeners;
  private final AtomicLong opened = new AtomicLong();

  /** By {@link #index}. */
  private final AtomicLongArray closed = new AtomicLongArray(REASONS.length);

  private final AtomicLong connectFailures = new AtomicLong();
  private final AtomicLong acquireTimeouts = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();
  private final Queue<Runnable> untold = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();

  /** Whether it was said that events are not told; until there are none to tell. */
  private final AtomicBoolean full = new AtomicBoolean();

  private final AtomicInteger owed = new AtomicInteger();
  private final AtomicBoolean telling = new AtomicBoolean();
  private volatile Executor couriers = Runnable::run;
  private volatile LongSupplier clock = () -> 0;
  private final CallbackFailures failures = new CallbackFailures(() -> clock.getAsLong());
  private volatile @Nullable Thread courier;

  /** Of a pool that is alone. */
  public PoolEvents(String pool, List<PoolListener> listeners) {
    this(pool, pool, listeners);
  }

  /**
   * @param whole the pool that this one is a part of: units of work are that one's
   */
  public PoolEvents(String pool, String whole, List<PoolListener> listeners) {
    this.pool = pool;
    this.whole = whole;
    this.listeners = List.copyOf(listeners);
    this.waitListeners = those(WaitListener.class);
    this.unitListeners = those(UnitListener.class);
  }

  private <L extends PoolListener> List<L> those(Class<L> kind) {
    return listeners.stream().filter(kind::isInstance).map(kind::cast).toList();
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
    return !waitListeners.isEmpty();
  }

  /** Tells of a wait on the calling thread, which is that of who has waited. Never throws. */
  public void waited(long nanos) {
    for (WaitListener listener : waitListeners) {
      try {
        listener.waited(pool, nanos);
      } catch (Throwable e) {
        failures.tell(pool, "telling of a wait", listener, e);
      }
    }
  }

  /** Tells of a unit of work that begins, on its thread. Never throws. */
  public UnitWatch watchUnit(UnitListener.Kind kind, WorkOptions options) {
    return unitListeners.isEmpty()
        ? UnitWatch.NONE
        : UnitWatch.begin(whole, unitListeners, failures, kind, options);
  }

  /** By which is known when the log was told of a listener that fails. */
  public void clock(LongSupplier value) {
    clock = value;
  }

  /** Has events of the pool's own threads told by threads of this executor. */
  public void couriers(Executor value) {
    couriers = value;
  }

  /** Counts and tells on the calling thread, which is a caller's. Never throws. */
  public void emit(PoolEvent event) {
    count(event);
    tell(event);
  }

  /** Counts, and has it told soon; for the pool's own threads. Never throws. */
  public void post(PoolEvent event) {
    count(event);
    if (!listeners.isEmpty()) {
      Survivor.survives(pool, "telling the listeners", () -> enqueue(() -> tell(event)));
    }
  }

  /**
   * A move is about to be made on a worker, of which an event tells. {@link #paid} has to follow,
   * when that is posted or there was nothing to tell. Before the move: whoever sees what has moved
   * sees that its event is owed, or finds it posted.
   */
  public void owe() {
    owed.incrementAndGet();
  }

  /** What was owed is posted. */
  public void paid() {
    owed.decrementAndGet();
  }

  /** Whether something has moved of which no event tells yet. */
  public boolean areOwed() {
    return owed.get() > 0;
  }

  /**
   * Completes when all that was posted so far is told; at once for a listener that asks, who would
   * wait for himself.
   */
  public CompletableFuture<Void> told() {
    CompletableFuture<Void> told = new CompletableFuture<>();
    if (listeners.isEmpty() || isTelling(Thread.currentThread())) {
      told.complete(null);
    } else {
      Survivor.survives(pool, "telling the listeners", () -> enqueue(() -> told.complete(null)));
    }
    return told;
  }

  /** Whether this thread is the one that tells the listeners just now. */
  public boolean isTelling(Thread thread) {
    return thread.equals(courier);
  }

  private void enqueue(Runnable news) {
    if (waiting.incrementAndGet() > MOST_UNTOLD) {
      waiting.decrementAndGet();
      if (full.compareAndSet(false, true)) {
        log.warn("Pool {}: a listener hangs, and from now on events are not told", pool);
      }
      return;
    }
    untold.add(news);
    send();
  }

  private void send() {
    if (telling.compareAndSet(false, true)) {
      boolean sent = false;
      try {
        couriers.execute(this::tellAll);
        sent = true;
      } catch (RejectedExecutionException | OutOfMemoryError e) {
        log.debug("Pool {}: no thread to tell the listeners; the next event tries again", pool, e);
      } finally {
        if (!sent) {
          telling.set(false);
        }
      }
    }
  }

  private void tellAll() {
    try {
      courier = Thread.currentThread();
      for (Runnable news; (news = untold.poll()) != null; ) {
        waiting.decrementAndGet();
        news.run();
      }
      full.set(false);
    } finally {
      courier = null;
      telling.set(false);
    }
    if (!untold.isEmpty()) {
      send(); // it came after the last look, and found the courier still there
    }
  }

  private void tell(PoolEvent event) {
    for (PoolListener listener : listeners) {
      try {
        listener.onEvent(event);
      } catch (Throwable e) {
        Survivor.survives(pool, "telling so", () -> tell(listener, event, e));
      }
    }
  }

  private void tell(PoolListener listener, PoolEvent event, Throwable thrown) {
    int untold = failures.news(listener, event.getClass().getName(), thrown);
    String line = "Pool {}: the listener {} failed at {}";
    Repeats.warn(log, untold, line, pool, listener, event, thrown);
  }

  private void count(PoolEvent event) {
    if (event instanceof PoolEvent.ConnectionClosed closing) {
      closed.incrementAndGet(index(closing.reason()));
    } else if (event instanceof PoolEvent.ConnectFailed) {
      connectFailures.incrementAndGet();
    } else if (event instanceof PoolEvent.AcquireTimedOut) {
      acquireTimeouts.incrementAndGet();
    } else if (event instanceof PoolEvent.Retried) {
      retries.incrementAndGet();
    }
  }

  @SuppressWarnings("EnumOrdinal") // into an array that is as long as values()
  private static int index(CloseReason reason) {
    return reason.ordinal();
  }

  /**
   * Counts a connection before anybody can be lent it, so that who holds it finds it counted;
   * {@link PoolEvent.ConnectionOpened} is told later, and counts nothing.
   */
  public void countOpened() {
    opened.incrementAndGet();
  }

  /** Takes a count back: the pool didn't want the connection after all. */
  public void uncountOpened() {
    opened.decrementAndGet();
  }

  public long opened() {
    return opened.get();
  }

  /** Closed connections by reason, reasons that never occurred left out. */
  public Map<CloseReason, Long> closed() {
    Map<CloseReason, Long> counts = new EnumMap<>(CloseReason.class);
    for (CloseReason reason : REASONS) {
      long count = closed.get(index(reason));
      if (count > 0) {
        counts.put(reason, count);
      }
    }
    return counts;
  }

  /** Connections that the other side or the network ended. */
  public long lost() {
    return closed.get(index(CloseReason.FOUND_DEAD)) + closed.get(index(CloseReason.FAILED));
  }

  public long connectFailures() {
    return connectFailures.get();
  }

  public long acquireTimeouts() {
    return acquireTimeouts.get();
  }

  public long retries() {
    return retries.get();
  }
}
