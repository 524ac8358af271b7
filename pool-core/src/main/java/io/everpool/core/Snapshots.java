package io.everpool.core;

import io.everpool.api.PoolConfig;
import io.everpool.api.PoolSnapshot;
import io.everpool.api.PoolSnapshot.Holder;
import io.everpool.api.PoolState;
import io.everpool.api.framework.PoolSlot;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.Waiter;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.LeaseNotes;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the pool's state off its slots and counters, disturbing nobody. */
final class Snapshots {
  /** Deep enough to come out of a driver and into the program that called it. */
  private static final int STACK_DEPTH = 64;

  /** How often a slot that moves meanwhile is read, at the most. */
  private static final int READINGS = 3;

  private final PoolConfig config;
  private final SharedState shared;
  private final PoolEvents events;
  private final Supplier<PoolState> state;

  Snapshots(PoolConfig config, SharedState shared, PoolEvents events, Supplier<PoolState> state) {
    this.config = config;
    this.shared = shared;
    this.events = events;
    this.state = state;
  }

  /** With what the holders do just now: for explanations, it looks at threads. */
  PoolSnapshot detailed() {
    return take(STACK_DEPTH, waiting());
  }

  /** As {@link #detailed()}, for one who waits for a connection, or did until now. */
  PoolSnapshot forCaller() {
    Map<Long, Thread> waiting = waiting();
    Thread caller = Thread.currentThread();
    waiting.put(HolderThreads.id(caller), caller);
    return take(STACK_DEPTH, waiting);
  }

  /** Without what the holders do; cheap enough for gauges. */
  PoolSnapshot brief() {
    return take(0, Map.of());
  }

  /** Slot by slot. */
  List<PoolSlot> slots() {
    List<PoolSlot> all = new ArrayList<>();
    for (Slot slot : shared.engine().slots()) {
      all.add(seen(slot));
    }
    return all;
  }

  /**
   * What a slot shows as of one word.
   *
   * @param entry null where there is no connection
   * @param holder the id of the thread that has it; 0 for none
   */
  private record Reading(
      long word, State state, @Nullable PooledEntry entry, long holder, Duration unmoved) {
    boolean isHeld() {
      return state == State.LEASED || state == State.DOOMED;
    }
  }

  /**
   * Reads a slot's fields so that they belong together: reads them again if the slot has moved
   * meanwhile. After {@link #READINGS} attempts they are taken as they are; an explanation isn't
   * worth more.
   */
  private Reading read(Slot slot) {
    Reading read = readOnce(slot);
    for (int times = 1; slot.word() != read.word && times < READINGS; times++) {
      read = readOnce(slot);
    }
    return read;
  }

  private Reading readOnce(Slot slot) {
    long word = slot.word();
    State now = Slot.state(word);
    PooledEntry entry = now == State.EMPTY || now == State.CONNECTING ? null : slot.entry;
    return new Reading(word, now, entry, slot.holder(), Duration.ofNanos(shared.unmovedFor(slot)));
  }

  private PoolSlot seen(Slot slot) {
    Reading read = read(slot);
    return new PoolSlot(
        slot.index,
        told(read.state),
        read.entry == null ? 0 : read.entry.number(),
        read.unmoved,
        read.isHeld() ? HolderThreads.describe(read.holder) : null,
        read.entry == null ? 0 : read.entry.queries());
  }

  private static PoolSlot.State told(State state) {
    return switch (state) {
      case EMPTY -> PoolSlot.State.EMPTY;
      case CONNECTING -> PoolSlot.State.CONNECTING;
      case IDLE -> PoolSlot.State.IDLE;
      case PROBING -> PoolSlot.State.PROBING;
      case LEASED -> PoolSlot.State.LEASED;
      case DOOMED -> PoolSlot.State.DOOMED;
      case CLOSING -> PoolSlot.State.CLOSING;
    };
  }

  /** The holders that wait. Whoever else does is of no use here, and may be one of thousands. */
  private Map<Long, Thread> waiting() {
    Map<Long, Thread> threads = new HashMap<>();
    for (Waiter waiter : shared.engine().waitingHolders().values()) {
      Thread thread = waiter.thread();
      if (thread != null) {
        threads.put(waiter.threadId(), thread);
      }
    }
    return threads;
  }

  private PoolSnapshot take(int depth, Map<Long, Thread> waiting) {
    Map<State, Integer> counts = new EnumMap<>(State.class);
    List<Holder> holders = new ArrayList<>();
    for (Slot slot : shared.engine().slots()) {
      Reading read = read(slot);
      counts.merge(read.state, 1, Integer::sum);
      if (read.entry != null && read.isHeld()) {
        holders.add(holder(slot, read, read.entry.number(), depth, waiting));
      }
    }
    SQLException failure = shared.server().lastFailure();
    return PoolSnapshot.builder(config.name())
        .state(state.get())
        .asleep(shared.sleep().asleep())
        .down(shared.server().down())
        .suspended(shared.bounds().suspended())
        .minSize(shared.bounds().minSize())
        .maxSize(shared.bounds().maxSize())
        .idle(counts.getOrDefault(State.IDLE, 0))
        .leased(counts.getOrDefault(State.LEASED, 0) + counts.getOrDefault(State.DOOMED, 0))
        .connecting(counts.getOrDefault(State.CONNECTING, 0))
        .probing(counts.getOrDefault(State.PROBING, 0))
        .closing(counts.getOrDefault(State.CLOSING, 0))
        .waiting(shared.engine().waiting())
        .opened(events.opened())
        .closed(events.closed())
        .connectFailures(events.connectFailures())
        .acquireTimeouts(events.acquireTimeouts())
        .retries(events.retries())
        .lastConnectError(failure == null ? null : FailureText.whole(failure))
        .holders(holders)
        .build();
  }

  private Holder holder(
      Slot slot, Reading read, long connection, int depth, Map<Long, Thread> waiting) {
    long id = read.holder;
    Thread inLine = waiting.get(id);
    LeaseNotes notes = shared.leaseNotes();
    return Holder.of(
            connection,
            inLine == null ? HolderThreads.describe(id) : HolderThreads.describe(inLine),
            read.unmoved,
            depth == 0
                ? List.of()
                : inLine == null
                    ? HolderThreads.where(id, depth)
                    : HolderThreads.where(inLine, depth))
        .acquiredAt(depth == 0 || notes == null ? List.of() : notes.place(slot, read.word))
        .waiting(inLine != null);
  }
}
