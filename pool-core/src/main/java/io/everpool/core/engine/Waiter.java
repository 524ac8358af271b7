package io.everpool.core.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One caller in the queue, and what it gets.
 *
 * <p>Its status leaves {@code WAITING} once, by compare-and-set: to the slot by a holder who hands
 * over a lease of it, to {@code LEFT} by the caller itself, to {@code REJECTED} by the closing
 * pool. Whoever loses that race knows what the other has done: a caller that wanted to go owns a
 * lease after all, a holder keeps its lease and offers it to the next.
 */
public abstract class Waiter {

  enum Status {
    WAITING,
    HANDED,
    LEFT,
    REJECTED
  }

  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(Waiter.class, "status", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A status or, for HANDED, the slot. */
  @SuppressWarnings("FieldMayBeFinal") // moved by the handle
  private volatile Object status = Status.WAITING;

  /** Set by whoever tells this waiter that a connection lies idle; no second one then does. */
  volatile boolean signalled;

  /** When it began to wait. */
  final long since;

  /** What the caller found itself, written after LEFT. */
  @Nullable Slot found;

  protected Waiter(long since) {
    this.since = since;
  }

  /** Makes the caller look again soon; early, late and superfluous calls do no harm. */
  protected abstract void wake();

  final Status status() {
    return status instanceof Status other ? other : Status.HANDED;
  }

  /** What it was handed; the lease is in {@link Slot#lease}. Null if it wasn't. */
  final @Nullable Slot handed() {
    return status instanceof Slot slot ? slot : null;
  }

  final boolean waits() {
    return status == Status.WAITING;
  }

  final boolean hand(Slot slot) {
    return STATUS.compareAndSet(this, Status.WAITING, slot);
  }

  /** By itself or by the pool: {@code LEFT} or {@code REJECTED}. */
  final boolean become(Status next) {
    return STATUS.compareAndSet(this, Status.WAITING, next);
  }
}
