package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import org.slf4j.Logger;

/**
 * Looks for slots that have been in one state for too long: connects, examinations, closes and
 * clean-ups that hang are ended, and leases that last suspiciously long are reported. Upkeep thread
 * only.
 */
final class Deadlines {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final PoolEvents events;
  private final Engine engine;
  private final SlotActivity activity;
  private final Resets resets;
  private final Closer closer;
  private final Connects connects;
  private final Probes probes;
  private final Leaks leaks;

  Deadlines(
      PoolConfig config, PoolEvents events, SharedState shared, Connects connects, Probes probes) {
    this.config = config;
    this.events = events;
    this.engine = shared.engine;
    this.activity = shared.activity;
    this.resets = shared.resets;
    this.closer = shared.closer;
    this.connects = connects;
    this.probes = probes;
    this.leaks = new Leaks(config, events, shared);
  }

  /** Ends what has taken too long. */
  void enforce(long now) {
    resets.enforce(now);
    leaks.pass(now);
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      long word = activity.word(slot.index);
      long unmoved = activity.unmovedFor(slot.index, now);
      switch (Slot.state(word)) {
        case CONNECTING -> {
          if (unmoved >= config.connectTimeout().toNanos()) {
            connects.abandon(slot, word);
          }
        }
        case PROBING -> {
          if (unmoved >= probes.patience(slot, word) + Upkeep.PASS) {
            probes.overdue(slot, word);
          }
        }
        case CLOSING -> {
          long timeout = config.closeTimeout().toNanos();
          if (unmoved >= timeout) {
            closer.overdue(slot, word, unmoved - timeout >= timeout);
          }
        }
        case LEASED, DOOMED -> endStranded(slot, word);
        default -> {}
      }
      leaks.look(slot, word, unmoved, now);
    }
  }

  /** Ends a lease whose holder had no stack or memory left to end it. */
  private void endStranded(Slot slot, long word) {
    PooledEntry entry = slot.entry;
    long lease = entry == null ? 0 : entry.stranded();
    if (lease == 0) {
      return;
    }
    // The holder may have claimed the lease before that, and somebody may have doomed it since.
    if ((Slot.isOf(word, lease) || Slot.isOf(word, Slot.after(Move.CLAIM, lease)))
        && (Slot.state(word) == State.DOOMED
            ? engine.abort(slot, word)
            : engine.cut(slot, word, CloseReason.RESET_FAILED))) {
      log.warn(
          "Pool {}: connection {} could not be given back by its holder, who had no stack or no"
              + " memory left; it is cut",
          events.pool(),
          Closer.entry(slot).number());
    }
  }
}
