package io.everpool.core.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Iterator;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Those who wait, in order, and how many they are.
 *
 * <p>Whoever is in the queue and still waits is found there by everybody: he is out of it only
 * after he has been handed a connection, or has left.
 *
 * <p>Who leaves in the middle is left in the queue as a dead entry: taking it out costs a walk from
 * the head. Dead entries at the head go whenever somebody looks there; for the others, once more
 * have left than still wait, one leaver sweeps them all, so that a thousand simultaneous time-outs
 * cost a handful of walks and not a thousand.
 */
final class WaitQueue extends WaitQueueCount {
  private static final int TOLERATED = 64;

  private static final AtomicIntegerFieldUpdater<WaitQueue> LEFT_SINCE_SWEEP =
      AtomicIntegerFieldUpdater.newUpdater(WaitQueue.class, "leftSinceSweep");
  private static final AtomicIntegerFieldUpdater<WaitQueue> SWEEPING =
      AtomicIntegerFieldUpdater.newUpdater(WaitQueue.class, "sweeping");

  private final ConcurrentLinkedQueue<Waiter> queue;
  private volatile int leftSinceSweep;

  /** 1 while a leaver sweeps. */
  private volatile int sweeping;

  @SuppressWarnings("unused")
  private long q00, q01, q02, q03, q04, q05, q06, q07;

  WaitQueue() {
    this(new ConcurrentLinkedQueue<>());
  }

  /** Uses the given queue, which is empty; for tests. */
  WaitQueue(ConcurrentLinkedQueue<Waiter> queue) {
    this.queue = queue;
  }

  /** How many wait. Counted up before a waiter is in the queue and down after it has left. */
  int count() {
    return count;
  }

  /**
   * Joins the queue, unless {@code limit} wait already. Before it answers true it makes a full
   * fence.
   */
  boolean join(Waiter waiter, int limit) {
    if (add(1) > limit) {
      add(-1);
      return false;
    }
    waiter.counted = true;
    queue.add(waiter);
    VarHandle.fullFence();
    return true;
  }

  /** The first who still waits; it stays in the queue. */
  @Nullable Waiter first() {
    for (Waiter waiter; (waiter = queue.peek()) != null; ) {
      if (waiter.waits()) {
        return waiter;
      }
      queue.remove(waiter); // it is at the head, so that this takes one step
    }
    return null;
  }

  /** Hands the lease to the first who takes it; null if nobody waits. */
  @Nullable Waiter hand(Waiter.Handed lease) {
    for (Waiter waiter; (waiter = queue.peek()) != null; ) {
      boolean handed = waiter.hand(lease);
      // If another one is the head, somebody has taken this one out, and a remove would walk far.
      if (handed || queue.peek() == waiter) {
        queue.remove(waiter);
      }
      if (handed) {
        add(-1);
        return waiter;
      }
    }
    return null;
  }

  /**
   * Counts out a waiter that has become LEFT or REJECTED. After that count it throws nothing: a
   * caller who leaves because there is no memory would call this a second time, and count out
   * another waiter.
   */
  void left() {
    add(-1);
    LEFT_SINCE_SWEEP.incrementAndGet(this);
    if (leftSinceSweep > TOLERATED + count && sweeping == 0 && SWEEPING.compareAndSet(this, 0, 1)) {
      try {
        leftSinceSweep = 0;
        for (Iterator<Waiter> all = queue.iterator(); all.hasNext(); ) {
          if (!all.next().waits()) {
            all.remove();
          }
        }
      } catch (OutOfMemoryError e) {
        // the dead entries stay until the next sweep, which may have the memory for it
      } finally {
        sweeping = 0;
      }
    }
  }

  /** Tells all who wait that there is nothing to wait for. They leave by themselves. */
  void rejectAll() {
    for (Waiter waiter : queue) {
      if (waiter.become(Waiter.Status.REJECTED)) {
        waiter.wake();
      }
    }
  }

  /** Shows those who wait, in order; walks the queue. */
  void waiting(Consumer<Waiter> each) {
    for (Waiter waiter : queue) {
      if (waiter.waits()) {
        each.accept(waiter);
      }
    }
  }

  /** Entries in the queue, dead ones included; walks it. For tests. */
  int entries() {
    return queue.size();
  }
}

@SuppressWarnings("unused")
abstract class WaitQueuePadding {
  private long p00, p01, p02, p03, p04, p05, p06, p07;
}

/** The count that every release reads, on a cache line that only waiters write. */
abstract class WaitQueueCount extends WaitQueuePadding {
  private static final VarHandle COUNT;

  static {
    try {
      COUNT = MethodHandles.lookup().findVarHandle(WaitQueueCount.class, "count", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  volatile int count;

  final int add(int difference) {
    return (int) COUNT.getAndAdd(this, difference) + difference;
  }
}
