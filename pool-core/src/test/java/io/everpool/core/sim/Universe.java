package io.everpool.core.sim;

import io.everpool.core.engine.TimeSource;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Runs whatever is ready in a random order, and moves time when nothing is; and a little at each
 * look that the pool takes at the clock, so that two readings within a pass differ.
 */
final class Universe implements TimeSource {

  /** What passes at the most from one look at the clock to the next; nanoseconds. */
  private static final int LOOK = 5_000;

  private record Task(long at, long sequence, Runnable action) implements Comparable<Task> {
    @Override
    public int compareTo(Task other) {
      return at != other.at ? Long.compare(at, other.at) : Long.compare(sequence, other.sequence);
    }
  }

  final RandomGenerator random;
  private final PriorityQueue<Task> later = new PriorityQueue<>();
  private final List<Runnable> ready = new ArrayList<>();
  private final List<Runnable> stalled = new ArrayList<>();
  private boolean stalls;
  private boolean hangs = true;
  private int hangNext;
  private Runnable check = () -> {};

  /** Time has no origin: everything must work across the overflow. */
  private final long origin;

  private long elapsed;
  private long sequence;
  private long steps;
  private long passes;

  Universe(long seed) {
    random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    origin = random.nextLong();
  }

  @Override
  public long nanoTime() {
    return origin + elapsed;
  }

  /** The pool's look at the clock, which takes time. */
  private long look() {
    elapsed += random.nextInt(LOOK);
    return nanoTime();
  }

  /** Passes of upkeep so far. */
  long passes() {
    return passes;
  }

  long steps() {
    return steps;
  }

  void after(long delay, Runnable action) {
    later.add(new Task(elapsed + Math.max(0, delay), sequence++, action));
  }

  /** Runs for so long, or until nothing is left to do; {@code check} follows every step. */
  void run(long duration, Runnable check) {
    this.check = check;
    elapse(duration);
  }

  /** What takes so long, of what runs just now: all others go on meanwhile. */
  void elapse(long duration) {
    long end = elapsed + duration;
    while (true) {
      if (ready.isEmpty()) {
        Task next = later.peek();
        if (next == null || next.at() > end) {
          elapsed = Math.max(elapsed, end);
          return;
        }
        elapsed = Math.max(elapsed, next.at()); // looks at the clock may have made it late
        for (Task task; (task = later.peek()) != null && task.at() <= elapsed; later.poll()) {
          ready.add(task.action());
        }
      }
      ready.remove(random.nextInt(ready.size())).run();
      steps++;
      check.run();
    }
  }

  Environment environment() {
    return new Environment(
        this::look,
        () -> Instant.ofEpochSecond(0, elapsed),
        new VirtualScheduler(),
        this::work,
        this::workTogether,
        random::nextDouble,
        nanos -> {});
  }

  /** One in twenty never begins: there was no thread, or it stands behind one that hangs. */
  private void workTogether(Runnable task) {
    if (!hangs || random.nextInt(20) > 0) {
      work(task);
    }
  }

  /** A worker's task takes a few milliseconds to begin; one in three hundred hangs for a minute. */
  private void work(Runnable task) {
    boolean hanging = hangNext > 0 || (hangs && random.nextInt(300) == 0);
    hangNext = Math.max(0, hangNext - 1);
    long delay = hanging ? 60_000_000_000L : (long) (random.nextExponential() * 3_000_000);
    after(
        delay,
        () -> {
          if (stalls) {
            stalled.add(task);
          } else {
            task.run();
          }
        });
  }

  /** So many of the next tasks of workers hang. */
  void hangNext(int tasks) {
    hangNext = tasks;
  }

  /** From now on no worker's task hangs by itself. */
  void calm() {
    hangs = false;
  }

  /** Whether workers' tasks get stuck; when they don't any more, those that were go on. */
  void stall(boolean value) {
    stalls = value;
    if (!value) {
      stalled.forEach(task -> after(random.nextInt(1_000_000), task));
      stalled.clear();
    }
  }

  private final class VirtualScheduler implements PassScheduler {
    private Pass pass = now -> Long.MAX_VALUE;
    private long due;
    private boolean hurried;
    private boolean stopped;

    @Override
    public void start(Pass first) {
      pass = first;
      beat();
    }

    private void beat() {
      if (stopped) {
        return;
      }
      passes++;
      hurried = false;
      long delay = pass.run(look());
      if (delay < Long.MAX_VALUE) {
        long at = elapsed + delay;
        due = at;
        after(
            delay,
            () -> {
              if (due == at && !hurried) {
                beat();
              }
            });
      }
    }

    @Override
    public void hurry() {
      if (!hurried) {
        hurried = true;
        after(random.nextInt(50_000), this::beat);
      }
    }

    @Override
    public void stop() {
      stopped = true;
    }
  }
}
