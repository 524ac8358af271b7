package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.api.observe.PoolEvent.LeakEnded;
import io.everpool.api.observe.PoolEvent.LeakSuspected;
import io.everpool.api.observe.PoolEvent.LeaseAbandoned;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Tells of leases that last suspiciously long, once each, and again when they end. Ends leases that
 * nobody else can end any more, because what was lent is out of everybody's reach. Upkeep thread
 * only; while anything is lent there is a pass every tenth of a second in any case, so that this
 * costs no timer and no thread.
 */
final class Leaks {
  private static final Logger log = PoolEvents.log();

  /** How long all leases are noted with their places, if no leak is told of meanwhile. */
  static final long NOTING = 600_000_000_000L;

  private final long threshold;
  private final PoolEvents events;
  private final Engine engine;
  private final @Nullable LeaseNotes notes;

  /** The lease that was told of, by slot; null before the first. */
  private @Nullable Told @Nullable [] told;

  private boolean notesAll;
  private long notesAllSince;

  /** A lease that was told of, and since when it lasts. */
  private record Told(long word, long since, long connection, String thread) {
    boolean isOf(long now) {
      return Slot.isOf(now, word);
    }
  }

  Leaks(PoolConfig config, PoolEvents events, SharedState shared) {
    this.threshold = config.leakThreshold().toNanos();
    this.events = events;
    this.engine = shared.engine;
    this.notes = shared.leaseNotes;
  }

  /** Begins a pass, before the slots are looked at. */
  void pass(long now) {
    if (notesAll && now - notesAllSince >= NOTING) {
      noteAll(false, now);
    }
  }

  private void noteAll(boolean value, long now) {
    if (notes != null) {
      notesAll = value;
      notesAllSince = now;
      notes.noteAll(value);
    }
  }

  /**
   * Looks at a slot, whatever it does.
   *
   * @param word the slot's word as last seen
   * @param unmoved for how long the slot has not moved, a DOOM not counted, so that for a lease it
   *     is how long that has lasted; nanoseconds
   */
  void look(Slot slot, long word, long unmoved, long now) {
    if (notes == null && threshold == 0) {
      return;
    }
    if (notes != null) {
      notes.forgetOver(slot);
    }
    endOfTold(slot, word, now);
    State state = Slot.state(word);
    if (state != State.LEASED && state != State.DOOMED) {
      return;
    }
    LeaseNotes.Note note = notes == null ? null : notes.of(slot, word);
    if (note != null && note.isAbandoned() && takeBack(slot, word, note, unmoved, now)) {
      return;
    }
    if (threshold > 0 && unmoved >= threshold && told(slot) == null) {
      suspect(slot, word, note, unmoved, now);
    }
  }

  private @Nullable Told told(Slot slot) {
    return told == null ? null : told[slot.index];
  }

  private void remember(Slot slot, @Nullable Told one) {
    if (told == null) {
      told = new Told[engine.slots().length];
    }
    told[slot.index] = one;
  }

  private void suspect(Slot slot, long word, LeaseNotes.@Nullable Note note, long held, long now) {
    PooledEntry entry = Closer.entry(slot);
    String thread = HolderThreads.describe(slot.holder());
    Throwable place = note == null ? null : note.place();
    Told one = new Told(word, now - held, entry.number(), thread);
    if (!one.isOf(slot.word())) {
      return; // it has ended meanwhile, and the thread may be the next lease's
    }
    remember(slot, one);
    events.post(new LeakSuspected(events.pool(), entry.number(), thread, held, stack(place)));
    if (notesAll == (place != null)) { // note all if one was missing, and no longer if it is there
      noteAll(place == null, now);
    }
    log.warn(
        "Pool {}: connection {} has been out for {} ms, longer than leak-threshold; {} holds it."
            + " Close connections with try-with-resources",
        events.pool(),
        entry.number(),
        held / 1_000_000,
        thread,
        place);
  }

  private static List<StackTraceElement> stack(@Nullable Throwable place) {
    return place == null ? List.of() : List.of(place.getStackTrace());
  }

  /**
   * Tells if the lease that was told of is over, and how. If its connection is still there, it was
   * given back; if it was closed, nobody can tell here whether its holder brought it or the pool
   * took it from him.
   */
  private void endOfTold(Slot slot, long word, long now) {
    Told one = told(slot);
    if (one == null || one.isOf(word)) {
      return;
    }
    long held = end(slot, one, now);
    log.info(
        "Pool {}: connection {}, told of as a possible leak, {} after {} ms; {} had it",
        events.pool(),
        one.connection,
        isThere(slot, word, one.connection) ? "is back" : "was closed",
        held / 1_000_000,
        one.thread);
  }

  /** Posts that a lease that was told of has ended; returns how long it lasted, in nanoseconds. */
  private long end(Slot slot, Told one, long now) {
    remember(slot, null);
    long held = now - one.since;
    events.post(new LeakEnded(events.pool(), one.connection, one.thread, held));
    return held;
  }

  /** Whether it is in the slot still. If the word is old, another connection may be there now. */
  private static boolean isThere(Slot slot, long word, long connection) {
    return switch (Slot.state(word)) {
      case EMPTY, CONNECTING, CLOSING -> false;
      case IDLE, PROBING, LEASED, DOOMED -> {
        PooledEntry entry = slot.entry;
        yield entry != null && entry.number() == connection;
      }
    };
  }

  /**
   * Ends the lease of a borrower who has dropped his connection. Does nothing if the driver's own
   * object was handed out, which somebody may still be using, or while somebody waits for an answer
   * on it.
   */
  private boolean takeBack(Slot slot, long word, LeaseNotes.Note note, long held, long now) {
    PooledEntry entry = Closer.entry(slot);
    if (entry.mayBeUsedBesides()) {
      return false;
    }
    // If the move succeeds this is that lease's thread: the slot had not moved when it was read.
    String thread = HolderThreads.describe(slot.holder());
    boolean ended =
        Slot.state(word) == State.DOOMED
            ? engine.abort(slot, word)
            : engine.retire(slot, word, CloseReason.ABANDONED);
    if (ended) {
      Told suspect = told(slot);
      if (suspect != null) { // this ends what was told of as a leak
        end(slot, suspect, now);
      }
      Throwable place = note.place();
      events.post(new LeaseAbandoned(events.pool(), entry.number(), thread, held, stack(place)));
      log.warn(
          "Pool {}: connection {} was dropped by {} without being closed, and is taken back after {}"
              + " ms. Close connections with try-with-resources",
          events.pool(),
          entry.number(),
          thread,
          held / 1_000_000,
          place);
    }
    return ended;
  }
}
