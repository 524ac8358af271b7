package io.everpool.guice;

import com.google.inject.Module;
import com.google.inject.multibindings.OptionalBinder;
import io.everpool.api.Pool;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Ends the pools of an injector, which has no life cycle of its own. {@link EverpoolModule} binds
 * one object of this class for all pools: {@code
 * injector.getInstance(EverpoolShutdown.class).close()}.
 *
 * <p>When something of the application's own fails while the injector is created, there is no
 * injector to ask. If the pools are to be closed then, too, make the shutdown first:
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

  /**
   * Whether this was closed. It is read without the lock, because the thread that asks may hold
   * something for which the closing waits.
   */
  private volatile boolean closed;

  @Nullable Thread exitHook;

  /** Makes a shutdown without pools yet, for one injector. */
  public EverpoolShutdown() {}

  /** A module that binds this very object, instead of one that the injector makes. */
  public Module module() {
    return binder ->
        OptionalBinder.newOptionalBinder(binder, EverpoolShutdown.class)
            .setBinding()
            .toInstance(this);
  }

  /**
   * Closes the pools at the latest when the JVM ends in good order ({@link System#exit}, SIGTERM,
   * the end of the last thread). This is for applications whose own end nobody can catch. Other
   * things that happen at that time may then find closed pools; if the order matters, call {@link
   * #close()}. A second call, or one after the closing, does nothing.
   *
   * @return this
   * @throws IllegalStateException if the JVM is already ending
   */
  public EverpoolShutdown closeAtJvmExit() {
    lock.lock();
    try {
      if (!closed && exitHook == null) {
        Thread hook = new Thread(this::close, "everpool-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        exitHook = hook;
      }
      return this;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes over the closing of {@code pool}; closes it at once if everything else was closed
   * already.
   */
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
   * Closes the pools one after the other, beginning with the one that was opened last; each is
   * closed as {@link Pool#close()} says. From then on no pool of the injector stays open. Later
   * calls only wait until the first one is finished, because a JVM that is ending must not overtake
   * it.
   */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      for (Pool pool = pools.poll(); pool != null; pool = pools.poll()) {
        pool.close();
      }
      forgetExit();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Removes the hook from the JVM. The JVM never lets go of a hook by itself, so an application
   * that is loaded again and again would leave one each time.
   */
  private void forgetExit() {
    Thread hook = exitHook;
    exitHook = null;
    if (hook != null) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException goingDown) {
        // The JVM is ending, and it is too late to remove the hook. That does no harm: the second
        // close does nothing.
      }
    }
  }

  /** Whether {@link #close()} was called, or a pool couldn't be opened. It doesn't wait. */
  public boolean isClosed() {
    return closed;
  }
}
