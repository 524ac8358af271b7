package io.everpool.core.upkeep;

import io.everpool.api.LeakStackTraces;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Slot;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What is noted of each lease where leaks are looked for, and only there: what its borrower holds,
 * so that it is seen when he has dropped it, and, of some, where it was acquired. A note costs an
 * object and a barrier of the garbage collector, a place the walk of a stack.
 *
 * <p>Written by whoever is lent a connection, read by anyone. A note names its lease, and says
 * nothing of the next; upkeep takes it away all the same, for a place keeps the classes on its
 * stack, though their application may be gone.
 */
public final class LeaseNotes {
  /** One lease in so many is noted with its place; a power of two. */
  static final int SAMPLE = 64;

  /** Which of them: the first of each connection's place, so that a small program has them all. */
  private static final int SAMPLED = 2;

  private final AtomicReferenceArray<@Nullable Note> notes;
  private final LeakStackTraces which;

  /** Whether all are noted with their places, for one was missing. */
  private volatile boolean all;

  private LeaseNotes(int size, LeakStackTraces which) {
    this.notes = new AtomicReferenceArray<>(size);
    this.which = which;
    this.all = which == LeakStackTraces.ALWAYS;
  }

  /** Null where nobody looks for leaks. */
  public static @Nullable LeaseNotes of(PoolConfig config) {
    LeakStackTraces which = config.leakStackTraces();
    return config.leakThreshold().isZero() && which != LeakStackTraces.ALWAYS
        ? null
        : new LeaseNotes(config.maxSize(), which);
  }

  /** What is noted of one lease. */
  static final class Note extends WeakReference<Object> {
    private final long lease;
    private final @Nullable Place place;

    Note(Object face, long lease, @Nullable Place place) {
      super(face);
      this.lease = lease;
      this.place = place;
    }

    boolean isOf(long word) {
      return Slot.isOf(word, lease);
    }

    /** Whether nobody has what the borrower was given; the garbage collector must have seen it. */
    boolean isAbandoned() {
      return refersTo(null);
    }

    /** Where it was acquired; null if that was not recorded. */
    @Nullable Throwable place() {
      return place;
    }
  }

  /** A stack, as long as nobody asks for it in the form of the virtual machine, which is cheap. */
  private static final class Place extends Exception {
    private static final long serialVersionUID = 1L;

    Place() {
      super("It was acquired here");
    }
  }

  /**
   * A lease begins; on its borrower's thread.
   *
   * @param face what he is given, and nobody else has
   */
  public void begun(Slot slot, long lease, Object face) {
    boolean noted =
        all || (which == LeakStackTraces.SAMPLED && (cycle(lease) & (SAMPLE - 1)) == SAMPLED);
    notes.setRelease(slot.index, new Note(face, lease, noted ? new Place() : null));
  }

  /** Each time that a connection is lent and comes back raises it by one. */
  private static long cycle(long lease) {
    return Slot.stamp(lease) >> 1;
  }

  /** Takes away what is noted of a lease that is over. */
  void forgetOver(Slot slot) {
    Note note = notes.getAcquire(slot.index);
    // The word is read after the note: so it is the lease's own, or that is over for good.
    if (note != null && !note.isOf(slot.word())) {
      notes.compareAndSet(slot.index, note, null);
    }
  }

  /** What is noted of the lease that the slot's word shows; null for nothing. */
  @Nullable Note of(Slot slot, long word) {
    Note note = notes.getAcquire(slot.index);
    return note != null && note.isOf(word) ? note : null;
  }

  /** Where the present lease was acquired; empty if that is not known. */
  public List<StackTraceElement> place(Slot slot) {
    return place(slot, slot.word());
  }

  /** Where the lease that the slot's word shows was acquired; empty if that is not known. */
  public List<StackTraceElement> place(Slot slot, long word) {
    Note note = of(slot, word);
    Throwable place = note == null ? null : note.place();
    return place == null ? List.of() : List.of(place.getStackTrace());
  }

  /** Whether all are to be noted with their places for a while; as far as the user wants any. */
  void noteAll(boolean value) {
    all = which == LeakStackTraces.ALWAYS || (which == LeakStackTraces.SAMPLED && value);
  }
}
