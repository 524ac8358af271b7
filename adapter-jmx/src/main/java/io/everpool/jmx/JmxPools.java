package io.everpool.jmx;

import io.everpool.api.Pool;
import io.everpool.api.PoolState;
import io.everpool.api.observe.PoolEvent;
import io.everpool.api.observe.PoolListener;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanRegistrationException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * Registers a {@link PoolMXBean} for each pool that opens with this object as a listener, and
 * removes it when the pool closes:
 *
 * <pre>{@code
 * Pool pool = Everpool.builder(config).listener(JmxPools.onPlatform()).open();
 * }</pre>
 *
 * <p>The beans are called {@code io.everpool:type=Pool,name="orders"}. If that name is taken by
 * another pool of the same name, perhaps of another application in the same process, {@code
 * ,instance=2} and so on is added. So no pool fails to open because of a name, and no bean is
 * replaced.
 *
 * <p>One object serves any number of pools. Thread-safe.
 */
public final class JmxPools implements PoolListener {
  private static final String DOMAIN = "io.everpool";

  private final MBeanServer server;

  /** What is registered; guarded by this list's own monitor. */
  private final List<Registered> registered = new ArrayList<>();

  private record Registered(Pool pool, ObjectName name) {}

  private JmxPools(MBeanServer server) {
    this.server = server;
  }

  /**
   * Registers pools in the platform's server, which consoles read, and in which the JVM has its own
   * beans.
   */
  public static JmxPools onPlatform() {
    return on(ManagementFactory.getPlatformMBeanServer());
  }

  /** Registers pools in a server of one's own. */
  public static JmxPools on(MBeanServer server) {
    return new JmxPools(Objects.requireNonNull(server, "server"));
  }

  /**
   * Registers a pool that has opened, and takes away one that has closed.
   *
   * @throws IllegalStateException if the server refuses it; the pool then works without a bean
   */
  @Override
  public void onEvent(PoolEvent event) {
    try {
      if (event instanceof PoolEvent.PoolOpened opened) {
        register(opened.self());
      } else if (event instanceof PoolEvent.PoolClosed) {
        unregisterTheClosed();
      }
    } catch (JMException e) {
      throw new IllegalStateException("JMX refuses pool " + event.pool(), e);
    }
  }

  private void register(Pool pool) throws JMException {
    PoolView view = new PoolView(pool);
    for (int instance = 1; ; instance++) {
      try {
        ObjectName name = server.registerMBean(view, name(pool.name(), instance)).getObjectName();
        synchronized (registered) {
          registered.add(new Registered(pool, name));
        }
        return;
      } catch (InstanceAlreadyExistsException e) {
        // The name is taken, so the next instance is tried.
      }
    }
  }

  private static ObjectName name(String pool, int instance) throws JMException {
    return new ObjectName(
        DOMAIN
            + ":type=Pool,name="
            + ObjectName.quote(pool)
            + (instance == 1 ? "" : ",instance=" + instance));
  }

  /**
   * Removes the beans of pools that have closed. This asks the pools themselves and doesn't go by
   * the name, for another pool of that name may still be open.
   */
  private void unregisterTheClosed() throws MBeanRegistrationException {
    List<ObjectName> names = new ArrayList<>();
    synchronized (registered) {
      for (Iterator<Registered> each = registered.iterator(); each.hasNext(); ) {
        Registered one = each.next();
        if (one.pool().snapshot().state() == PoolState.CLOSED) {
          each.remove();
          names.add(one.name());
        }
      }
    }
    for (ObjectName name : names) {
      try {
        server.unregisterMBean(name);
      } catch (InstanceNotFoundException e) {
        // Somebody has removed it already.
      }
    }
  }

  @Override
  public String toString() {
    return "JmxPools";
  }
}
