package io.everpool.core.runtime;

import java.security.AccessController;
import java.security.PrivilegedAction;

/**
 * Makes the pool's threads. A pool may outlive the application that happened to open it, or that
 * happened to borrow when a thread was wanted, and must not keep it from being unloaded. So its
 * threads inherit neither thread-locals nor priority nor the context class loader, which is the
 * pool's own; nor, before Java 24, the protection domains of whoever calls.
 */
final class PoolThreads {

  private PoolThreads() {}

  /** A daemon that is to be started. */
  @SuppressWarnings("removal") // what replaces it came with the release that does without
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

  /** As it is born: whoever happens to open a pool may have any priority, and any loader. */
  @SuppressWarnings("ThreadPriorityCheck") // it takes back what others relied on
  static void restore(Thread thread) {
    thread.setContextClassLoader(PoolThreads.class.getClassLoader());
    thread.setUncaughtExceptionHandler(null);
    if (thread.getPriority() != Thread.NORM_PRIORITY) {
      thread.setPriority(Thread.NORM_PRIORITY);
    }
  }
}
