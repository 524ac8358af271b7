package io.everpool.micrometer;

import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.micrometer.core.instrument.Clock;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A look at the pool that is good for a moment: a scrape reads all gauges one after the other, and
 * their figures should come from one look at the pool. Thread-safe; readers that come at once may
 * each take a look of their own.
 *
 * <p>adapter-metrics has the same class. It goes by the clock of the registry, which is another
 * type in each library, and nothing that both adapters depend on may know either of them: so it is
 * written twice.
 */
final class SharedSnapshot {
  /**
   * How long a look is good, in nanoseconds. That is longer than a scrape needs to read all gauges,
   * and shorter than the interval between two scrapes.
   */
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
