package io.everpool.benchmarks.harness;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Platform threads that do one thing together. */
final class Crew {

  /** What each of the threads does; it is given its number. */
  @FunctionalInterface
  interface Task {
    void run(int thread) throws Exception;
  }

  private final List<Thread> threads = new ArrayList<>();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  private Crew(int size, Task task) {
    for (int i = 0; i < size; i++) {
      int number = i;
      Thread thread = new Thread(() -> run(task, number), "crew-" + number);
      thread.setDaemon(true);
      threads.add(thread);
    }
  }

  /** Starts the threads. */
  static Crew start(int size, Task task) {
    Crew crew = new Crew(size, task);
    crew.threads.forEach(Thread::start);
    return crew;
  }

  /** Starts the threads and waits for their end. */
  static void run(int size, Task task) throws Exception {
    start(size, task).join();
  }

  /** Waits for the threads' end; throws what the first thread that failed has thrown. */
  void join() throws Exception {
    join(Duration.ofDays(1));
  }

  /** Does the same, but interrupts the threads that still run after {@code grace}. */
  void join(Duration grace) throws Exception {
    long deadline = System.nanoTime() + grace.toNanos();
    for (Thread thread : threads) {
      long left = deadline - System.nanoTime();
      thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join();
      }
    }
    Throwable first = failure.get();
    if (first != null) {
      throw new IllegalStateException("a thread failed: " + first, first);
    }
  }

  private void run(Task task, int number) {
    try {
      task.run(number);
    } catch (Throwable e) {
      failure.compareAndSet(null, e);
    }
  }
}
