package io.everpool.micrometer;

import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolState;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the metrics of one pool in a registry. Give it to the pool as listener and as recorder:
 *
 * <pre>{@code
 * MicrometerMetrics poolMetrics = MicrometerMetrics.of("orders", registry);
 * Pool pool = Everpool.builder(config).listener(poolMetrics).recorder(poolMetrics).open();
 * }</pre>
 *
 * <p>The metrics have OpenTelemetry's names, each with the pool's name in the tag {@code
 * db.client.connection.pool.name}; or they have HikariCP's names, with the tag {@code pool}. Gauges
 * and counters are plain numbers. Timers record nanoseconds; a registry shows them in its own unit
 * of time (Prometheus: seconds), and their histograms have buckets from 1 ms to 10 s.
 *
 * <table>
 * <caption>Metrics</caption>
 * <tr><th>OpenTelemetry</th><th>HikariCP</th><th>what</th></tr>
 * <tr><td>db.client.connection.count, by .state idle and used</td>
 *     <td>hikaricp.connections, .idle, .active</td><td>connections now: gauges</td></tr>
 * <tr><td>db.client.connection.idle.min, .idle.max, .max</td>
 *     <td>hikaricp.connections.min, .max</td><td>the configured bounds: gauges</td></tr>
 * <tr><td>db.client.connection.pending_requests</td><td>hikaricp.connections.pending</td>
 *     <td>callers in the wait queue</td></tr>
 * <tr><td>db.client.connection.timeouts</td><td>hikaricp.connections.timeout</td>
 *     <td>callers who waited in vain: a counter</td></tr>
 * <tr><td>db.client.connection.wait_time</td><td>hikaricp.connections.acquire</td>
 *     <td>from asking for a connection to having it: a timer with a histogram</td></tr>
 * <tr><td>db.client.connection.use_time</td><td>hikaricp.connections.usage</td>
 *     <td>from having a connection to giving it back: a timer with a histogram</td></tr>
 * <tr><td>db.client.connection.create_time</td><td>hikaricp.connections.creation</td>
 *     <td>opening a connection: a timer with a histogram</td></tr>
 * </table>
 *
 * <p>Beside these there are metrics with names of Everpool's own and with the same tag: {@code
 * everpool.outage} (a timer of how long the server was away, as far as the pool has tried); the
 * gauges {@code everpool.asleep}, {@code everpool.down}, {@code everpool.suspended}, {@code
 * everpool.connections.connecting} and {@code .closing}; and the counters {@code
 * everpool.connections.opened}, {@code everpool.connections.closed} (by {@code reason}, one for
 * each {@link CloseReason}), {@code everpool.connections.failed}, {@code
 * everpool.connect.failures}, {@code everpool.health.check.failures}, {@code everpool.fenced},
 * {@code everpool.rejected}, {@code everpool.retries}, {@code everpool.retries.refused}, {@code
 * everpool.commits} (by {@code status}, one for each {@link CommitStatus}), {@code
 * everpool.writes.unknown}, {@code everpool.transactions.left.open}, {@code
 * everpool.leaks.suspected}, {@code everpool.leaks.ended}, {@code everpool.leases.abandoned},
 * {@code everpool.nested.acquires}, {@code everpool.fell.asleep} and {@code everpool.woke.up}.
 *
 * <p>Timers and counters are registered at the pool's first event, the gauges when it has opened.
 * When the pool has closed, exactly what was registered is removed again; a pool that can't be
 * opened leaves nothing behind. The next pool may have the same object: all is registered again
 * when that pool has opened, with what was counted until then. A second pool that opens beside the
 * first with the same object has no gauges, and its counts and times may be added to the first
 * pool's; a warning says so. Gauges that are read together share one look at the pool.
 *
 * <p>If a pool has readers, the pool of each reader has the same metrics, with a name of its own in
 * that tag, as in {@code orders-reader-1}.
 *
 * <p>While this is installed as recorder, the pool reads the clock at each acquire and release.
 * Thread-safe.
 */
public final class MicrometerMetrics implements PoolListener, LeaseRecorder {
  /** Stands between the name of a pool and the number of one of its readers. */
  private static final String READER = "-reader-";

  /** How many events are kept that a pool tells before it has opened; no pool tells as many. */
  private static final int MOST_EARLY = 1_000;

  private final String poolName;
  private final MeterRegistry registry;
  private final MetricNames names;
  private final Tags furtherTags;
  private final Tags tags;

  /** The metrics of the pools of the readers, by the names of these pools. */
  private final Map<String, MicrometerMetrics> readers = new ConcurrentHashMap<>();

  /**
   * Guards the fields below; only {@link #meters} is also read without it. It is no monitor: a
   * registry runs filters and listeners of the application's when something is registered, and a
   * virtual thread that waits for a monitor keeps its carrier (up to JDK 23).
   */
  private final ReentrantLock lock = new ReentrantLock();

  /** What is registered now. */
  private @Nullable Registration registration;

  private volatile @Nullable PoolMeters meters;

  /** The pool that has opened, and whose gauges are registered. */
  private @Nullable Pool open;

  /** Whether the pool has found its names taken, so that this isn't told again at each event. */
  private boolean refused;

  /**
   * The events that came after a pool has closed. They may be the closed pool's last ones, which
   * must not register anything anew; or those of the next pool, which count once that has opened.
   * Null while no pool has closed.
   */
  private @Nullable List<PoolEvent> early;

  private MicrometerMetrics(
      String poolName, MeterRegistry registry, MetricNames names, Tags furtherTags) {
    this.poolName = poolName;
    this.registry = registry;
    this.names = names;
    this.furtherTags = furtherTags;
    this.tags = furtherTags.and(names.poolTag, poolName);
  }

  /**
   * Makes the metrics of one pool, with OpenTelemetry's names and without further tags.
   *
   * @param poolName {@link io.everpool.api.PoolConfig#name()} of the pool to come
   * @throws IllegalArgumentException if the registry has something of a pool of that name already
   */
  public static MicrometerMetrics of(String poolName, MeterRegistry registry) {
    return builder(poolName, registry).build();
  }

  /**
   * Begins the metrics of one pool whose names and tags can be chosen.
   *
   * @param poolName {@link io.everpool.api.PoolConfig#name()} of the pool to come
   */
  public static Builder builder(String poolName, MeterRegistry registry) {
    return new Builder(poolName, registry);
  }

  @Override
  public void acquired(long waitedNanos) {
    PoolMeters now = meters;
    if (now != null) {
      now.acquired(waitedNanos);
    }
  }

  @Override
  public void released(long heldNanos) {
    PoolMeters now = meters;
    if (now != null) {
      now.released(heldNanos);
    }
  }

  @Override
  public LeaseRecorder ofReader(String pool) {
    MicrometerMetrics reader = reader(pool);
    return reader == null ? this : reader;
  }

  /**
   * The metrics of a reader's pool, if the name is that of a reader of this pool; otherwise null.
   */
  private @Nullable MicrometerMetrics reader(String pool) {
    return pool.startsWith(poolName + READER)
            && pool.substring(poolName.length() + READER.length()).matches("\\d+")
        ? readers.computeIfAbsent(
            pool, name -> new MicrometerMetrics(name, registry, names, furtherTags))
        : null;
  }

  /**
   * Counts the event. Events of other pools are ignored.
   *
   * @throws IllegalArgumentException if the pool that opened has another name, or is the second
   *     beside one that is open, or if a name was taken meanwhile: its figures are then shown
   *     nowhere, and the figures of other pools are left alone
   */
  @Override
  public void onEvent(PoolEvent event) {
    MicrometerMetrics reader = reader(event.pool());
    if (reader != null) {
      reader.onEvent(event);
    } else if (event instanceof PoolEvent.PoolOpened opened) {
      opened(opened.self());
    } else if (!event.pool().equals(poolName)) {
      return;
    } else if (event instanceof PoolEvent.PoolClosed) {
      closed();
    } else {
      PoolMeters now = meters != null ? meters : metersOf(event);
      if (now != null) {
        now.count(event);
      }
    }
  }

  @Override
  public String toString() {
    return "MicrometerMetrics of " + poolName;
  }

  private void opened(Pool pool) {
    if (!pool.name().equals(poolName)) {
      throw new IllegalArgumentException(
          "These are the metrics of pool " + poolName + ", not of " + pool.name());
    }
    lock.lock();
    try {
      if (open != null && open.snapshot().state() == PoolState.CLOSED) {
        end(); // its event may not have come yet
      }
      if (open != null) {
        throw new IllegalArgumentException(
            "These are the metrics of a pool "
                + poolName
                + " that is open: make others for the next, and give it a name of its own (setting"
                + " \"name\") or tags of its own");
      }
      List<PoolEvent> before = early == null ? List.of() : early;
      PoolMeters now = begin();
      before.forEach(now::count);
      Registration ours = registration;
      if (ours != null) {
        registerGauges(ours, pool);
      }
    } finally {
      lock.unlock();
    }
  }

  private void registerGauges(Registration ours, Pool pool) {
    try {
      ours.all(
          registrar -> {
            PoolMeters.gauges(registrar, names, tags, pool);
            return pool;
          });
      open = pool;
    } finally {
      if (open == null) {
        end();
        refused = true;
      }
    }
  }

  /** The meters that count an event; null if none do now. */
  private @Nullable PoolMeters metersOf(PoolEvent event) {
    lock.lock();
    try {
      if (meters != null || refused) {
        return meters;
      }
      if (early == null) {
        return begin();
      }
      if (early.size() < MOST_EARLY) {
        early.add(event);
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Registers the timers and counters, unless they are registered already. The caller holds the
   * lock.
   */
  private PoolMeters begin() {
    PoolMeters made = meters;
    if (made == null) {
      refused = true;
      early = null;
      Registration begun = new Registration(registry);
      made = begun.all(registrar -> new PoolMeters(registrar, names, tags));
      registration = begun;
      meters = made;
      refused = false;
    }
    return made;
  }

  /**
   * Ends the metrics if their pool has closed. This asks the pool itself and doesn't go by the
   * event's name: another pool of that name may have closed, or may have failed to open.
   */
  private void closed() {
    lock.lock();
    try {
      if (open == null || open.snapshot().state() == PoolState.CLOSED) {
        end();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Removes what is registered. The caller holds the lock. */
  private void end() {
    refused = false;
    early = new ArrayList<>();
    open = null;
    meters = null;
    Registration ours = registration;
    registration = null;
    if (ours != null) {
      ours.remove();
    }
  }

  /** Collects the names and tags of a pool's metrics. Not thread-safe. */
  public static final class Builder {
    private final String poolName;
    private final MeterRegistry registry;
    private MetricNames names = MetricNames.OPEN_TELEMETRY;
    private Tags tags = Tags.empty();

    private Builder(String poolName, MeterRegistry registry) {
      this.poolName = Objects.requireNonNull(poolName, "poolName");
      this.registry = Objects.requireNonNull(registry, "registry");
    }

    /** Sets whose names are used. The default is OpenTelemetry's. */
    public Builder names(MetricNames value) {
      names = Objects.requireNonNull(value, "names");
      return this;
    }

    /** Adds tags to every metric; if a key is given twice, its last value counts. */
    public Builder tags(Iterable<Tag> more) {
      tags = tags.and(more);
      return this;
    }

    /**
     * Makes the metrics of the pool.
     *
     * @throws IllegalArgumentException if the registry has something of a pool of that name and
     *     with these tags already
     */
    public MicrometerMetrics build() {
      MicrometerMetrics built = new MicrometerMetrics(poolName, registry, names, tags);
      for (String name : names.all()) {
        Meter there = registry.find(name).tags(built.tags).meter();
        if (there != null) {
          throw Registration.taken(there.getId());
        }
      }
      return built;
    }
  }
}
