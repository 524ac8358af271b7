package io.everpool.console;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The requests that are read and answered just now, each by a thread of its own, which hangs where
 * somebody sends half a request or reads no answer. So each has a deadline; and where there are too
 * many, the oldest gives way to the next, lest anybody be kept out. Thread-safe.
 *
 * <p>To cut one is to interrupt its thread, which closes the channel that it hangs at. The JDK's
 * own limits ({@code sun.net.httpserver.maxReqTime} and its like) are the whole process's, and so
 * the application's to set.
 */
final class Visits implements Executor {

  /** So many at once; one that is none of a hanger's takes some milliseconds. */
  static final int MOST = 128;

  private static final long MOST_SECONDS_TO_CLOSE = 10;
  private static final long SECONDS_UNUSED = 10;

  private final long deadlineNanos;
  private final ReentrantLock lock = new ReentrantLock();

  /** Those that may be cut, the oldest first; guarded by the lock. */
  private final Set<Visit> present = new LinkedHashSet<>();

  private final ThreadPoolExecutor workers;
  private final ScheduledThreadPoolExecutor guard;

  /**
   * @param deadline for each, from its first byte to the last of its answer
   */
  Visits(Duration deadline) {
    deadlineNanos = deadline.toNanos();
    workers =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            SECONDS_UNUSED,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            daemons("everpool-console-"));
    guard = new ScheduledThreadPoolExecutor(1, daemons("everpool-console-guard-"));
    guard.setRemoveOnCancelPolicy(true);
    guard.setKeepAliveTime(SECONDS_UNUSED, TimeUnit.SECONDS);
    guard.allowCoreThreadTimeOut(true);
  }

  private static ThreadFactory daemons(String name) {
    AtomicInteger count = new AtomicInteger();
    return task -> {
      Thread thread = new Thread(task, name + count.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    };
  }

  @Override
  public void execute(Runnable request) {
    Visit visit = new Visit(request);
    visit.enter();
    try {
      workers.execute(visit);
    } catch (RuntimeException | Error e) { // closed, or there are no threads any more
      visit.leave();
      throw e;
    }
  }

  /**
   * The caller's request is an open page now: no deadline is for that, and it gives way to none.
   */
  void stays() {
    lock.lock();
    try {
      Thread caller = Thread.currentThread();
      present.stream().filter(each -> each.thread == caller).toList().forEach(Visit::leave);
    } finally {
      lock.unlock();
    }
  }

  /** Ends them all, open pages as well; false if one doesn't end. */
  boolean close() {
    guard.shutdownNow();
    workers.shutdownNow();
    try {
      return workers.awaitTermination(MOST_SECONDS_TO_CLOSE, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  private final class Visit implements Runnable {
    private final Runnable request;

    // ---- guarded by the lock
    private @Nullable Thread thread;
    private boolean cut;
    private @Nullable Future<?> deadline;

    Visit(Runnable request) {
      this.request = request;
    }

    void enter() {
      lock.lock();
      try {
        deadline = guard.schedule(this::cut, deadlineNanos, TimeUnit.NANOSECONDS);
        present.add(this);
        if (present.size() > MOST) {
          present.iterator().next().cut();
        }
      } finally {
        lock.unlock();
      }
    }

    void leave() {
      lock.lock();
      try {
        present.remove(this);
        if (deadline != null) {
          deadline.cancel(false);
        }
      } finally {
        lock.unlock();
      }
    }

    /** Does nothing if it is through, or stays. */
    private void cut() {
      lock.lock();
      try {
        if (present.contains(this)) {
          leave();
          cut = true;
          if (thread != null) {
            thread.interrupt();
          }
        }
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void run() {
      begin();
      try {
        request.run();
      } finally {
        end();
      }
    }

    private void begin() {
      lock.lock();
      try {
        thread = Thread.currentThread();
        if (cut) {
          thread.interrupt(); // it ends as soon as it reads
        }
      } finally {
        lock.unlock();
      }
    }

    private void end() {
      lock.lock();
      try {
        leave(); // after which it can't be cut any more, and the thread's next request is not
        thread = null;
      } finally {
        lock.unlock();
      }
    }
  }
}
