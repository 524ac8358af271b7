package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.observe.PoolEvent.ConnectionClosed;
import io.everpool.core.engine.Housekeeping;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import java.lang.invoke.VarHandle;
import java.util.function.Function;
import org.slf4j.Logger;

/**
 * Closes connections on worker threads. One thread has moved the slot to closing, and it calls
 * {@link #close} once. What the server still does for the connection is ended first. If a close
 * hangs, upkeep has the connection cut at the deadline. The slot is free when the connection is
 * gone, and at the latest another deadline after the cut. Of those who may end it, the first to
 * move the slot reports it.
 */
final class Closer implements Housekeeping {
  private static final Logger log = PoolEvents.log();

  /** What ending a query on the server may take at most; nanoseconds. */
  private static final long LONGEST_CANCEL = 1_000_000_000L;

  /**
   * One connection to close, as its slot was when that was decided.
   *
   * @param cancelNanos how long it may take to end what the server still does for it; 0 if it has
   *     had that time
   */
  private record Closing(Slot slot, long word, PooledEntry entry, boolean cut, long cancelNanos) {}

  private final Function<Throwable, Verdict> classifier;
  private final Environment environment;
  private final Workers workers;
  private final PoolEvents events;
  private final StirredSlots stirred;
  private final long cancelNanos;

  /** Whether no slot is empty, as upkeep last saw; spares a busy pool the calls in vain. */
  private volatile boolean full;

  Closer(
      Function<Throwable, Verdict> classifier,
      Environment environment,
      Workers workers,
      PoolEvents events,
      StirredSlots stirred,
      PoolConfig config) {
    this.classifier = classifier;
    this.environment = environment;
    this.workers = workers;
    this.events = events;
    this.stirred = stirred;
    this.cancelNanos =
        Math.min(
            LONGEST_CANCEL,
            Math.min(config.validationTimeout().toNanos(), config.closeTimeout().toNanos() / 2));
  }

  @Override
  public void close(Slot slot, long word) {
    stirred.add(slot.index);
    try {
      Closing closing = new Closing(slot, word, entry(slot), slot.cut, cancelNanos);
      // The entry is read before the word: the next entry is written when the slot has left it.
      VarHandle.loadLoadFence();
      if (slot.word() != word) {
        return;
      }
      workers.startInTime(
          "closing a connection", () -> slot.word() != closing.word, () -> end(closing));
    } catch (Throwable e) {
      // There is no memory or stack for that: upkeep will find the slot closing past its deadline.
    }
  }

  private void end(Closing closing) {
    try {
      new Ending(
              closing.entry.physical(),
              events.pool() + ": connection " + closing.entry.number(),
              closing.cancelNanos,
              () -> closing.slot.word() != closing.word,
              this::heard)
          .run(closing.cut);
    } finally {
      closed(closing);
    }
  }

  /** Only logs: the cause of this close may have counted as evidence against others already. */
  private void heard(Throwable failure) {
    log.debug("Pool {}: {}", events.pool(), classifier.apply(failure));
  }

  /**
   * A close takes longer than close-timeout: the connection is cut, on another thread. If it is
   * still there after twice that time, its slot is given up; the threads in the driver end when the
   * driver lets them.
   *
   * @param longOverdue whether twice close-timeout has passed
   */
  void overdue(Slot slot, long word, boolean longOverdue) {
    Closing closing = new Closing(slot, word, entry(slot), true, 0);
    if (slot.cutWord != word) {
      if (workers.start("cutting a connection", () -> end(closing))) {
        slot.cutWord = word;
        log.warn(
            "Pool {}: connection {} did not close in time and was cut",
            events.pool(),
            closing.entry.number());
      }
    } else if (longOverdue) {
      giveUp(closing);
    }
  }

  /** Gives up the slot, whatever becomes of the connection. */
  void giveUp(Slot slot, long word) {
    giveUp(new Closing(slot, word, entry(slot), true, 0));
  }

  private void giveUp(Closing closing) {
    if (closed(closing)) {
      log.error(
          "Pool {}: connection {} could be neither closed nor cut within twice close-timeout: its"
              + " driver hangs, or the process has no thread left, and it may stay open beside"
              + " those of the pool",
          events.pool(),
          closing.entry.number());
    }
  }

  private boolean closed(Closing closing) {
    events.owe(); // so that the pool's end isn't told before its last connection's
    try {
      return moved(closing);
    } finally {
      events.paid();
    }
  }

  private boolean moved(Closing closing) {
    Slot slot = closing.slot;
    // These are read before the move: afterwards the slot may be another's. The entry stays in the
    // empty slot until the next one comes, because a second, late closer must not touch the slot.
    CloseReason reason = slot.closeReason;
    long openedAt = slot.openedAt;
    if (!slot.attempt(Move.CLOSED, closing.word)) {
      return false;
    }
    full = false;
    environment.scheduler().hurry();
    ConnectionClosed event =
        new ConnectionClosed(
            events.pool(),
            closing.entry.number(),
            reason,
            environment.time().nanoTime() - openedAt,
            closing.entry.queries());
    events.post(event);
    log.debug(
        "Pool {}: closed connection {} ({}) after {} statements",
        event.pool(),
        event.connection(),
        event.reason().label(),
        event.queries());
    return true;
  }

  @Override
  public void grow() {
    if (!full) {
      environment.scheduler().hurry();
    }
  }

  void full(boolean value) {
    full = value;
  }

  static PooledEntry entry(Slot slot) {
    PooledEntry entry = slot.entry;
    if (entry == null) {
      throw new IllegalStateException(slot + " has no connection");
    }
    return entry;
  }
}
