package io.everpool.it;

import io.everpool.servers.Await;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/** Threads of an application, and the errors that it saw. */
final class Crew implements AutoCloseable {

  /** What a thread does. */
  @FunctionalInterface
  interface Job {
    void run() throws Exception;
  }

  /** Errors after which a crew stops working: they won't get better. */
  private static final int ENOUGH = 20;

  private static final long BREATH = 1_000_000;

  private final List<Thread> threads = new ArrayList<>();
  private final Queue<Throwable> errors = new ConcurrentLinkedQueue<>();
  private final AtomicLong done = new AtomicLong();
  private final AtomicLongArray rounds;
  private final AtomicBoolean over = new AtomicBoolean();

  private Crew(int size) {
    rounds = new AtomicLongArray(size);
  }

  /** Each of {@code size} threads does the job once. */
  static Crew of(int size, Job job) {
    Crew crew = new Crew(size);
    crew.start(size, member -> job.run());
    return crew;
  }

  /**
   * Each of {@code size} threads does the job again and again, until {@link #close()}; with a
   * breath in between, lest it take the machine from those that it waits for.
   */
  static Crew looping(int size, Job job) {
    Crew crew = new Crew(size);
    crew.start(
        size,
        member -> {
          while (!crew.over.get() && crew.errors.size() < ENOUGH) {
            try {
              job.run();
            } catch (Exception e) {
              crew.errors.add(e);
            }
            crew.rounds.incrementAndGet(member);
            LockSupport.parkNanos(BREATH);
          }
        });
    return crew;
  }

  private interface Member {
    void run(int member) throws Exception;
  }

  private void start(int size, Member work) {
    for (int i = 0; i < size; i++) {
      int member = i;
      Thread thread =
          new Thread(
              () -> {
                try {
                  work.run(member);
                  done.incrementAndGet();
                } catch (Throwable e) {
                  errors.add(e);
                }
              },
              "crew-" + i);
      thread.setDaemon(true);
      threads.add(thread);
    }
    threads.forEach(Thread::start);
  }

  /** Waits until every thread has done its job {@code more} times from now on. */
  void awaitRounds(long more) {
    long[] goals = new long[rounds.length()];
    for (int i = 0; i < goals.length; i++) {
      goals[i] = rounds.get(i) + more;
    }
    Await.until(
        Db.LIMIT,
        () -> {
          if (errors.size() >= ENOUGH) {
            throw new AssertionError("too many errors: " + errors);
          }
          for (int i = 0; i < goals.length; i++) {
            if (rounds.get(i) < goals[i]) {
              return false;
            }
          }
          return true;
        },
        more + " more rounds of everyone; errors so far: " + errors);
  }

  /** Threads that did their job without an error. */
  long done() {
    return done.get();
  }

  List<Throwable> errors() {
    return List.copyOf(errors);
  }

  /** The first errors with their stacks, for whoever has to find out. */
  String report() {
    StringWriter text = new StringWriter();
    PrintWriter out = new PrintWriter(text, true);
    errors.stream().limit(3).forEach(error -> error.printStackTrace(out));
    return text.toString();
  }

  /** Waits for the end of every thread. */
  void join() throws InterruptedException {
    for (Thread thread : threads) {
      thread.join(Db.LIMIT.multipliedBy(3).toMillis());
      if (thread.isAlive()) {
        throw new AssertionError(
            thread.getName() + " is still at " + List.of(thread.getStackTrace()));
      }
    }
  }

  @Override
  public void close() {
    over.set(true);
    try {
      join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
