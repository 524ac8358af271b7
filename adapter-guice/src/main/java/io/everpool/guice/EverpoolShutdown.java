package io.everpool.guice;

import com.google.inject.Inject;
import com.google.inject.Injector;
import com.google.inject.Module;
import com.google.inject.Singleton;
import io.everpool.api.Pool;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Ends the pools of an injector, which has no life cycle of its own. Guice makes one for all pools,
 * those in private modules and child injectors included: {@code
 * injector.getInstance(EverpoolShutdown.class).close()}. Where explicit bindings are required, or a
 * child's pools shall end before its parent's, install the {@link #module()} of one.
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
@Singleton
public final class EverpoolShutdown implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();
  private final Deque<Opening> openings = new ArrayDeque<>();
  private final Set<Injector> abandoned = Collections.newSetFromMap(new WeakHashMap<>());
  private boolean closed;
  @Nullable Thread exitHook;

  /** A pool, and the child injector with which it was made, if that wasn't the first one. */
  private record Opening(Pool pool, @Nullable Injector child) {}

  /** With no pools yet; for one injector. */
  @Inject
  public EverpoolShutdown() {}

  /** Binds this very shutdown, instead of one that the injector makes. */
  public Module module() {
    return binder -> binder.bind(EverpoolShutdown.class).toInstance(this);
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
    closeLater(pool, null);
  }

  /** The same for a pool that is made with a child injector. */
  void closeLater(Pool pool, @Nullable Injector child) {
    lock.lock();
    try {
      if (!closed && !abandoned.contains(child)) {
        // who makes children over and over closes their pools himself
        openings.removeIf(opening -> opening.pool().isClosed());
        openings.push(new Opening(pool, child));
        return;
      }
    } finally {
      lock.unlock();
    }
    pool.close();
  }

  /**
   * Closes the pools that were made with an injector that nobody will get, and those that are yet
   * to be made with it: all of them, or where it is a {@code child} those that aren't its parent's.
   */
  void abandon(@Nullable Injector child) {
    if (child == null) {
      close();
      return;
    }
    lock.lock();
    try {
      abandoned.add(child);
      for (Iterator<Opening> each = openings.iterator(); each.hasNext(); ) {
        Opening opening = each.next();
        if (opening.child() == child) {
          each.remove();
          opening.pool().close();
        }
      }
    } finally {
      lock.unlock();
    }
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
      for (Opening each = openings.poll(); each != null; each = openings.poll()) {
        each.pool().close();
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
