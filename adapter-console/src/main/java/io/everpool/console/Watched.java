package io.everpool.console;

import io.everpool.api.Pool;
import io.everpool.api.PoolState;
import io.everpool.api.framework.PoolOperations;
import io.everpool.api.observe.PoolEvent;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The pools that are open, and what happened in them since they were opened. Thread-safe. */
final class Watched {
  private final LongSupplier millis;
  private final List<WatchedPool> pools = new CopyOnWriteArrayList<>();

  /** By the pool's name; a pool that is being opened has one before it is among those above. */
  private final Map<String, History> histories = new ConcurrentHashMap<>();

  Watched(LongSupplier millis) {
    this.millis = millis;
  }

  /** In the order in which they were opened. */
  List<WatchedPool> pools() {
    return pools;
  }

  /** The one of that id; null if there is none, as when it was closed meanwhile. */
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

  private History history(String pool) {
    return histories.computeIfAbsent(pool, name -> new History(millis));
  }

  private synchronized void add(Pool pool) {
    String id = pool.name();
    for (int another = 2; find(id) != null; another++) {
      id = pool.name() + " (" + another + ")";
    }
    pools.add(new WatchedPool(id, pool, PoolOperations.of(pool), history(pool.name())));
  }

  /** By their state: two may have one name, and one of them is still open. */
  private synchronized void removeTheClosed(String name) {
    pools.removeIf(each -> each.pool().snapshot().state() == PoolState.CLOSED);
    if (pools.stream().noneMatch(each -> each.pool().name().equals(name))) {
      histories.remove(name);
    }
  }
}
