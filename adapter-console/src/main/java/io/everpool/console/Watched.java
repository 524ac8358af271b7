package io.everpool.console;

import io.everpool.api.Pool;
import io.everpool.api.PoolState;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The pools that are open, and what happened in them since they were opened. Thread-safe. */
final class Watched {

  /**
   * How many names without an open pool are remembered: those of pools that are being opened, and
   * of some that could never be opened.
   */
  static final int MOST_UNOPENED = 16;

  private final LongSupplier millis;
  private final ReentrantLock lock = new ReentrantLock();
  private final List<WatchedPool> pools = new CopyOnWriteArrayList<>();

  /**
   * The histories, by the pool's name. A pool that is being opened has a history before it is in
   * {@link #pools}.
   */
  private final Map<String, History> histories = new ConcurrentHashMap<>();

  /** The names that no open pool has, the oldest first; guarded by the lock. */
  private final Set<String> unopened = new LinkedHashSet<>();

  Watched(LongSupplier millis) {
    this.millis = millis;
  }

  /** The pools, in the order in which they were opened. */
  List<WatchedPool> pools() {
    return pools;
  }

  /** The pool of that id; null if there is none, for example because it was closed meanwhile. */
  @Nullable WatchedPool find(@Nullable String id) {
    for (WatchedPool each : pools) {
      if (each.id().equals(id)) {
        return each;
      }
    }
    return null;
  }

  void tell(PoolEvent event) {
    history(event.pool()).timeline().add(News.of(event));
    if (event instanceof PoolEvent.AcquireTimedOut) {
      history(event.pool()).waits().addInVain();
    } else if (event instanceof PoolEvent.PoolOpened opened) {
      add(opened.self());
    } else if (event instanceof PoolEvent.PoolClosed) {
      removeTheClosed(event.pool());
    }
  }

  void waited(String pool, long nanos) {
    history(pool).waits().add(nanos);
  }

  /** How many names are remembered. */
  int remembered() {
    return histories.size();
  }

  private History history(String pool) {
    History known = histories.get(pool);
    return known != null ? known : begin(pool);
  }

  private History begin(String name) {
    lock.lock();
    try {
      History known = histories.get(name);
      if (known != null) {
        return known;
      }
      History begun = new History(millis);
      histories.put(name, begun);
      unopened.add(name);
      if (unopened.size() > MOST_UNOPENED) {
        forget(unopened.iterator().next());
      }
      return begun;
    } finally {
      lock.unlock();
    }
  }

  private void forget(String name) {
    unopened.remove(name);
    histories.remove(name);
  }

  private void add(Pool pool) {
    lock.lock();
    try {
      String id = pool.name();
      for (int another = 2; find(id) != null; another++) {
        id = pool.name() + " (" + another + ")";
      }
      pools.add(
          new WatchedPool(
              id, pool, PoolOperations.of(pool), history(pool.name()), new Advice(pool)));
      unopened.remove(pool.name());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Removes the pools that have closed. This goes by their state and not by the name: two pools may
   * have one name, and one of them may still be open.
   */
  private void removeTheClosed(String name) {
    lock.lock();
    try {
      pools.removeIf(each -> each.pool().snapshot().state() == PoolState.CLOSED);
      if (pools.stream().noneMatch(each -> each.pool().name().equals(name))) {
        forget(name);
      }
    } finally {
      lock.unlock();
    }
  }
}
