package io.everpool.jmx;

import io.everpool.api.Pool;
import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.Setting;
import io.everpool.api.framework.PoolOperations;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A pool as JMX shows it: each read of an attribute is a new look at the pool. */
final class PoolView implements PoolMXBean {
  private final Pool pool;
  private final PoolOperations operations;

  PoolView(Pool pool) {
    this.pool = pool;
    this.operations = PoolOperations.of(pool);
  }

  private PoolSnapshot now() {
    return pool.snapshot();
  }

  /**
   * The pool's operations; refuses if the pool is being closed, for they would do nothing then, and
   * an operator would not know.
   */
  private PoolOperations operations() {
    if (pool.isClosed()) {
      throw new IllegalStateException(
          "Pool " + pool.name() + " is being closed, and takes no orders any more");
    }
    return operations;
  }

  @Override
  public String getName() {
    return pool.name();
  }

  @Override
  public String getState() {
    return now().state().name();
  }

  @Override
  public boolean isAsleep() {
    return now().asleep();
  }

  @Override
  public boolean isDown() {
    return now().down();
  }

  @Override
  public boolean isSuspended() {
    return now().suspended();
  }

  @Override
  public int getMinSize() {
    return now().minSize();
  }

  @Override
  public int getMaxSize() {
    return now().maxSize();
  }

  @Override
  public int getTotal() {
    return now().total();
  }

  @Override
  public int getIdle() {
    return now().idle();
  }

  @Override
  public int getLeased() {
    return now().leased();
  }

  @Override
  public int getConnecting() {
    return now().connecting();
  }

  @Override
  public int getProbing() {
    return now().probing();
  }

  @Override
  public int getClosing() {
    return now().closing();
  }

  @Override
  public int getWaiting() {
    return now().waiting();
  }

  @Override
  public long getOpened() {
    return now().opened();
  }

  @Override
  public Map<String, Long> getClosed() {
    Map<String, Long> closed = new TreeMap<>();
    now().closed().forEach((reason, count) -> closed.put(reason.label(), count));
    return closed;
  }

  @Override
  public long getConnectFailures() {
    return now().connectFailures();
  }

  @Override
  public long getAcquireTimeouts() {
    return now().acquireTimeouts();
  }

  @Override
  public long getRetries() {
    return now().retries();
  }

  @Override
  public @Nullable String getLastConnectError() {
    return now().lastConnectError();
  }

  @Override
  public List<Holder> getHolders() {
    Instant now = Instant.now();
    return operations.examine().holders().stream()
        .<Holder>map(holder -> new HolderView(holder, now))
        .toList();
  }

  @Override
  public Map<String, String> getSettings() {
    Map<String, String> settings = new LinkedHashMap<>();
    for (Setting<?> setting : PoolConfig.settings()) {
      settings.put(setting.key(), shown(setting));
    }
    return settings;
  }

  private <T> String shown(Setting<T> setting) {
    return setting.shown(pool.config().get(setting));
  }

  /** Refuses in the words of the pool, with an exception class that the other side knows. */
  @Override
  // its class is ours, which the other side may lack, and its stack trace is of no use there
  @SuppressWarnings("UnusedException")
  public void resize(int minSize, int maxSize) {
    try {
      operations().resize(minSize, maxSize);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(e.getMessage());
    }
  }

  @Override
  public void suspend() {
    operations().suspend();
  }

  @Override
  public void resume() {
    operations().resume();
  }

  @Override
  public void evictIdle() {
    operations().evictIdle();
  }

  @Override
  public void replaceAll() {
    operations();
    pool.replaceAll();
  }

  @Override
  public String advise() {
    return pool.advise()
        .map(Object::toString)
        .orElse(
            pool.config().sizeAdvice()
                ? "Too few leases for an advice so far"
                : "No advice without size-advice = true");
  }

  @Override
  public String dump() {
    PoolSnapshot now = operations.examine();
    StringBuilder text = new StringBuilder(now.explain());
    for (PoolSnapshot.Holder holder : now.holders()) {
      text.append("\n\n").append(holder);
      for (StackTraceElement frame : holder.where()) {
        text.append("\n    at ").append(frame);
      }
    }
    return text.toString();
  }

  private record HolderView(PoolSnapshot.Holder holder, Instant now) implements Holder {
    @Override
    public long getConnection() {
      return holder.connection();
    }

    @Override
    public String getThread() {
      return holder.thread();
    }

    @Override
    public long getHeldMillis() {
      return holder.heldFor().toMillis();
    }

    @Override
    public String getHeldSince() {
      return now.minus(holder.heldFor()).truncatedTo(ChronoUnit.MILLIS).toString();
    }

    @Override
    public List<String> getAcquiredAt() {
      return holder.acquiredAt().stream().map(StackTraceElement::toString).toList();
    }

    @Override
    public boolean isWaiting() {
      return holder.waiting();
    }
  }
}
