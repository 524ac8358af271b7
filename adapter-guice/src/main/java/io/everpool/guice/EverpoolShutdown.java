package io.everpool.guice;

import com.google.inject.Module;
import com.google.inject.multibindings.OptionalBinder;
import io.everpool.api.Pool;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Ends the pools of an injector, which has no life cycle of its own. {@link EverpoolModule} binds
 * one for all pools: {@code injector.getInstance(EverpoolShutdown.class).close()}.
 *
 * <p>When something of the application's own fails while the injector is created, there is no
 * injector to ask. Whoever wants the pools closed then too makes the shutdown first:
 *
 * <pre>{@code
 * try (EverpoolShutdown shutdown = new EverpoolShutdown()) {
 *   Injector injector =
 *       Guice.createInjector(shutdown.module(), EverpoolModule.load(), new ShopModule());
 *   injector.getInstance(Shop.class).run();
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class EverpoolShutdown implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Pool> pools = new ArrayDeque<>();
  private boolean closed;

  /** With no pools yet; for one injector. */
  public EverpoolShutdown() {}

  /** Binds this very shutdown, instead of one that the injector makes. */
  public Module module() {
    return binder ->
        OptionalBinder.newOptionalBinder(binder, EverpoolShutdown.class)
            .setBinding()
            .toInstance(this);
  }

  /** Takes over the closing of {@code pool}; closes it at once if that time has come already. */
  void closeLater(Pool pool) {
    lock.lock();
    try {
      if (!closed) {
        pools.push(pool);
        return;
      }
    } finally {
      lock.unlock();
    }
    pool.close();
  }

  /**
   * Closes the pools one after the other, the one opened last first, each as {@link Pool#close()}
   * says. From then on no pool of the injector stays open. Later calls do nothing, but for waiting
   * until the first is through: a JVM that is going down mustn't overtake it.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      for (Pool pool = pools.poll(); pool != null; pool = pools.poll()) {
        pool.close();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Whether {@link #close()} was called, or a pool couldn't be opened. */
  public boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }
}
