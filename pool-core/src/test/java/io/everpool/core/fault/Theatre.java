package io.everpool.core.fault;

import static java.util.Objects.requireNonNull;

import io.everpool.core.engine.TimeSource;
import io.everpool.core.upkeep.Environment;
import io.everpool.core.upkeep.PassScheduler;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time for real threads, so that calls may really hang. Time stands still while any actor
 * (a caller, a worker, upkeep) has something to do, and moves when all of them wait or hang; then
 * whoever is parked is woken to look at the clock again.
 */
final class Theatre implements TimeSource {
  private static final long STEP = 100_000_000L;

  /** Everything works across the overflow. */
  private static final long BEGINNING = Long.MAX_VALUE - 3_000_000_000L;

  private static final long AFTER_FAILURE = 100_000_000L;

  /** Between two looks at what the actors do; in real time. */
  static final long GLANCE = 20_000L;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  /**
   * Of workers and upkeep, which are nine tenths of all actors: a thread that begins and ends for
   * each costs more than what it does.
   */
  private static final Executor STAFF =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "staff");
            thread.setDaemon(true);
            return thread;
          });

  private final List<Actor> actors = new CopyOnWriteArrayList<>();

  /**
   * Actors that were woken where they parked, and how often they had waited by then. One that looks
   * as if it were parked still has not come to a processor yet, unless it has parked once more.
   */
  private final Map<Actor, Long> woken = new HashMap<>();

  private final Beat beat = new Beat();
  private volatile long now = BEGINNING;
  private volatile boolean threadless;

  @Override
  public long nanoTime() {
    return now;
  }

  Environment environment() {
    return new Environment(
        this, this::timeOfDay, beat, this::work, this::work, () -> 0.5, this::pause);
  }

  private Instant timeOfDay() {
    return Instant.EPOCH.plusNanos(now - BEGINNING);
  }

  /** Whether no thread is to be had any more, as at the limit of the process. */
  void threadless(boolean value) {
    threadless = value;
  }

  private void work(Runnable task) {
    if (threadless) {
      throw new OutOfMemoryError("unable to create native thread");
    }
    hire("worker", task);
  }

  /** Has a thread of its own do something. */
  Thread act(String name, Runnable part) {
    Thread thread = new Thread(part, name);
    thread.setDaemon(true);
    actors.add(new Actor(thread));
    thread.start();
    return thread;
  }

  /** Has one of the staff do something. */
  private Actor hire(String name, Runnable part) {
    Actor actor = new Actor(name, part);
    actors.add(actor);
    STAFF.execute(actor);
    return actor;
  }

  /** A thread for as long as it does one thing. */
  private static final class Actor implements Runnable {
    private final @Nullable String name;
    private final @Nullable Runnable part;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Thread thread;

    /** A thread of its own. */
    Actor(Thread thread) {
      this.thread = thread;
      this.name = null;
      this.part = null;
    }

    /** One of the staff. */
    Actor(String name, Runnable part) {
      this.name = name;
      this.part = part;
    }

    @Override
    public void run() {
      Thread.interrupted(); // what became of the one before in this thread is nothing to this one
      Thread.currentThread().setName(requireNonNull(name));
      thread = Thread.currentThread();
      try {
        requireNonNull(part).run();
      } finally {
        ended.countDown();
      }
    }

    Thread.State state() {
      Thread mine = thread;
      if (ended.getCount() == 0) {
        return Thread.State.TERMINATED;
      }
      return mine == null ? Thread.State.NEW : mine.getState();
    }

    /**
     * A thread is said to have ended a moment before it isn't alive, which is what a stage asks.
     */
    boolean isDead() {
      return state() == Thread.State.TERMINATED
          && (part != null || !requireNonNull(thread).isAlive());
    }

    /** Nothing that a pass does takes nearly as long; in real time. */
    boolean ends() {
      try {
        return ended.await(60, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    @Nullable Object waitsFor() {
      Thread mine = thread;
      return mine == null ? null : LockSupport.getBlocker(mine);
    }

    void unpark() {
      LockSupport.unpark(thread);
    }

    long timesWaited() {
      Thread mine = thread;
      ThreadInfo info = mine == null ? null : THREADS.getThreadInfo(mine.getId());
      return info == null ? Long.MAX_VALUE : info.getWaitedCount();
    }

    @Override
    public String toString() {
      Thread mine = thread;
      return mine == null ? name + ", not begun" : trace(mine);
    }
  }

  private void pause(long nanos) throws InterruptedException {
    for (long end = now + nanos; now - end < 0; ) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      LockSupport.park(this);
    }
  }

  /** For actors: waits for virtual time to pass. */
  void sleep(long nanos) {
    for (long end = now + nanos; now - end < 0; ) {
      LockSupport.park(this);
    }
  }

  /** Lets time pass until something is so; false if it isn't after that time. */
  boolean play(long atMost, BooleanSupplier done) {
    long end = now + atMost;
    settle();
    while (true) {
      if (beat.isDue()) {
        beat.now();
      } else if (done.getAsBoolean()) {
        return true;
      } else if (now - end >= 0) {
        return false;
      } else {
        long next = now + STEP; // by this thread alone
        now = next;
        if (wakeThoseWhoWaitForTime()) {
          settle();
        }
      }
    }
  }

  /**
   * Wakes whoever may wait for time, and not those who hang until they are told. Returns whether
   * anybody may do something now.
   */
  private boolean wakeThoseWhoWaitForTime() {
    boolean any = false;
    for (Actor actor : actors) {
      if (!hangs(actor)) {
        if (isWaiting(actor) && actor.waitsFor() != null) {
          woken.put(actor, actor.timesWaited());
        }
        actor.unpark();
        any = true;
      }
    }
    return any;
  }

  private static boolean hangs(Actor actor) {
    return actor.waitsFor() instanceof Script.Gate;
  }

  /** Returns when every actor waits, hangs, or has ended. */
  private void settle() {
    for (int quiet = 0; !actors.stream().allMatch(Theatre::hangs); ) {
      quiet = actors.stream().anyMatch(this::acts) ? 0 : quiet + 1;
      if (quiet == 2) {
        break;
      }
      removeTheDead();
      LockSupport.parkNanos(GLANCE);
    }
    removeTheDead();
  }

  private void removeTheDead() {
    actors.removeIf(Actor::isDead);
    woken.keySet().retainAll(actors);
  }

  private boolean acts(Actor actor) {
    return switch (actor.state()) {
      case NEW, RUNNABLE, BLOCKED -> true;
      case WAITING, TIMED_WAITING -> actor.timesWaited() <= woken.getOrDefault(actor, -1L);
      case TERMINATED -> !actor.isDead();
    };
  }

  private static boolean isWaiting(Actor actor) {
    return switch (actor.state()) {
      case WAITING, TIMED_WAITING -> true;
      default -> false;
    };
  }

  /** How many actors have not come to their end. */
  int acting() {
    settle();
    return actors.size();
  }

  /** Upkeep; each pass is an actor's. */
  private final class Beat implements PassScheduler {
    private final AtomicBoolean hurried = new AtomicBoolean();
    private @Nullable Pass pass;
    private volatile long due;
    private volatile boolean stopped;

    @Override
    public void start(Pass first) {
      pass = first;
      due = now;
    }

    @Override
    public void hurry() {
      hurried.set(true);
    }

    @Override
    public void stop() {
      stopped = true;
    }

    boolean isDue() {
      return pass != null && !stopped && (hurried.get() || now - due >= 0);
    }

    void now() {
      Pass next = pass;
      if (next == null) {
        return;
      }
      hurried.set(false);
      Actor upkeep =
          hire(
              "upkeep",
              () -> {
                long delay = AFTER_FAILURE; // as the real thread does it
                try {
                  delay = next.run(now);
                } finally {
                  due = now + Math.min(delay, Long.MAX_VALUE / 2);
                }
              });
      if (!upkeep.ends()) {
        throw new AssertionError("upkeep waits for somebody else's code: " + upkeep);
      }
      settle();
    }
  }

  static String trace(Thread thread) {
    StringBuilder text = new StringBuilder(thread.getName());
    for (StackTraceElement element : thread.getStackTrace()) {
      text.append("\n\tat ").append(element);
    }
    return text.toString();
  }
}
