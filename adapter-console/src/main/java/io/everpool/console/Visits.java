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
 * The requests that are read and answered just now. Each has a thread of its own, which hangs if
 * somebody sends half a request or doesn't read the answer. So each request has a deadline; and if
 * there are too many, the oldest is cut for the next one, so that nobody is kept out. Thread-safe.
 *
 * <p>To cut a request is to interrupt its thread, which closes the channel at which the thread
 * hangs. The JDK's own limits ({@code sun.net.httpserver.maxReqTime} and its like) hold for the
 * whole process, and so the application has to set them.
 */
final class Visits implements Executor {

  /** How many requests there can be at once. One that doesn't hang takes some milliseconds. */
  static final int MOST = 128;

  private static final long MOST_SECONDS_TO_CLOSE = 10;
  private static final long SECONDS_UNUSED = 10;

  private final long deadlineNanos;
  private final ReentrantLock lock = new ReentrantLock();

  /** The requests that may be cut, the oldest first; guarded by the lock. */
  private final Set<Visit> present = new LinkedHashSet<>();

  private final ThreadPoolExecutor workers;
  private final ScheduledThreadPoolExecutor guard;

  /**
   * @param deadline how long each request may take, from its first byte to the last byte of its
   *     answer
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
    } catch (RuntimeException | Error e) { // the executor is closed, or no thread can be started
      visit.leave();
      throw e;
    }
  }

  /**
   * Is called when the caller's request has become an open page: it has no deadline any more, and
   * isn't cut for others.
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

  /** Ends all requests, open pages as well; false if one of them doesn't end. */
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

    /** Cuts the request. Does nothing if the request is finished, or is an open page. */
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
          thread.interrupt(); // the request ends as soon as it reads
        }
      } finally {
        lock.unlock();
      }
    }

    private void end() {
      lock.lock();
      try {
        leave(); // from now on it can't be cut, so that the thread's next request isn't hit
        thread = null;
      } finally {
        lock.unlock();
      }
    }
  }
}
