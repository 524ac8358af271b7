package io.everpool.core.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * One pool's share of the workers of all pools. A thread is named after the pool while it works for
 * it.
 */
final class PoolWorkers implements Executor {
  private final Executor all;
  private final Executor together;
  private final String pool;

  /** The threads that work for the pool just now; guarded by itself. */
  private final List<Thread> busy = new ArrayList<>(0);

  private volatile boolean closed;

  /**
   * @param all has a thread for each task
   * @param together has one thread for all tasks of one turn of upkeep
   */
  PoolWorkers(Executor all, Executor together, String pool) {
    this.all = all;
    this.together = together;
    this.pool = pool;
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
   * Takes no further task, and interrupts those that run, which then end by themselves. A task that
   * was taken and hasn't begun is interrupted when it begins. The calling thread is not interrupted
   * if it runs one of them: a task that closes its own pool doesn't hang, and what it does next,
   * such as closing another pool, must not be cut short.
   */
  void close() {
    closed = true;
    synchronized (busy) {
      for (Thread worker : busy) {
        if (worker != Thread.currentThread()) {
          worker.interrupt();
        }
      }
    }
  }

  private final class Task implements Runnable {
    private final Runnable work;

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
          end(thread);
        } finally {
          restore(thread, name);
        }
      }
    }

    /**
     * Undoes what the task has done to its thread: drivers and listeners set a context class loader
     * and don't take it back. It would be there for the thread's next task, and keep an application
     * from being unloaded. (Thread-locals can't be undone: only those who have set them know of
     * them.)
     */
    private static void restore(Thread thread, String name) {
      try {
        PoolThreads.restore(thread);
      } finally {
        thread.setName(name);
      }
    }

    /**
     * Names the thread and makes it known to {@link #close}. If that fails the work is done all the
     * same, because whoever submitted it was told that it would be.
     */
    private void prepare(Thread thread) {
      try {
        thread.setName("everpool-" + pool + "-worker");
        begin(thread);
      } catch (Throwable e) {
        tellUnready(e);
      }
    }

    /** If memory is short, even loading this text may fail when it is needed for the first time. */
    private void tellUnready(Throwable why) {
      try {
        String what = "a worker of pool {} could not be made ready, and works all the same";
        UpkeepThread.tell(what, pool, why);
      } catch (Throwable e) {
        // nothing more can be said
      }
    }

    private void begin(Thread thread) {
      synchronized (busy) {
        busy.add(thread);
        // The flag is read after the adding: either close() finds the thread, or this finds the
        // pool closed.
        if (closed) {
          thread.interrupt();
        }
      }
    }

    /**
     * An interrupt that was meant for this task must not reach the thread's next one, which may be
     * another pool's.
     */
    private void end(Thread thread) {
      synchronized (busy) {
        Thread.interrupted();
        busy.remove(thread);
      }
    }
  }
}
