package io.everpool.core.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One caller in the queue, and what it gets.
 *
 * <p>Its status leaves {@code WAITING} once, by compare-and-set: to {@code HANDED} by a holder who
 * has brought a lease, to {@code LEFT} by the caller itself, to {@code REJECTED} by the closing
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
      STATUS = MethodHandles.lookup().findVarHandle(Waiter.class, "status", Status.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("FieldMayBeFinal") // moved by the handle
  private volatile Status status = Status.WAITING;

  /** Set by whoever tells this waiter that a connection lies idle; no second one then does. */
  volatile boolean signalled;

  /** When it began to wait. */
  final long since;

  /** What was handed over: written by who polled this waiter, before HANDED. */
  @Nullable Slot slot;

  long lease;

  /**
   * What the caller found itself, written after LEFT. A place of its own: who has polled this
   * waiter may still write the fields above before he sees that it is gone.
   */
  @Nullable Slot found;

  protected Waiter(long since) {
    this.since = since;
  }

  /** Makes the caller look again soon; early, late and superfluous calls do no harm. */
  protected abstract void wake();

  final Status status() {
    return status;
  }

  final boolean waits() {
    return status == Status.WAITING;
  }

  final boolean become(Status next) {
    return STATUS.compareAndSet(this, Status.WAITING, next);
  }
}
