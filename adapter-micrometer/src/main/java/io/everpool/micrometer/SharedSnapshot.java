package io.everpool.micrometer;

import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.micrometer.core.instrument.Clock;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A look at the pool that is good for a moment: a scrape reads all gauges one after the other, and
 * their figures should be of one and the same pool. Thread-safe; readers who come at once may each
 * look.
 */
final class SharedSnapshot {
  /** Longer than a scrape takes to read them all, shorter than anybody's interval. */
  static final long GOOD_FOR = TimeUnit.MILLISECONDS.toNanos(100);

  private final Pool pool;
  private final Clock clock;
  private volatile @Nullable Taken last;

  SharedSnapshot(Pool pool, Clock clock) {
    this.pool = pool;
    this.clock = clock;
  }

  PoolSnapshot now() {
    long now = clock.monotonicTime();
    Taken taken = last;
    if (taken == null || now - taken.at() >= GOOD_FOR) {
      taken = new Taken(pool.snapshot(), now);
      last = taken;
    }
    return taken.snapshot();
  }

  private record Taken(PoolSnapshot snapshot, long at) {}
}
