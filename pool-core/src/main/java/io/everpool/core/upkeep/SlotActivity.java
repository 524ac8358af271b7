package io.everpool.core.upkeep;

import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What each slot does and since when, as seen from pass to pass: the slots themselves keep no time,
 * so that nobody reads a clock to lend or return one. Times are therefore exact to a pass, and too
 * short rather than too long. Only the upkeep thread writes, but for {@link #reserved}; readings
 * from elsewhere may be stale.
 */
final class SlotActivity {
  private static final State[] STATES = State.values();

  private final Slot[] slots;
  private final long[] words;
  private final long[] since;
  private final long[] usedAt;

  /** The slot's word when it was last reserved for an examination. */
  private final AtomicLongArray reserved;

  private final int[] counts = new int[STATES.length];
  private long lastWork;
  private int peak;
  private boolean atRest;

  SlotActivity(Slot[] slots, long now) {
    this.slots = slots;
    this.words = new long[slots.length];
    this.since = new long[slots.length];
    this.usedAt = new long[slots.length];
    this.reserved = new AtomicLongArray(slots.length);
    Arrays.fill(since, now);
    Arrays.fill(usedAt, now);
    lastWork = now;
  }

  /** Looks at every slot. */
  void take(long now) {
    Arrays.fill(counts, 0);
    int held = 0;
    boolean rests = true;
    for (int i = 0; i < slots.length; i++) {
      Slot slot = slots[i];
      long word = slot.word();
      State state = Slot.state(word);
      counts[index(state)]++;
      boolean used = state == State.LEASED || state == State.DOOMED;
      if (used) {
        held++;
      }
      if (word != words[i]) {
        // Two leases or more may lie between; a connection that has only just come counts as well.
        // An examination that it has passed is no use: one that is idle would be so for ever new.
        boolean passed = passed(i, word);
        if (used || (state == State.IDLE && !passed)) {
          usedAt[i] = now;
          // One that came unasked, in the place of an old one, is no work: it would keep awake.
          lastWork = came(words[i], word) ? lastWork : now;
        }
        if (!doomed(words[i], word)) {
          since[i] = now;
        }
        if (passed) {
          slot.restedWord = word; // as before it was examined
        }
        words[i] = word;
      } else if (state == State.IDLE && slot.restedWord != word) {
        slot.restedWord = word;
      }
      rests &= state == State.EMPTY || (state == State.IDLE && slot.restedWord == word);
    }
    if (held > 0) {
      lastWork = now;
    }
    peak = Math.max(peak, held);
    atRest = rests;
  }

  /** Whether every slot was empty, or idle and had been so for a pass. */
  boolean atRest() {
    return atRest;
  }

  /** Whether a slot has moved since it was seen. */
  boolean hasMoved() {
    for (int i = 0; i < slots.length; i++) {
      if (slots[i].word() != words[i]) {
        return true;
      }
    }
    return false;
  }

  /** Upkeep has begun to examine the connection that was seen idle; {@code word} is the slot's. */
  void examining(int slot, long word, long now) {
    words[slot] = word;
    since[slot] = now;
    atRest = false;
  }

  /**
   * A connection is out of reach to be examined; {@code word} is the slot's. From any thread,
   * before it is idle again: who sees it so has this, too.
   */
  void reserved(int slot, long word) {
    reserved.set(slot, word);
  }

  /** Whether nothing has happened to a connection since but that it was examined and is idle. */
  private boolean passed(int slot, long word) {
    long before = words[slot];
    long probing = reserved.get(slot);
    return Slot.after(Move.PASS, probing) == word
        && (before == probing || Slot.after(Move.PROBE, before) == probing);
  }

  /** Whether nothing has happened to a connection but that it was opened. */
  private static boolean came(long before, long word) {
    long connecting = Slot.state(before) == State.EMPTY ? Slot.after(Move.RESERVE, before) : before;
    return Slot.state(connecting) == State.CONNECTING
        && Slot.after(Move.OPENED, Slot.after(Move.ARRIVED, connecting)) == word;
  }

  /**
   * Whether nothing has happened but that a lease was doomed: its holder has it as long as ever.
   */
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
    return words[slot];
  }

  /** The slot's state as last seen. */
  State state(int slot) {
    return Slot.state(words[slot]);
  }

  /**
   * For how long the slot has not moved, as far as was seen; nanoseconds. That a lease is doomed is
   * no move of its holder's.
   */
  long unmovedFor(int slot, long now) {
    return now - since[slot];
  }

  /** For how long the connection has been idle, as far as was seen; nanoseconds. */
  long idleFor(int slot, long now) {
    return now - usedAt[slot];
  }

  /** When a lease was last seen, or that there had been one. */
  long lastWork() {
    return lastWork;
  }

  /** The most leases seen at once since the last call. */
  int takePeak() {
    int most = peak;
    peak = 0;
    return most;
  }

  @SuppressWarnings("EnumOrdinal") // into an array that is as long as values()
  private static int index(State state) {
    return state.ordinal();
  }
}
