package io.everpool.core.observe;

import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what happens and passes it on to the listeners. Thread-safe. */
public final class Journal {
  private static final Logger log = LoggerFactory.getLogger("io.everpool.Pool");

  private final String pool;
  private final List<PoolListener> listeners;
  private final AtomicLong opened = new AtomicLong();
  private final Map<CloseReason, AtomicLong> closed = new EnumMap<>(CloseReason.class);
  private final AtomicLong connectFailures = new AtomicLong();
  private final AtomicLong acquireTimeouts = new AtomicLong();
  private final AtomicLong retries = new AtomicLong();

  public Journal(String pool, List<PoolListener> listeners) {
    this.pool = pool;
    this.listeners = List.copyOf(listeners);
    for (CloseReason reason : CloseReason.values()) {
      closed.put(reason, new AtomicLong());
    }
  }

  /** The pool's name. */
  public String pool() {
    return pool;
  }

  /** The logger of everything that concerns the pool as a whole. */
  public static Logger log() {
    return log;
  }

  /** Counts and passes on. A listener that throws is logged and stops nothing. */
  public void emit(PoolEvent event) {
    count(event);
    for (PoolListener listener : listeners) {
      try {
        listener.onEvent(event);
      } catch (RuntimeException e) {
        log.warn("Pool {}: the listener {} failed at {}", pool, listener, event, e);
      }
    }
  }

  private void count(PoolEvent event) {
    if (event instanceof PoolEvent.ConnectionOpened) {
      opened.incrementAndGet();
    } else if (event instanceof PoolEvent.ConnectionClosed closing) {
      counter(closing.reason()).incrementAndGet();
    } else if (event instanceof PoolEvent.ConnectFailed) {
      connectFailures.incrementAndGet();
    } else if (event instanceof PoolEvent.AcquireTimedOut) {
      acquireTimeouts.incrementAndGet();
    } else if (event instanceof PoolEvent.Retried) {
      retries.incrementAndGet();
    }
  }

  private AtomicLong counter(CloseReason reason) {
    AtomicLong counter = closed.get(reason);
    if (counter == null) {
      throw new AssertionError(reason);
    }
    return counter;
  }

  public long opened() {
    return opened.get();
  }

  /** Closed connections by reason, reasons that never occurred left out. */
  public Map<CloseReason, Long> closed() {
    Map<CloseReason, Long> counts = new EnumMap<>(CloseReason.class);
    closed.forEach(
        (reason, count) -> {
          if (count.get() > 0) {
            counts.put(reason, count.get());
          }
        });
    return counts;
  }

  /** Connections that the other side or the network ended. */
  public long lost() {
    return counter(CloseReason.FOUND_DEAD).get() + counter(CloseReason.FAILED).get();
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
