package io.everpool.core.upkeep;

import io.everpool.api.LeakStackTraces;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Slot;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * What is noted of each lease if the pool looks for leaks, and only then: what its borrower holds,
 * so that upkeep sees when he has dropped it, and for some leases the place in the program where
 * they were acquired. A note costs an object and a barrier of the garbage collector; a place costs
 * a walk over the stack.
 *
 * <p>Whoever is lent a connection writes the note, and any thread may read it. A note names its
 * lease, and says nothing of the next one. Upkeep takes it away all the same when the lease is
 * over: a place keeps the classes on its stack, though their application may be gone.
 */
public final class LeaseNotes {
  /** One lease in this many is noted with its place; a power of two. */
  static final int SAMPLE = 64;

  /**
   * Which of them has its place noted: the first lease of each slot, and then every {@link
   * #SAMPLE}th, so that a small program, with few leases, has the places of all.
   */
  private static final int SAMPLED = 2;

  private final AtomicReferenceArray<@Nullable Note> notes;
  private final LeakStackTraces which;

  /** Whether all are noted with their places, because one was missing. */
  private volatile boolean all;

  private LeaseNotes(int size, LeakStackTraces which) {
    this.notes = new AtomicReferenceArray<>(size);
    this.which = which;
    this.all = which == LeakStackTraces.ALWAYS;
  }

  /** Null if the pool doesn't look for leaks. */
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

    /**
     * Whether nobody has what the borrower was given any more, as the garbage collector has seen.
     */
    boolean isAbandoned() {
      return refersTo(null);
    }

    /** Where it was acquired; null if that was not recorded. */
    @Nullable Throwable place() {
      return place;
    }
  }

  /** A stack. Until somebody reads it, it has the virtual machine's own form, which is cheap. */
  private static final class Place extends Exception {
    private static final long serialVersionUID = 1L;

    Place() {
      super("It was acquired here");
    }
  }

  /**
   * A lease begins; called on its borrower's thread.
   *
   * @param face what the borrower is given, and nobody else has
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
    // The word is read after the note. So it is the lease's own, or the lease is over for good.
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

  /** Sets whether all are noted with their places for a while, if the setting allows that. */
  void noteAll(boolean value) {
    all = which == LeakStackTraces.ALWAYS || (which == LeakStackTraces.SAMPLED && value);
  }
}
