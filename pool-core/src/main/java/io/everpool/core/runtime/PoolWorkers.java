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
  private final Executor together;
  private final String threadName;

  /** Those that have begun. */
  private final Set<Task> tasks = ConcurrentHashMap.newKeySet();

  private volatile boolean closed;

  /**
   * @param all a thread for each task
   * @param together a thread for all tasks of one turn of upkeep
   */
  PoolWorkers(Executor all, Executor together, String pool) {
    this.all = all;
    this.together = together;
    this.threadName = "everpool-" + pool + "-worker";
  }

  @Override
  public void execute(Runnable work) {
    submit(work, all);
  }

  /** As {@link UpkeepThread#together}. */
  void together(Runnable work) {
    submit(work, together);
  }

  private void submit(Runnable work, Executor to) {
    if (closed) {
      throw new RejectedExecutionException("the pool is closed");
    }
    to.execute(new Task(work));
  }

  /**
   * Takes no further task; those under way are interrupted, and left to end by themselves, as those
   * are from their beginning that have not begun. One that closes its own pool doesn't hang, and
   * what it does afterwards, such as closing the next one, is not to be cut short.
   */
  void close() {
    closed = true;
    tasks.forEach(Task::interrupt);
  }

  private final class Task implements Runnable {
    private final Runnable work;
    private @Nullable Thread worker;

    Task(Runnable work) {
      this.work = work;
    }

    @Override
    public void run() {
      Thread thread = Thread.currentThread();
      String name = thread.getName();
      try {
        prepare(thread);
        work.run();
      } finally {
        try {
          end();
        } finally {
          restore(thread, name);
        }
      }
    }

    /**
     * What the task has done to its thread must not reach the next one, nor keep the application
     * that it is from being unloaded: drivers and listeners set a context class loader and forget
     * it. (Of thread-locals only they know.)
     */
    private static void restore(Thread thread, String name) {
      try {
        PoolThreads.restore(thread);
      } finally {
        thread.setName(name);
      }
    }

    /**
     * Whoever has asked for the work was told that it will be done. So it is, be it without its
     * name, or out of reach of the pool's end.
     */
    private void prepare(Thread thread) {
      try {
        thread.setName(threadName);
        begin(thread);
      } catch (Throwable e) {
        tellUnready(e);
      }
    }

    /** With no memory left not even the text can be had, the first time that it is needed. */
    private void tellUnready(Throwable why) {
      try {
        UpkeepThread.tell("{} could not be made ready, and works all the same", threadName, why);
      } catch (Throwable e) {
        // so be it
      }
    }

    private synchronized void begin(Thread thread) {
      worker = thread;
      tasks.add(this);
      // After it was added: either the end of the pool finds it, or it is found here.
      if (closed) {
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
      if (worker != null && worker != Thread.currentThread()) {
        worker.interrupt();
      }
    }
  }
}
