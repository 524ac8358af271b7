package io.everpool.core.upkeep;

import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.policy.Growth;

/**
 * The connections that a sleeping pool is left with. Nobody has asked them for long, and a look
 * doesn't show a server that froze meanwhile, nor a way to it that was lost. So they are asked
 * before anybody uses them, and not by a borrower: a caller who is lent one leaves it to upkeep and
 * waits in line, where a new connection serves him as well as this one.
 *
 * <p>One that is found dead is no loss and no evidence against the others: that is how a server
 * suspends itself. Whether the server can be reached is shown by connects.
 *
 * <p>The mark is the slot's word, so that any other use of the connection takes it off.
 *
 * <p>A connection that was awake goes the same way if its holder has less time left than it may
 * take to answer. It bears no mark, and may take as long as any other.
 */
public final class Sleepers {
  /** How long a sleeper may take to answer: without an answer its slot is needed; nanoseconds. */
  static final long PATIENCE = 1_000_000_000L;

  private final StirredSlots stirred;
  private final PassScheduler scheduler;
  private final SlotActivity activity;
  private final Slot[] slots;

  Sleepers(Slot[] slots, StirredSlots stirred, SlotActivity activity, PassScheduler scheduler) {
    this.slots = slots;
    this.stirred = stirred;
    this.activity = activity;
    this.scheduler = scheduler;
  }

  /**
   * Marks the idle connections, because the pool sleeps. A connection that bears the mark isn't
   * marked again: somebody may take it at this moment and pass the mark on to a later word, and
   * writing the old word would undo that. Upkeep thread only.
   */
  void mark() {
    for (Slot slot : slots) {
      long word = slot.word();
      if (Slot.state(word) == State.IDLE && slot.sleptWord != word) {
        slot.sleptWord = word;
      }
    }
  }

  /** Whether a connection is ready that bears no mark. Upkeep thread only. */
  boolean isAnyOtherIdle() {
    for (Slot slot : slots) {
      long word = slot.word();
      if (Slot.state(word) == State.IDLE && slot.sleptWord != word) {
        return true;
      }
    }
    return false;
  }

  /**
   * Gives up a lease in order to have the connection examined. Called by its holder.
   *
   * @return false if the lease was over
   */
  public boolean leaveToExamination(Slot slot, long lease) {
    long examined = Slot.after(Move.EXAMINE, lease);
    if (slot.hadSlept(lease)) {
      slot.sleptWord = examined;
    }
    slot.unexaminedWord = examined;
    activity.reserved(slot.index, examined);
    if (!slot.attempt(Move.EXAMINE, lease)) {
      return false;
    }
    stirred.add(slot.index);
    scheduler.hurry();
    return true;
  }

  /**
   * Whether a caller who has left a connection that was awake to an examination may go on waiting
   * for that alone. A connection that is well answers within a round trip, and until then he needs
   * no other.
   *
   * @param examined the word under which it is examined
   * @param waited how long he has waited; nanoseconds
   */
  public static boolean answersSoon(Slot slot, long examined, long waited) {
    return slot.word() == examined && Growth.answersSoon(waited);
  }

  /** Begins the examinations that wait for a thread. Upkeep thread only. */
  void examine(Probes probes) {
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      long word = activity.word(slot.index);
      if (Slot.state(word) == State.PROBING && slot.unexaminedWord == word) {
        slot.unexaminedWord = 0;
        slot.leftWord = word;
        boolean started = false;
        try {
          started = probes.start(slot, word, Probes.Extent.ASK);
        } finally {
          if (!started) {
            slot.unexaminedWord = word; // the next pass tries again
          }
        }
      }
    }
  }

  /** How many are being examined for somebody who waits. Upkeep thread only. */
  int underExamination() {
    int count = 0;
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      long word = activity.word(slot.index);
      boolean awaited =
          slot.sleptWord == word || slot.unexaminedWord == word || slot.leftWord == word;
      count += Slot.state(word) == State.PROBING && awaited ? 1 : 0;
    }
    return count;
  }
}
