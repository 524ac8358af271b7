package io.everpool.core.runtime;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What one pool has of the workers of all. A thread is named after the pool for as long as it works
 * for it.
 */
final class PoolWorkers implements Executor {
  private final Executor all;
  private final String threadName;
  private final Set<Task> tasks = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  PoolWorkers(Executor all, String pool) {
    this.all = all;
    this.threadName = "everpool-" + pool + "-worker";
  }

  @Override
  public void execute(Runnable work) {
    Task task = new Task(work);
    tasks.add(task);
    boolean taken = false;
    try {
      // After the task was added: either the end of the pool finds it, or it is found here.
      if (closed) {
        throw new RejectedExecutionException("the pool is closed");
      }
      all.execute(task);
      taken = true;
    } finally {
      if (!taken) {
        tasks.remove(task);
      }
    }
  }

  /** Takes no further task; those under way are interrupted, and left to end by themselves. */
  void close() {
    closed = true;
    tasks.forEach(Task::interrupt);
  }

  private final class Task implements Runnable {
    private final Runnable work;
    private @Nullable Thread worker;
    private boolean interrupted;

    Task(Runnable work) {
      this.work = work;
    }

    @Override
    public void run() {
      Thread thread = Thread.currentThread();
      String name = thread.getName();
      thread.setName(threadName);
      begin(thread);
      try {
        work.run();
      } finally {
        end();
        thread.setName(name);
      }
    }

    private synchronized void begin(Thread thread) {
      worker = thread;
      if (interrupted) {
        thread.interrupt();
      }
    }

    /**
     * What is meant for this task must not reach the thread's next one, which is another pool's.
     */
    private synchronized void end() {
      worker = null;
      Thread.interrupted();
      tasks.remove(this);
    }

    private synchronized void interrupt() {
      interrupted = true;
      if (worker != null) {
        worker.interrupt();
      }
    }
  }
}
