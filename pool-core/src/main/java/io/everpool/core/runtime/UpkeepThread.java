package io.everpool.core.runtime;

import io.everpool.core.upkeep.PassScheduler;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the upkeep of all pools on one thread, pass after pass: a pass blocks for nothing, so that
 * no pool waits for another. The thread begins with the first pool and ends with the last.
 */
final class UpkeepThread {
  private static final Logger log = LoggerFactory.getLogger(UpkeepThread.class);

  /** After a pass that failed; nanoseconds. */
  private static final long AFTER_FAILURE = 100_000_000L;

  /** The longest pause, so that times can be added and compared; nanoseconds. */
  private static final long LONGEST = 86_400_000_000_000L;

  /**
   * A pass that isn't due soon is put off to the next multiple of this, so that one wake-up serves
   * all pools at rest instead of one wake-up each. A pool at work has its passes as far apart;
   * nanoseconds.
   */
  private static final long TOGETHER = 100_000_000L;

  /** A pass that is due earlier than this isn't put off; nanoseconds. */
  private static final long A_WHILE = 1_000_000_000L;

  /** Copied when it changes, so that whoever walks it needs no lock and no memory. */
  private volatile Schedule[] schedules = {};

  private volatile @Nullable Thread thread;

  private final Executor workers;

  /** What the passes of this turn leave to a worker; upkeep thread only. */
  private List<Runnable> together = new ArrayList<>();

  /**
   * @param workers a thread for each task
   */
  UpkeepThread(Executor workers) {
    this.workers = workers;
  }

  /**
   * Leaves the task to one worker, which runs the tasks of all passes of this turn one after the
   * other. A task may wait behind one of another pool that hangs, and is dropped if no thread can
   * be had: whoever depends on it looks whether it has begun, and otherwise asks for a thread of
   * its own.
   *
   * <p>For passes. From any other thread the task goes to a worker at once.
   */
  void together(Runnable task) {
    if (Thread.currentThread() == thread) {
      together.add(task);
    } else {
      workers.execute(task);
    }
  }

  private void runTogether() {
    if (together.isEmpty()) {
      return;
    }
    try {
      List<Runnable> tasks = together;
      together = new ArrayList<>();
      workers.execute(() -> runEach(tasks));
    } catch (Throwable e) {
      tell("no thread for what the pools have to do together; each asks for its own", e);
    }
  }

  /** What one task throws must not keep back those of other pools. */
  private static void runEach(List<Runnable> tasks) {
    for (Runnable task : tasks) {
      try {
        task.run();
      } catch (Throwable e) {
        tell("a task failed that was done together with others; the next one is done", e);
      }
    }
  }

  /** A scheduler for one pool, whose passes begin when it is started. */
  PassScheduler scheduler(String pool) {
    return new Schedule(pool);
  }

  private synchronized void add(Schedule schedule) {
    if (thread == null) {
      Thread begun = PoolThreads.unborn(this::loop, "everpool-upkeep");
      begun.start(); // fails at the limit of the process; it waits for this lock
      thread = begun;
    }
    Schedule[] more = Arrays.copyOf(schedules, schedules.length + 1);
    more[schedules.length] = schedule;
    schedules = more;
  }

  private synchronized void remove(Schedule schedule) {
    schedules = Arrays.stream(schedules).filter(each -> each != schedule).toArray(Schedule[]::new);
  }

  /** Whether no pool is left; then the next one begins a thread of its own. */
  private synchronized boolean isOver() {
    for (Schedule each : schedules) {
      if (!each.stopped) {
        return false;
      }
    }
    thread = null;
    return true;
  }

  private void loop() {
    while (!isOver()) {
      try {
        turn();
      } catch (Throwable e) {
        // There is no memory even for that; but whoever ended this thread would end all pools.
        LockSupport.parkNanos(this, AFTER_FAILURE);
      }
      // Interrupts mean nothing here; left set, one would turn every park into a spin.
      Thread.interrupted();
    }
  }

  private void turn() {
    long now = System.nanoTime();
    long pause = LONGEST;
    Schedule[] all = schedules;
    for (Schedule each : all) {
      pause = Math.min(pause, each.run(now));
    }
    runTogether();
    // Asked before the park, though whoever changes something unparks: a pass may have parked
    // meanwhile, in a logger's lock, and used that up.
    if (schedules == all && !isHurried()) {
      LockSupport.parkNanos(this, pause - (System.nanoTime() - now));
    }
  }

  /** When a pass is due that wants to be so after this pause. */
  static long due(long now, long pause) {
    long due = now + pause;
    return pause < A_WHILE ? due : due + Math.floorMod(-due, TOGETHER);
  }

  static void tell(String what, Throwable survived) {
    try {
      log.error(what, survived);
    } catch (Throwable e) {
      // no memory even for that
    }
  }

  /**
   * As above; the name is put into the text only here, within the try, for that may take more
   * memory than there is.
   */
  static void tell(String what, String name, Throwable survived) {
    try {
      log.error(what, name, survived);
    } catch (Throwable e) {
      // as above
    }
  }

  private boolean isHurried() {
    for (Schedule each : schedules) {
      if (each.hurried.get() && each.begun && !each.stopped) {
        return true;
      }
    }
    return false;
  }

  /** One pool's. */
  private final class Schedule implements PassScheduler {
    private final String pool;
    private final AtomicBoolean hurried = new AtomicBoolean(true);
    private volatile boolean begun;
    private volatile boolean stopped;
    private @Nullable Pass pass; // before it has begun
    private long due; // upkeep thread only, but for the first pass

    Schedule(String pool) {
      this.pool = pool;
    }

    @Override
    public void start(Pass what) {
      pass = what;
      add(this);
      // Here, for whoever opens a pool mostly waits for its first connection: one thread less to
      // be woken on the way to it. The upkeep thread leaves the pool alone until then.
      hurried.set(false);
      pass(System.nanoTime());
      begun = true;
      LockSupport.unpark(thread);
    }

    @Override
    public void hurry() {
      if (!hurried.get() && hurried.compareAndSet(false, true)) {
        LockSupport.unpark(thread);
      }
    }

    @Override
    public void stop() {
      stopped = true;
      try {
        remove(this);
      } finally {
        LockSupport.unpark(thread);
      }
    }

    /**
     * Runs the pass if it is due or hurried; returns how long after {@code now} the next is due.
     */
    long run(long now) {
      if (stopped || !begun) {
        return LONGEST;
      }
      // Cleared before the pass looks: what happens during the pass hurries the next one.
      boolean asked = hurried.get() && hurried.getAndSet(false);
      if (asked || now - due >= 0) {
        pass(now);
      }
      return due - now;
    }

    private void pass(long now) {
      due = due(now, Math.min(LONGEST, run()));
    }

    /** A pass; survives whatever is thrown: without this thread there is no pool. */
    private long run() {
      try {
        return pass == null ? LONGEST : pass.run(System.nanoTime());
      } catch (Throwable e) {
        tell("Pool {}: a maintenance pass failed; the next one goes on", pool, e);
        return AFTER_FAILURE;
      }
    }
  }
}
