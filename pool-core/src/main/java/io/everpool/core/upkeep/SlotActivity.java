package io.everpool.core.upkeep;

import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import java.util.function.IntConsumer;

/**
 * What each slot does and since when, as seen from pass to pass: the slots themselves keep no time,
 * so that nobody reads a clock to lend or return a connection. So times are exact to a pass, and
 * too short rather than too long. They are noted in the slots. Only the upkeep thread writes them,
 * except for {@link #reserved}; what other threads read may be out of date.
 *
 * <p>A pass looks only at the slots where something happens. A slot at rest (empty, or idle and
 * known to have been so for a pass) is left out until it is stirred: whoever moves it says so in
 * {@link StirredSlots}. Those who open, examine and close always say it. Whoever is lent a
 * connection says it only if that had rested, which he reads after his move; and a pass first
 * writes that a connection has rested, and then reads the word once more. So either he sees that it
 * had rested, or the pass sees his move and looks at the slot again. If a thread had no stack left
 * to say it, its move is found when a pass looks at all slots, which is every ten seconds in any
 * case, and at once if somebody waits while a connection seems idle.
 */
final class SlotActivity {
  private static final State[] STATES = State.values();

  /** How often all slots are looked at; nanoseconds. */
  private static final long LOOK_AT_ALL = 10_000_000_000L;

  /**
   * For how long after it has passed an examination a connection may be taken without a look by
   * whoever has left it to that; nanoseconds.
   */
  private static final long MOMENT = Upkeep.PASS / 2;

  private final Slot[] slots;
  private final StirredSlots stirred;

  /** It is made once, because a pass must not need memory. */
  private final IntConsumer inclusion;

  /** The slots where something happens, in no order. */
  private final Slot[] busy;

  private int busyCount;

  private final int[] counts = new int[STATES.length];
  private long lookedAtAll;
  private long lastWork;
  private int peak;
  private boolean atRest;

  SlotActivity(Slot[] slots, StirredSlots stirred, long now) {
    this.slots = slots;
    this.stirred = stirred;
    this.inclusion = slot -> include(slots[slot]);
    this.busy = new Slot[slots.length];
    for (Slot slot : slots) {
      slot.seenSince = now;
      slot.usedAt = now;
    }
    counts[index(State.EMPTY)] = slots.length;
    lastWork = now;
    lookedAtAll = now - LOOK_AT_ALL;
  }

  /**
   * Looks at the slots where something happens.
   *
   * @param somebodyWaits whether anybody waits for a connection: then one that was seen idle is
   *     hardly idle now
   */
  void take(long now, boolean somebodyWaits) {
    leaveOutTheResting();
    if (now - lookedAtAll >= LOOK_AT_ALL || (somebodyWaits && count(State.IDLE) > 0)) {
      lookedAtAll = now;
      for (Slot slot : slots) {
        include(slot);
      }
    }
    stirred.drainTo(inclusion);
    atRest = true;
    for (int i = 0; i < busyCount; i++) {
      Slot slot = busy[i];
      slot.rests = look(slot, now);
      atRest &= slot.rests;
    }
    int held = count(State.LEASED) + count(State.DOOMED);
    if (held > 0 || somebodyWaits) {
      lastWork = now;
    }
    peak = Math.max(peak, held);
  }

  private void leaveOutTheResting() {
    int kept = 0;
    for (int i = 0; i < busyCount; i++) {
      Slot slot = busy[i];
      slot.inPass = !slot.rests;
      if (slot.inPass) {
        busy[kept++] = slot;
      }
    }
    busyCount = kept;
  }

  private void include(Slot slot) {
    if (!slot.inPass) {
      slot.inPass = true;
      busy[busyCount++] = slot;
    }
  }

  /** Notes what the slot does; returns whether it rests. */
  private boolean look(Slot slot, long now) {
    long word = slot.word();
    long before = slot.seenWord;
    State state = Slot.state(word);
    if (word != before) {
      boolean used = state == State.LEASED || state == State.DOOMED;
      // Several leases may lie between the two looks, and a connection that has just come counts as
      // used. To pass an examination doesn't count, or an idle one would never be idle for long.
      boolean passed = passed(slot, word);
      if (used || (state == State.IDLE && !passed)) {
        slot.usedAt = now;
        // One that replaces an old one unasked is no work: it would keep the pool awake.
        lastWork = came(before, word) ? lastWork : now;
      }
      if (!doomed(before, word)) {
        slot.seenSince = now;
      }
      if (passed && !wasLeft(slot, word)) {
        slot.restedWord = word; // it had rested before it was examined
      }
      seen(slot, word);
    } else if (state == State.IDLE
        && slot.restedWord != word
        && (now - slot.seenSince >= MOMENT || !wasLeft(slot, word))) {
      slot.restedWord = word;
    }
    return state == State.EMPTY
        || (state == State.IDLE && slot.restedWord == word && slot.word() == word);
  }

  private void seen(Slot slot, long word) {
    counts[index(Slot.state(slot.seenWord))]--;
    counts[index(Slot.state(word))]++;
    slot.seenWord = word;
  }

  /** How many slots the last pass has looked at: {@link #busy} names them. */
  int busyCount() {
    return busyCount;
  }

  /** The i-th of the slots that the last pass has looked at. */
  Slot busy(int i) {
    return busy[i];
  }

  /** Whether every slot was empty, or idle and had been so for a pass. */
  boolean atRest() {
    return atRest;
  }

  /** Whether a slot has moved since it was seen. */
  boolean hasMoved() {
    if (!stirred.isEmpty()) {
      return true;
    }
    for (int i = 0; i < busyCount; i++) {
      if (busy[i].word() != busy[i].seenWord) {
        return true;
      }
    }
    return false;
  }

  /** Upkeep has begun to examine the connection that was seen idle; {@code word} is the slot's. */
  void examining(int slot, long word, long now) {
    seen(slots[slot], word);
    slots[slot].seenSince = now;
    atRest = false;
  }

  /**
   * A connection is being examined, or is about to be; {@code word} is the slot's word then. Called
   * from any thread, before the connection is idle again, so that whoever sees it idle sees this,
   * too.
   */
  void reserved(int slot, long word) {
    slots[slot].reservedWord = word;
    stirred.add(slot);
  }

  /**
   * Whether nothing has happened to a connection since it was last seen except that it was examined
   * and is idle; also if somebody was lent it and has left it to the examination.
   */
  private static boolean passed(Slot slot, long word) {
    long before = slot.seenWord;
    long probing = slot.reservedWord;
    return Slot.after(Move.PASS, probing) == word
        && (before == probing
            || Slot.after(Move.PROBE, before) == probing
            || Slot.after(Move.EXAMINE, before) == probing
            || Slot.after(Move.EXAMINE, Slot.after(Move.ACQUIRE, before)) == probing);
  }

  /**
   * Whether it has passed an examination to which somebody has left it, and was not lent since: he
   * may be about to take it, and if it counted as rested he would have it asked again.
   */
  private static boolean wasLeft(Slot slot, long word) {
    return Slot.after(Move.PASS, slot.leftWord) == word;
  }

  /** Whether nothing has happened to a connection except that it was opened. */
  private static boolean came(long before, long word) {
    long connecting = Slot.state(before) == State.EMPTY ? Slot.after(Move.RESERVE, before) : before;
    return Slot.state(connecting) == State.CONNECTING
        && Slot.after(Move.OPENED, Slot.after(Move.ARRIVED, connecting)) == word;
  }

  /** Whether nothing has happened except that a lease was doomed: its holder still has it. */
  private static boolean doomed(long before, long word) {
    return Slot.state(before) == State.LEASED && Slot.after(Move.DOOM, before) == word;
  }

  /** How many slots were in this state. */
  int count(State state) {
    return counts[index(state)];
  }

  /** Connections that exist or are being opened and may still be lent. */
  int live() {
    return count(State.IDLE) + count(State.LEASED) + count(State.PROBING) + count(State.CONNECTING);
  }

  /** The slot's word as last seen. */
  long word(int slot) {
    return slots[slot].seenWord;
  }

  /** The slot's state as last seen. */
  State state(int slot) {
    return Slot.state(slots[slot].seenWord);
  }

  /**
   * For how long the slot has not moved, as far as was seen; nanoseconds. That its lease was doomed
   * doesn't count as a move.
   */
  long unmovedFor(int slot, long now) {
    return now - slots[slot].seenSince;
  }

  /**
   * As {@link #unmovedFor(int, long)}, for a slot whose word is this one now; 0 if it has moved
   * since it was seen. From any thread.
   */
  long unmovedFor(int slot, long word, long now) {
    long seen = slots[slot].seenWord;
    return seen == word || doomed(seen, word) ? unmovedFor(slot, now) : 0;
  }

  /** For how long the connection has been idle, as far as was seen; nanoseconds. */
  long idleFor(int slot, long now) {
    return now - slots[slot].usedAt;
  }

  /** When the connection was last seen in use, or was seen for the first time. */
  long usedAt(int slot) {
    return slots[slot].usedAt;
  }

  /** When it was last seen that there was a lease, or had been one, or that somebody wanted one. */
  long lastWork() {
    return lastWork;
  }

  /** The most leases seen at once since the last call. */
  int takePeak() {
    int most = peak;
    peak = 0;
    return most;
  }

  @SuppressWarnings("EnumOrdinal") // the array that it is an index of is as long as values()
  private static int index(State state) {
    return state.ordinal();
  }
}
