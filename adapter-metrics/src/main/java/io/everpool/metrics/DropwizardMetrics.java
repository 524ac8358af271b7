package io.everpool.metrics;

import static java.util.Map.entry;

import com.codahale.metrics.Clock;
import com.codahale.metrics.Counter;
import com.codahale.metrics.Gauge;
import com.codahale.metrics.LockFreeExponentiallyDecayingReservoir;
import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import com.codahale.metrics.health.HealthCheckRegistry;
import io.everpool.api.CloseReason;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolState;
import io.everpool.api.driver.CommitStatus;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the metrics of one pool in a registry. Give it to the pool as listener and as recorder:
 *
 * <pre>{@code
 * DropwizardMetrics poolMetrics = DropwizardMetrics.of("orders", metrics, healthChecks);
 * Pool pool = Everpool.builder(config).listener(poolMetrics).recorder(poolMetrics).open();
 * }</pre>
 *
 * <p>All names begin with the pool's name, as in {@code orders.connections.idle}. Gauges and
 * counters are plain numbers. Timers record nanoseconds, and reporters show them in the unit that
 * they were told (without being told, in milliseconds):
 *
 * <table>
 * <caption>Metrics</caption>
 * <tr><th>name</th><th>kind</th><th>what</th></tr>
 * <tr><td>connections.total</td><td>gauge</td><td>idle, leased and probing together</td></tr>
 * <tr><td>connections.idle, .leased, .probing, .connecting, .closing</td><td>gauge</td>
 *     <td>connections now, by state</td></tr>
 * <tr><td>connections.min, .max</td><td>gauge</td><td>the configured bounds</td></tr>
 * <tr><td>waiting</td><td>gauge</td><td>callers in the wait queue</td></tr>
 * <tr><td>asleep, down, suspended</td><td>gauge</td><td>1 while the pool leaves the database alone,
 *     while the server is known to be unreachable, and while an operator has suspended the pool;
 *     otherwise 0</td></tr>
 * <tr><td>wait</td><td>timer, ns</td><td>from asking for a connection to having it</td></tr>
 * <tr><td>use</td><td>timer, ns</td><td>from having a connection to giving it back</td></tr>
 * <tr><td>connect</td><td>timer, ns</td><td>opening a connection</td></tr>
 * <tr><td>outage</td><td>timer, ns</td><td>from the server's loss to its answering again, as far
 *     as the pool has tried</td></tr>
 * <tr><td>opened, connect-failures</td><td>counter</td><td>connects that succeeded, and failed</td>
 *     </tr>
 * <tr><td>closed.&lt;reason&gt;</td><td>counter</td><td>connections closed, one counter for
 *     each {@link CloseReason}, such as closed.max-queries</td></tr>
 * <tr><td>timeouts, rejected</td><td>counter</td><td>callers who waited in vain, and callers who
 *     were turned away at once because the wait queue was full, or because the server refuses
 *     connections</td></tr>
 * <tr><td>retries, retries-refused</td><td>counter</td><td>reruns of units of work, and units that
 *     failed through no fault of their own and were not rerun, among them those whose COMMIT stays
 *     unknown</td></tr>
 * <tr><td>commits.&lt;status&gt;</td><td>counter</td><td>COMMITs whose answer was lost, by what
 *     became of them: one counter for each {@link CommitStatus}, such as commits.committed</td></tr>
 * <tr><td>writes-unknown</td><td>counter</td><td>writes in autocommit, outside of units of work,
 *     whose answer was lost</td></tr>
 * <tr><td>health-check-failures, failures, fenced</td><td>counter</td><td>connections found dead
 *     while idle, lost in use, and generations given up</td></tr>
 * <tr><td>transactions-left-open, leaks-suspected, leaks-ended, leases-abandoned</td>
 *     <td>counter</td><td>leases that came back with an open transaction, that lasted for too
 *     long, that ended after all, and that were dropped without being closed</td></tr>
 * <tr><td>nested-acquires</td><td>counter</td><td>events that told of threads that hold a
 *     connection and wait for another</td></tr>
 * <tr><td>fell-asleep, woke-up</td><td>counter</td><td>how often the pool did so</td></tr>
 * </table>
 *
 * <p>They are registered when the pool has opened, with what was counted until then. When the pool
 * has closed, exactly what was registered is removed again; a pool that can't be opened leaves
 * nothing behind. One object is for one pool at a time. A second pool that opens beside the first
 * with the same object has no gauges, and its counts and times may be added to the first pool's; a
 * warning says so. Gauges that are read together share one look at the pool.
 *
 * <p>If a pool has readers, the pool of each reader has the same metrics under its own name, as in
 * {@code orders-reader-1.connections.idle}.
 *
 * <p>While this is installed as recorder, the pool reads the clock at each acquire and release.
 * Thread-safe.
 */
public final class DropwizardMetrics implements PoolListener, LeaseRecorder {

  /** Events that are only counted. */
  private static final Map<Class<? extends PoolEvent>, String> COUNTED =
      Map.ofEntries(
          entry(PoolEvent.ConnectionOpened.class, "opened"),
          entry(PoolEvent.ConnectFailed.class, "connect-failures"),
          entry(PoolEvent.AcquireTimedOut.class, "timeouts"),
          entry(PoolEvent.AcquireRejected.class, "rejected"),
          entry(PoolEvent.Retried.class, "retries"),
          entry(PoolEvent.RetryRefused.class, "retries-refused"),
          entry(PoolEvent.WriteUnknown.class, "writes-unknown"),
          entry(PoolEvent.HealthCheckFailed.class, "health-check-failures"),
          entry(PoolEvent.ConnectionFailed.class, "failures"),
          entry(PoolEvent.Fenced.class, "fenced"),
          entry(PoolEvent.TransactionLeftOpen.class, "transactions-left-open"),
          entry(PoolEvent.LeakSuspected.class, "leaks-suspected"),
          entry(PoolEvent.LeakEnded.class, "leaks-ended"),
          entry(PoolEvent.LeaseAbandoned.class, "leases-abandoned"),
          entry(PoolEvent.NestedAcquire.class, "nested-acquires"),
          entry(PoolEvent.FellAsleep.class, "fell-asleep"),
          entry(PoolEvent.WokeUp.class, "woke-up"));

  /** Stands between the name of a pool and the number of its reader. */
  private static final String READER = "-reader-";

  private final String poolName;
  private final MetricRegistry metrics;
  private final @Nullable HealthCheckRegistry healthChecks;

  /**
   * Guards what is registered. It is no monitor: a registry runs listeners of the application's
   * when something is registered, and a virtual thread that waits for a monitor keeps its carrier
   * (up to JDK 23).
   */
  private final ReentrantLock lock = new ReentrantLock();

  private @Nullable Registered registered;

  /** The metrics of the pools of the readers, by the names of these pools. */
  private final Map<String, DropwizardMetrics> readers = new ConcurrentHashMap<>();

  private final Map<String, Counter> counters = new LinkedHashMap<>();
  private final Timer wait = timer();
  private final Timer use = timer();
  private final Timer connect = timer();
  private final Timer outage = timer();

  /** The pool whose figures are registered. */
  private record Registered(Pool pool, Registration registration) {}

  private DropwizardMetrics(
      String poolName, MetricRegistry metrics, @Nullable HealthCheckRegistry healthChecks) {
    this.poolName = poolName;
    this.metrics = metrics;
    this.healthChecks = healthChecks;
    for (String name : COUNTED.values()) {
      counters.put(name, new Counter());
    }
    for (CloseReason reason : CloseReason.values()) {
      counters.put(closed(reason), new Counter());
    }
    for (CommitStatus status : CommitStatus.values()) {
      counters.put(commits(status), new Counter());
    }
  }

  /**
   * Makes the metrics of one pool; its health check gets the pool's name.
   *
   * @param poolName {@link io.everpool.api.PoolConfig#name()} of the pool to come
   * @throws IllegalArgumentException if a registry has something of a pool of that name already
   */
  public static DropwizardMetrics of(
      String poolName, MetricRegistry metrics, @Nullable HealthCheckRegistry healthChecks) {
    DropwizardMetrics poolMetrics = new DropwizardMetrics(poolName, metrics, healthChecks);
    Registration.requireFree(poolName, poolMetrics.kept(), metrics, healthChecks);
    return poolMetrics;
  }

  @Override
  public void acquired(long waitedNanos) {
    wait.update(waitedNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public void released(long heldNanos) {
    use.update(heldNanos, TimeUnit.NANOSECONDS);
  }

  @Override
  public LeaseRecorder ofReader(String pool) {
    DropwizardMetrics reader = reader(pool);
    return reader == null ? this : reader;
  }

  /**
   * The metrics of a reader's pool, if the name is that of a reader of this pool; otherwise null.
   */
  private @Nullable DropwizardMetrics reader(String pool) {
    return pool.startsWith(poolName + READER)
            && pool.substring(poolName.length() + READER.length()).matches("\\d+")
        ? readers.computeIfAbsent(pool, name -> new DropwizardMetrics(name, metrics, healthChecks))
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
    DropwizardMetrics reader = reader(event.pool());
    if (reader != null) {
      reader.onEvent(event);
    } else if (event instanceof PoolEvent.PoolOpened opened) {
      register(opened.self());
    } else if (!event.pool().equals(poolName)) {
      return;
    } else if (event instanceof PoolEvent.PoolClosed) {
      end();
    } else if (event instanceof PoolEvent.ConnectionClosed closing) {
      count(closed(closing.reason()));
    } else if (event instanceof PoolEvent.CommitResolved resolved) {
      count(commits(resolved.status()));
    } else if (event instanceof PoolEvent.Recovered recovered) {
      outage.update(recovered.downNanos(), TimeUnit.NANOSECONDS);
    } else {
      if (event instanceof PoolEvent.ConnectionOpened opened) {
        connect.update(opened.tookNanos(), TimeUnit.NANOSECONDS);
      }
      count(COUNTED.get(event.getClass()));
    }
  }

  @Override
  public String toString() {
    return "DropwizardMetrics of " + poolName;
  }

  private void count(@Nullable String name) {
    Counter counter = name == null ? null : counters.get(name);
    if (counter != null) {
      counter.inc();
    }
  }

  private static String closed(CloseReason reason) {
    return "closed." + reason.label();
  }

  private static String commits(CommitStatus status) {
    return "commits." + status.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private void register(Pool pool) {
    if (!pool.name().equals(poolName)) {
      throw new IllegalArgumentException(
          "These are the metrics of pool " + poolName + ", not of " + pool.name());
    }
    lock.lock();
    try {
      end(); // the previous pool may have closed, and its event may not have come yet
      if (registered != null) {
        throw new IllegalArgumentException(
            "These are the metrics of a pool "
                + poolName
                + " that is open: make others for the next, and give it a name of its own (setting"
                + " \"name\") or a registry of its own");
      }
      Map<String, Metric> all = kept();
      all.putAll(gauges(new SharedSnapshot(pool, Clock.defaultClock())));
      registered =
          new Registered(
              pool,
              Registration.of(poolName, all, metrics, healthChecks, new PoolHealthCheck(pool)));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Removes the metrics if their pool has closed. This asks the pool itself and doesn't go by the
   * event's name: another pool of that name may have closed, or may have failed to open.
   */
  private void end() {
    lock.lock();
    try {
      Registered ours = registered;
      if (ours != null && ours.pool().snapshot().state() == PoolState.CLOSED) {
        registered = null;
        ours.registration().remove();
      }
    } finally {
      lock.unlock();
    }
  }

  /** The metrics that are written to, unlike the gauges, by their names. */
  private Map<String, Metric> kept() {
    Map<String, Metric> kept = new LinkedHashMap<>(counters);
    kept.put("wait", wait);
    kept.put("use", use);
    kept.put("connect", connect);
    kept.put("outage", outage);
    return kept;
  }

  private static Map<String, Gauge<Integer>> gauges(SharedSnapshot pool) {
    Map<String, Function<PoolSnapshot, Integer>> figures = new LinkedHashMap<>();
    figures.put("connections.total", PoolSnapshot::total);
    figures.put("connections.idle", PoolSnapshot::idle);
    figures.put("connections.leased", PoolSnapshot::leased);
    figures.put("connections.probing", PoolSnapshot::probing);
    figures.put("connections.connecting", PoolSnapshot::connecting);
    figures.put("connections.closing", PoolSnapshot::closing);
    figures.put("connections.min", PoolSnapshot::minSize);
    figures.put("connections.max", PoolSnapshot::maxSize);
    figures.put("waiting", PoolSnapshot::waiting);
    figures.put("asleep", now -> now.asleep() ? 1 : 0);
    figures.put("down", now -> now.down() ? 1 : 0);
    figures.put("suspended", now -> now.suspended() ? 1 : 0);

    Map<String, Gauge<Integer>> gauges = new LinkedHashMap<>();
    figures.forEach((name, figure) -> gauges.put(name, () -> figure.apply(pool.now())));
    return gauges;
  }

  /**
   * Makes a timer without a lock, because it is updated in the middle of every acquire and release.
   * It records nanoseconds.
   */
  private static Timer timer() {
    return new Timer(LockFreeExponentiallyDecayingReservoir.builder().build());
  }
}
