package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.PoolConfig;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;

/**
 * The end of a pool: every connection is closed, an idle one at once, a leased one when it comes
 * back or at the drain deadline. Any thread may begin this and cut it short; all else is done on
 * the upkeep thread.
 */
final class Drain {
  private static final Logger log = PoolEvents.log();

  private final PoolConfig config;
  private final PoolEvents events;
  private final TimeSource time;
  private final Engine engine;
  private final Inbox inbox;
  private final SlotActivity activity;
  private final Closer closer;
  private final Connects connects;
  private final Probes probes;
  private final PrimarySearch search;
  private final Workers workers;
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private boolean begun;
  private long until;

  Drain(
      PoolConfig config,
      PoolEvents events,
      TimeSource time,
      SharedState shared,
      Connects connects,
      Probes probes) {
    this.config = config;
    this.events = events;
    this.time = time;
    this.engine = shared.engine;
    this.inbox = shared.inbox;
    this.closer = shared.closer;
    this.activity = shared.activity;
    this.connects = connects;
    this.probes = probes;
    this.search = shared.search;
    this.workers = shared.workers;
  }

  /** As {@link Upkeep#drain()}; its time runs from the first call on. */
  void begin() {
    engine.close();
    search.close();
    inbox.post(
        () -> {
          if (!begun) {
            begun = true;
            until = time.nanoTime() + config.drainTimeout().toNanos();
          }
        });
  }

  /** Completes when it is {@link #isDone() done}. */
  CompletableFuture<Void> end() {
    return end;
  }

  /** As {@link Upkeep#cutDrainShort()}. */
  void cutShort() {
    inbox.post(() -> until = time.nanoTime());
  }

  /** Whether the last slot is empty and nothing else is left. */
  boolean isDone() {
    return end.isDone();
  }

  /** Takes what is overdue, and completes the drain when the last slot is empty. */
  void pass(long now) {
    boolean empty = true;
    for (Slot slot : engine.slots()) {
      long word = slot.word();
      State state = Slot.state(word);
      empty &= state == State.EMPTY;
      if (state == State.CONNECTING) {
        connects.abandonUnwanted(slot, word); // nobody will want it
      } else if (state == State.IDLE || state == State.LEASED) {
        // It was published while the pool closed. Its publisher evicts it unless it was lent.
        engine.giveUp(slot, word, CloseReason.POOL_CLOSED);
      } else if (begun && now - until >= 0) {
        if (state == State.DOOMED) {
          takeFromHolder(slot, word, now);
        } else if (state == State.PROBING) {
          probes.overdue(slot, word);
        } else if (state == State.CLOSING && isLongOverdue(slot, now)) {
          closer.giveUp(slot, word); // no thread could be had that would end it
        }
      }
    }
    // Connections that are being ended outside of the slots, and events that are owed of those in
    // them, are waited for, but not for ever. Asked after the slots were read: see PoolEvents.owe.
    boolean left =
        (workers.arePostponed() || events.areOwed())
            && now - until < config.closeTimeout().toNanos();
    if (empty && begun && !left) {
      end.complete(null);
    }
  }

  private boolean isLongOverdue(Slot slot, long now) {
    long most = 2 * config.closeTimeout().toNanos();
    return now - until >= most && activity.unmovedFor(slot.index, now) >= most;
  }

  private void takeFromHolder(Slot slot, long word, long now) {
    long holder = slot.holderId;
    PooledEntry entry = Closer.entry(slot);
    if (engine.abort(slot, word)) {
      log.warn(
          "Pool {}: connection {} was not returned within drain-timeout and is cut, and what runs on"
              + " it is ended; it has been out for {} ms, and {} holds it",
          events.pool(),
          entry.number(),
          activity.unmovedFor(slot.index, now) / 1_000_000,
          HolderThreads.describe(holder));
    }
  }
}
