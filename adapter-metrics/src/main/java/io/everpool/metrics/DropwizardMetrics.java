package io.everpool.metrics;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.Metric;
import com.codahale.metrics.MetricRegistry;
import com.codahale.metrics.Timer;
import com.codahale.metrics.health.HealthCheckRegistry;
import io.everpool.api.Pool;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.observe.LeaseRecorder;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the books of one pool in a registry. Give it to the pool as listener and as recorder:
 *
 * <pre>{@code
 * DropwizardMetrics books = DropwizardMetrics.of("orders", metrics, healthChecks);
 * Pool pool = Everpool.builder(config).listener(books).recorder(books).open();
 * }</pre>
 *
 * <p>All names begin with the pool's:
 *
 * <table>
 * <caption>Metrics</caption>
 * <tr><th>name</th><th>kind</th><th>what</th></tr>
 * <tr><td>connections.total, .idle, .leased, .connecting, .probing, .min, .max</td><td>gauge</td>
 *     <td>connections now, and the configured bounds</td></tr>
 * <tr><td>waiting</td><td>gauge</td><td>callers in line</td></tr>
 * <tr><td>wait</td><td>timer</td><td>from asking for a connection to having it</td></tr>
 * <tr><td>use</td><td>timer</td><td>from having it to giving it back</td></tr>
 * <tr><td>connect</td><td>timer</td><td>opening one</td></tr>
 * <tr><td>opened, connect-failures</td><td>counter</td><td>connects that succeeded, and failed</td>
 *     </tr>
 * <tr><td>closed.&lt;reason&gt;</td><td>counter</td><td>such as closed.max-queries: one for each
 *     {@link io.everpool.api.CloseReason} that has occurred</td></tr>
 * <tr><td>timeouts, rejected</td><td>counter</td><td>callers who waited in vain, and who found the
 *     line full</td></tr>
 * <tr><td>retries</td><td>counter</td><td>reruns of units of work</td></tr>
 * <tr><td>health-check-failures, failures, fenced</td><td>counter</td><td>connections found dead
 *     while idle, lost in use, and generations given up</td></tr>
 * </table>
 *
 * <p>While it is installed the pool reads the clock at each acquire and release. What it registers
 * it removes when the pool closes. Thread-safe.
 */
public final class DropwizardMetrics implements PoolListener, LeaseRecorder {
  private final String poolName;
  private final MetricRegistry metrics;
  private final @Nullable HealthCheckRegistry healthChecks;
  private final Set<String> registered = ConcurrentHashMap.newKeySet();
  private final Timer wait;
  private final Timer use;
  private final Timer connect;

  private DropwizardMetrics(
      String poolName, MetricRegistry metrics, @Nullable HealthCheckRegistry healthChecks) {
    this.poolName = poolName;
    this.metrics = metrics;
    this.healthChecks = healthChecks;
    this.wait = add("wait", new Timer());
    this.use = add("use", new Timer());
    this.connect = add("connect", new Timer());
  }

  /**
   * For one pool, the health check under the pool's name.
   *
   * @param poolName {@link io.everpool.api.PoolConfig#name()} of the pool to come
   * @throws IllegalArgumentException if the registry has metrics of a pool of that name already
   */
  public static DropwizardMetrics of(
      String poolName, MetricRegistry metrics, @Nullable HealthCheckRegistry healthChecks) {
    return new DropwizardMetrics(poolName, metrics, healthChecks);
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
  public void onEvent(PoolEvent event) {
    if (event instanceof PoolEvent.PoolOpened opened) {
      watch(opened.self());
    } else if (event instanceof PoolEvent.PoolClosed) {
      forget();
    } else if (event instanceof PoolEvent.ConnectionOpened opened) {
      connect.update(opened.tookNanos(), TimeUnit.NANOSECONDS);
      count("opened");
    } else if (event instanceof PoolEvent.ConnectionClosed closed) {
      count("closed." + closed.reason().label());
    } else if (event instanceof PoolEvent.ConnectFailed) {
      count("connect-failures");
    } else if (event instanceof PoolEvent.AcquireTimedOut) {
      count("timeouts");
    } else if (event instanceof PoolEvent.AcquireRejected) {
      count("rejected");
    } else if (event instanceof PoolEvent.Retried) {
      count("retries");
    } else if (event instanceof PoolEvent.HealthCheckFailed) {
      count("health-check-failures");
    } else if (event instanceof PoolEvent.ConnectionFailed) {
      count("failures");
    } else if (event instanceof PoolEvent.Fenced) {
      count("fenced");
    }
  }

  private void count(String name) {
    String full = MetricRegistry.name(poolName, name);
    registered.add(full);
    metrics.counter(full).inc();
  }

  private void watch(Pool pool) {
    gauge(pool, "connections.total", PoolSnapshot::total);
    gauge(pool, "connections.idle", PoolSnapshot::idle);
    gauge(pool, "connections.leased", PoolSnapshot::leased);
    gauge(pool, "connections.connecting", PoolSnapshot::connecting);
    gauge(pool, "connections.probing", PoolSnapshot::probing);
    gauge(pool, "connections.min", PoolSnapshot::minSize);
    gauge(pool, "connections.max", PoolSnapshot::maxSize);
    gauge(pool, "waiting", PoolSnapshot::waiting);
    if (healthChecks != null) {
      healthChecks.register(poolName, new PoolHealthCheck(pool));
    }
  }

  private void gauge(Pool pool, String name, Function<PoolSnapshot, Integer> figure) {
    Gauge<Integer> gauge = () -> figure.apply(pool.snapshot());
    add(name, gauge);
  }

  private <M extends Metric> M add(String name, M metric) {
    String full = MetricRegistry.name(poolName, name);
    try {
      metrics.register(full, metric);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "The registry has "
              + full
              + " already: give each pool a name of its own (setting \"name\"), or a registry of its"
              + " own",
          e);
    }
    registered.add(full);
    return metric;
  }

  private void forget() {
    registered.forEach(metrics::remove);
    if (healthChecks != null) {
      healthChecks.unregister(poolName);
    }
  }
}
