package io.everpool.core.engine;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One caller in the queue, and what it gets.
 *
 * <p>Its status leaves {@code WAITING} once, by compare-and-set: to a {@link Handed} by a holder
 * who has brought a lease, to {@code LEFT} by the caller itself, to {@code REJECTED} by the closing
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

  /** A lease that was handed over. It may be over by the time the caller comes to it. */
  record Handed(Slot slot, long lease) {}

  private static final VarHandle STATUS;

  static {
    try {
      STATUS = MethodHandles.lookup().findVarHandle(Waiter.class, "status", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** A status or, for HANDED, what was handed over. */
  @SuppressWarnings("FieldMayBeFinal") // STATUS writes it
  private volatile Object status = Status.WAITING;

  /** Set by whoever tells this waiter that a connection lies idle; then nobody else tells it. */
  volatile boolean signalled;

  /** Whether the queue counts this waiter, or did so before. Only the caller's thread uses it. */
  boolean counted;

  /** When it began to wait. */
  final long since;

  /** The id of the thread that waits; written before it stands in the queue. */
  long threadId;

  /** What the caller found itself, written after LEFT. */
  @Nullable Slot found;

  protected Waiter(long since) {
    this.since = since;
  }

  /** Makes the caller look again soon; early, late and superfluous calls do no harm. */
  protected abstract void wake();

  /** The id of the thread that waits. */
  public final long threadId() {
    return threadId;
  }

  /** The thread that waits, for explanations; null if that isn't known. */
  public @Nullable Thread thread() {
    return null;
  }

  final Status status() {
    return status instanceof Status other ? other : Status.HANDED;
  }

  /** What it was handed; null if it wasn't. */
  final @Nullable Handed handed() {
    return status instanceof Handed handed ? handed : null;
  }

  final boolean waits() {
    return status == Status.WAITING;
  }

  final boolean hand(Handed lease) {
    return STATUS.compareAndSet(this, Status.WAITING, lease);
  }

  /** Ends the wait as {@code LEFT} or {@code REJECTED}; false if it has ended before. */
  final boolean become(Status next) {
    return STATUS.compareAndSet(this, Status.WAITING, next);
  }
}
