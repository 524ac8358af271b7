package io.everpool.core.observe;

import io.everpool.api.WorkOptions;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.everpool.api.observe.UnitListener;
import io.everpool.api.observe.WaitListener;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Those who listen to a pool, and how they are told. A pool without listeners has no such object.
 */
final class Listeners {
  private static final Logger log = PoolEvents.log();

  /** How many events wait for a listener that hangs; further ones are counted but not told. */
  private static final int MOST_UNTOLD = 10_000;

  private final String pool;
  private final String whole;
  private final List<PoolListener> all;
  private final List<WaitListener> waitListeners;
  private final List<UnitListener> unitListeners;
  private final Queue<Runnable> untold = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();

  /** Whether the log has said that events are not told; cleared when all that wait are told. */
  private final AtomicBoolean full = new AtomicBoolean();

  private final AtomicBoolean telling = new AtomicBoolean();
  private volatile Executor couriers = Runnable::run;
  private volatile LongSupplier clock = () -> 0;
  private final CallbackFailures failures = new CallbackFailures(() -> clock.getAsLong());
  private volatile @Nullable Thread courier;

  private Listeners(String pool, String whole, List<PoolListener> all) {
    this.pool = pool;
    this.whole = whole;
    this.all = List.copyOf(all);
    this.waitListeners = those(WaitListener.class);
    this.unitListeners = those(UnitListener.class);
  }

  /** Null if nobody listens. */
  static @Nullable Listeners of(String pool, String whole, List<PoolListener> all) {
    return all.isEmpty() ? null : new Listeners(pool, whole, all);
  }

  private <L extends PoolListener> List<L> those(Class<L> kind) {
    return all.stream().filter(kind::isInstance).map(kind::cast).toList();
  }

  void clock(LongSupplier value) {
    clock = value;
  }

  void couriers(Executor value) {
    couriers = value;
  }

  /** As {@link PoolEvents#hearsWaits}. */
  boolean hearWaits() {
    return !waitListeners.isEmpty();
  }

  /** As {@link PoolEvents#waited}. */
  void waited(long nanos) {
    for (WaitListener listener : waitListeners) {
      try {
        listener.waited(pool, nanos);
      } catch (Throwable e) {
        failures.tell(pool, "telling of a wait", listener, e);
      }
    }
  }

  /** As {@link PoolEvents#watchUnit}. */
  UnitWatch watchUnit(UnitListener.Kind kind, WorkOptions options) {
    return unitListeners.isEmpty()
        ? UnitWatch.NONE
        : UnitWatch.begin(whole, unitListeners, failures, kind, options);
  }

  /** Tells the listeners on the calling thread. Never throws. */
  void tell(PoolEvent event) {
    for (PoolListener listener : all) {
      try {
        listener.onEvent(event);
      } catch (Throwable e) {
        GuardedCall.survives(pool, "telling so", () -> tell(listener, event, e));
      }
    }
  }

  private void tell(PoolListener listener, PoolEvent event, Throwable thrown) {
    int untold = failures.news(listener, event.getClass().getName(), thrown);
    String line = "Pool {}: the listener {} failed at {}";
    Repeats.warn(log, untold, line, pool, listener, event, thrown);
  }

  /** Has a courier tell of the event soon. Never throws. */
  void post(PoolEvent event) {
    GuardedCall.survives(pool, "telling the listeners", () -> enqueue(() -> tell(event)));
  }

  /** Completes {@code told} when all that was posted so far is told. Never throws. */
  void completeWhenTold(CompletableFuture<Void> told) {
    GuardedCall.survives(pool, "telling the listeners", () -> enqueue(() -> told.complete(null)));
  }

  /** As {@link PoolEvents#isTelling}. */
  boolean areTold(Thread by) {
    return by.equals(courier);
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
      send(); // it was added after the last poll, while this courier still counted as telling
    }
  }
}
