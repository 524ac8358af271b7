package io.everpool.spring;

import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Remembers what each pool has last seen of its database, and when. Thread-safe. */
final class Evidence implements PoolListener {
  private final LongSupplier nanoTime;
  private final Map<String, Seen> last = new ConcurrentHashMap<>();

  /**
   * Something that was seen.
   *
   * @param atNanos when it was seen, in nanoseconds on this evidence's clock
   */
  record Seen(String what, long atNanos) {}

  Evidence(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  @Override
  public void onEvent(PoolEvent event) {
    String what = what(event);
    if (what != null) {
      last.put(event.pool(), new Seen(what, nanoTime.getAsLong()));
    } else if (event instanceof PoolEvent.PoolClosed) {
      last.remove(event.pool());
    }
  }

  private static @Nullable String what(PoolEvent event) {
    if (event instanceof PoolEvent.ConnectionOpened) {
      return "a connection was opened";
    }
    if (event instanceof PoolEvent.Recovered) {
      return "the server answered again after an outage";
    }
    if (event instanceof PoolEvent.ConnectFailed failed) {
      return "a connection could not be opened: " + failed.message();
    }
    if (event instanceof PoolEvent.ConnectionFailed failed) {
      return "a connection in use was lost: " + failed.message();
    }
    if (event instanceof PoolEvent.HealthCheckFailed failed) {
      return "an idle connection was found dead: " + failed.message();
    }
    return null;
  }

  /** What a pool has last seen of its database, or null. */
  @Nullable Seen of(String pool) {
    return last.get(pool);
  }

  /** How long ago something was seen, in whole seconds. */
  Duration age(Seen seen) {
    return Duration.ofSeconds(Duration.ofNanos(nanoTime.getAsLong() - seen.atNanos()).toSeconds());
  }
}
