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
 * Runs the upkeep of all pools on one thread, pass after pass. A pass never blocks, so no pool
 * waits for another. The thread begins with the first pool and ends with the last.
 */
final class UpkeepThread {
  private static final Logger log = LoggerFactory.getLogger(UpkeepThread.class);

  /** The pause after a pass that failed; nanoseconds. */
  private static final long AFTER_FAILURE = 100_000_000L;

  /** The longest pause, so that times can be added and compared; nanoseconds. */
  private static final long LONGEST = 86_400_000_000_000L;

  /**
   * A pass that isn't due soon is put off to the next multiple of this, so that one wake-up serves
   * all pools at rest instead of one for each. A pool at work also has its passes this far apart.
   * In nanoseconds.
   */
  private static final long TOGETHER = 100_000_000L;

  /** A pass that is due earlier than this isn't put off; nanoseconds. */
  private static final long A_WHILE = 1_000_000_000L;

  /** Copied when it changes, so that whoever walks it needs no lock and no memory. */
  private volatile Schedule[] schedules = {};

  private volatile @Nullable Thread thread;

  private final Executor workers;

  /** What the passes of this turn leave to a worker. Upkeep thread only. */
  private List<Runnable> together = new ArrayList<>();

  /**
   * @param workers has a thread for each task
   */
  UpkeepThread(Executor workers) {
    this.workers = workers;
  }

  /**
   * Leaves the task to one worker, which runs the tasks of all passes of this turn one after the
   * other. A task may wait behind one of another pool that hangs, and is dropped if no thread can
   * be had. So whoever depends on a task looks whether it has begun, and if it hasn't, asks for a
   * thread of its own.
   *
   * <p>Passes call this. If any other thread calls it, the task goes to a worker at once.
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
      begun.start(); // may throw at the process's limit; the new thread first waits for this lock
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
        // There is no memory even for a turn. But without this thread no pool would go on.
        LockSupport.parkNanos(this, AFTER_FAILURE);
      }
      // Interrupts mean nothing here. If the flag stayed set, no park would wait any more.
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
    // Whoever changes something unparks this thread. It is asked here all the same: a pass may have
    // parked meanwhile, waiting for a logger's lock, and used up that permit.
    if (schedules == all && !isHurried()) {
      LockSupport.parkNanos(this, pause - (System.nanoTime() - now));
    }
  }

  /** When a pass is due that has asked for this pause. */
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
   * As above. The name is put into the text within the try, because that may take more memory than
   * there is.
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

  /** The passes of one pool. */
  private final class Schedule implements PassScheduler {
    private final String pool;
    private final AtomicBoolean hurried = new AtomicBoolean(true);
    private volatile boolean begun;
    private volatile boolean stopped;
    private @Nullable Pass pass; // it is null until start()
    private long due; // after the first pass only the upkeep thread uses it

    Schedule(String pool) {
      this.pool = pool;
    }

    @Override
    public void start(Pass what) {
      pass = what;
      add(this);
      // The first pass runs on this thread: whoever opens a pool mostly waits for its first
      // connection, and so one thread less has to wake up on the way to it. The upkeep thread
      // doesn't touch the pool until {@code begun} is set.
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
      // It is cleared before the pass, so that what happens during the pass hurries the next one.
      boolean asked = hurried.get() && hurried.getAndSet(false);
      if (asked || now - due >= 0) {
        pass(now);
      }
      return due - now;
    }

    private void pass(long now) {
      due = due(now, Math.min(LONGEST, run()));
    }

    /** Runs a pass and survives whatever it throws: without this thread no pool would go on. */
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
