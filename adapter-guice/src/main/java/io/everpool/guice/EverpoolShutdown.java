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

  /** Read without the lock: whoever asks may hold what the closing waits for. */
  private volatile boolean closed;

  @Nullable Thread exitHook;

  /** With no pools yet; for one injector. */
  public EverpoolShutdown() {}

  /** Binds this very shutdown, instead of one that the injector makes. */
  public Module module() {
    return binder ->
        OptionalBinder.newOptionalBinder(binder, EverpoolShutdown.class)
            .setBinding()
            .toInstance(this);
  }

  /**
   * Closes at the latest when the JVM goes down in good order ({@link System#exit}, SIGTERM, the
   * end of the last thread): for applications whose own end nobody can catch. Other things that
   * happen at that time may then meet closed pools; where an order matters, call {@link #close()}.
   * Asking again, or after the closing, does nothing.
   *
   * @return this
   * @throws IllegalStateException if the JVM is going down already
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
      forgetExit();
    } finally {
      lock.unlock();
    }
  }

  /** What the JVM holds, it holds for good: an application that is loaded anew would add up. */
  private void forgetExit() {
    Thread hook = exitHook;
    exitHook = null;
    if (hook != null) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException goingDown) {
        // too late to take it out, and no harm: the second close does nothing
      }
    }
  }

  /** Whether {@link #close()} was called, or a pool couldn't be opened. Waits for nothing. */
  public boolean isClosed() {
    return closed;
  }
}
