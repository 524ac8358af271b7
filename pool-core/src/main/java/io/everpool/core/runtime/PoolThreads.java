package io.everpool.core.runtime;

import java.security.AccessController;
import java.security.PrivilegedAction;

/**
 * Makes the pool's threads. A pool may outlive the application that happened to open it, or to
 * borrow a connection when a thread was needed, and must not keep that application from being
 * unloaded. So its threads inherit neither thread-locals nor the priority nor the context class
 * loader of the caller; their context class loader is the pool's own. Nor do they inherit, before
 * Java 24, the caller's protection domains.
 */
final class PoolThreads {

  private PoolThreads() {}

  /** Makes a daemon thread and doesn't start it. */
  @SuppressWarnings("removal") // its replacement came only with the Java release that needs neither
  static Thread unborn(Runnable task, String name) {
    return AccessController.doPrivileged(
        (PrivilegedAction<Thread>)
            () -> {
              Thread thread = new Thread(null, task, name, 0, false);
              thread.setDaemon(true);
              restore(thread);
              return thread;
            });
  }

  /**
   * Gives the thread the loader and priority of a new one: its maker or its task may have others.
   */
  @SuppressWarnings("ThreadPriorityCheck") // it only takes back a priority that others have set
  static void restore(Thread thread) {
    thread.setContextClassLoader(PoolThreads.class.getClassLoader());
    thread.setUncaughtExceptionHandler(null);
    if (thread.getPriority() != Thread.NORM_PRIORITY) {
      thread.setPriority(Thread.NORM_PRIORITY);
    }
  }
}
