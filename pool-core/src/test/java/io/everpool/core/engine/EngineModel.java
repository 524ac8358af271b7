package io.everpool.core.engine;

import io.everpool.api.CloseReason;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.ThreadIdGen;
import org.jspecify.annotations.Nullable;

/**
 * The real engine under every interleaving of a few calls. Each thread may hold one connection or
 * wait in the queue once. Two laws are watched: a connection has one holder, and when all is quiet
 * nobody waits beside an idle connection whom no wake-up has reached.
 */
@Param(name = "thread", gen = ThreadIdGen.class)
@SuppressWarnings("unused") // Lincheck calls the operations
abstract class EngineModel {
  private static final int THREADS = 8; // Lincheck's ids: the parallel ones, before and after

  /** Stands for the connections that never fail to close and to come back at once. */
  private final Housekeeping reopening =
      new Housekeeping() {
        @Override
        public void close(Slot slot, long closing) {
          slot.attempt(Move.CLOSED, closing);
          if (engine().isClosed()) {
            return;
          }
          slot.attempt(Move.RESERVE);
          slot.attempt(Move.ARRIVED);
          engine().opened(slot, slot.word());
        }

        @Override
        public void grow() {}
      };

  private static final class Caller extends Waiter {
    volatile boolean woken;
    boolean relook;

    Caller() {
      super(0);
    }

    @Override
    protected void wake() {
      woken = true;
    }
  }

  private final Engine engine;
  private final Slot[] held = new Slot[THREADS];
  private final long[] leases = new long[THREADS];
  private final @Nullable Caller[] waiting = new Caller[THREADS];
  private final AtomicIntegerArray users;

  /** What an operation throws is but a result to Lincheck; this it can't overlook. */
  private volatile String violation = "";

  EngineModel(int slots, TimeSource time) {
    engine = new Engine(slots, time, reopening);
    users = new AtomicIntegerArray(slots);
    for (Slot slot : engine.slots()) {
      slot.attempt(Move.RESERVE);
      slot.attempt(Move.OPENED);
    }
    engine.narrow(slots);
  }

  private Engine engine() {
    return engine;
  }

  /** Whatever the thread would do next: release what it holds, look if woken, or acquire. */
  @Operation
  public void next(@Param(name = "thread") int thread) {
    if (held[thread] != null) {
      release(thread);
    } else if (waiting[thread] != null) {
      wakeUp(thread);
    } else {
      acquire(thread);
    }
  }

  private void acquire(int thread) {
    Slot slot = engine.tryAcquire(thread);
    if (slot != null) {
      hold(thread, slot);
      return;
    }
    Caller caller = new Caller();
    waiting[thread] = caller;
    handle(thread, caller, engine.begin(caller, thread, THREADS));
  }

  private void wakeUp(int thread) {
    Caller caller = waiting[thread];
    if (caller != null && (caller.woken || caller.relook)) {
      caller.woken = false;
      handle(
          thread,
          caller,
          caller.relook ? engine.relook(caller, thread) : engine.step(caller, thread));
    }
  }

  private void release(int thread) {
    Slot slot = held[thread];
    letGo(thread, slot);
    engine.release(slot, leases[thread]);
    engine.release(slot, leases[thread]); // a second close must be harmless
  }

  @Operation
  public void giveUp(@Param(name = "thread") int thread) {
    Caller caller = waiting[thread];
    if (caller == null) {
      return;
    }
    if (engine.leave(caller)) {
      waiting[thread] = null;
    } else {
      handle(thread, caller, engine.step(caller, thread));
    }
  }

  void retire(int thread) {
    Slot slot = held[thread];
    if (slot != null) {
      letGo(thread, slot);
      engine.retire(slot, leases[thread], CloseReason.MAX_QUERIES);
    }
  }

  void evict() {
    Slot slot = engine.slots()[0];
    engine.evict(slot, slot.word(), CloseReason.IDLE_TIMEOUT);
  }

  void close() {
    engine.close();
  }

  void rejectAll() {
    engine.rejectAll();
  }

  void doom() {
    Slot slot = engine.slots()[0];
    engine.doom(slot, slot.word(), CloseReason.FENCED);
  }

  void probe() {
    Slot slot = engine.slots()[0];
    long word = slot.word();
    if (slot.attempt(Move.PROBE, word)) {
      engine.pass(slot, Slot.after(Move.PROBE, word));
    }
  }

  private void handle(int thread, Caller caller, WaitResult result) {
    caller.relook = result == WaitResult.RELOOK;
    switch (result) {
      case SERVED -> {
        waiting[thread] = null;
        Slot slot = engine.take(caller, thread, 0);
        if (slot.word() == slot.lease) {
          hold(thread, slot);
        } else {
          engine.release(slot, slot.lease); // doomed on its way
        }
      }
      case REJECTED, QUEUE_FULL -> waiting[thread] = null;
      case WAIT, RELOOK -> {}
    }
  }

  private void hold(int thread, Slot slot) {
    if (!users.compareAndSet(slot.index, 0, 1)) {
      violation = "leased twice: " + slot;
    }
    held[thread] = slot;
    leases[thread] = slot.lease;
  }

  @SuppressWarnings("NullAway") // an empty hand
  private void letGo(int thread, Slot slot) {
    held[thread] = null;
    users.set(slot.index, 0);
  }

  /** Lets those who were woken act until nothing moves, then looks for one who was not. */
  final void settle() {
    if (!violation.isEmpty()) {
      throw new IllegalStateException(violation);
    }
    for (int round = 0; round < 4 * THREADS; round++) {
      for (int thread = 0; thread < THREADS; thread++) {
        wakeUp(thread);
      }
    }
    for (Caller caller : waiting) {
      if (engine.isClosed() && caller != null) {
        throw new IllegalStateException("a waiter whom the closing pool has not told");
      }
    }
    if (EngineSight.forgottenWaiter(engine)) {
      throw new IllegalStateException("a waiter beside an idle connection");
    }
    for (Slot slot : engine.slots()) {
      if (engine.isClosed() && slot.state() == State.IDLE) {
        throw new IllegalStateException("an open connection in a closed pool: " + slot);
      }
      boolean lent = slot.state() == State.LEASED || slot.state() == State.DOOMED;
      if (lent != (users.get(slot.index) == 1)) {
        throw new IllegalStateException("the books don't balance: " + slot);
      }
    }
  }
}
