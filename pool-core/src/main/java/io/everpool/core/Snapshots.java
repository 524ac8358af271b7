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
import io.everpool.core.jdbc.SnapshotSource;
import io.everpool.core.observe.FailureText;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.upkeep.HolderThreads;
import io.everpool.core.upkeep.HolderThreads.Found;
import io.everpool.core.upkeep.LeaseNotes;
import io.everpool.core.upkeep.SharedState;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads the pool's state off its slots and counters, disturbing nobody. */
final class Snapshots implements SnapshotSource {
  /** Deep enough to show, from within a driver, the program that called it. */
  private static final int STACK_DEPTH = 64;

  /**
   * For how many holders a refused caller is told what they do: as many as {@link
   * PoolSnapshot#explain()} names. While their stacks are read, the whole process stands still.
   */
  private static final int MOST_EXPLAINED = 20;

  /** How often a slot that moves meanwhile is read, at most. */
  private static final int READINGS = 3;

  private final PoolConfig config;
  private final SharedState shared;
  private final PoolEvents events;
  private final Supplier<PoolState> state;
  private final HolderThreads.Finder threads;

  Snapshots(PoolConfig config, SharedState shared, PoolEvents events, Supplier<PoolState> state) {
    this(config, shared, events, state, HolderThreads::find);
  }

  /** Takes what finds the holders' threads, for tests. */
  Snapshots(
      PoolConfig config,
      SharedState shared,
      PoolEvents events,
      Supplier<PoolState> state,
      HolderThreads.Finder threads) {
    this.config = config;
    this.shared = shared;
    this.events = events;
    this.state = state;
    this.threads = threads;
  }

  /**
   * Tells what all holders do just now. It is for an operator, for it looks at all their threads.
   */
  PoolSnapshot detailed() {
    return take(Integer.MAX_VALUE, waiting());
  }

  /** Leaves out what the holders do, which makes it cheap enough for gauges. */
  PoolSnapshot brief() {
    return take(0, Map.of());
  }

  @Override
  public PoolSnapshot withDeeds() {
    return take(MOST_EXPLAINED, waiting());
  }

  @Override
  public PoolSnapshot withoutDeeds() {
    return take(0, waiting());
  }

  @Override
  public @Nullable PoolSnapshot forCaller(PoolSnapshot seen) {
    Thread caller = Thread.currentThread();
    String name = HolderThreads.describe(caller);
    Map<Long, Holder> own = own(caller, name);
    if (own.isEmpty() && seen.holders().stream().noneMatch(it -> it.thread().equals(name))) {
      return null;
    }
    List<Holder> holders = new ArrayList<>();
    Set<Long> known = new HashSet<>();
    for (Holder holder : seen.holders()) {
      Holder mine = own.get(holder.connection());
      if (mine != null) {
        holders.add(mine);
        known.add(mine.connection());
      } else if (!holder.thread().equals(name)) { // otherwise it was the caller's, and went back
        holders.add(holder);
      }
    }
    own.values().stream().filter(it -> !known.contains(it.connection())).forEach(holders::add);
    return copy(seen).holders(holders).build();
  }

  /** What the calling thread holds, by the connections' numbers. */
  private Map<Long, Holder> own(Thread caller, String name) {
    long id = HolderThreads.id(caller);
    Map<Long, Holder> own = Map.of(); // for nearly all callers it stays empty
    List<StackTraceElement> where = List.of();
    for (Slot slot : shared.engine().slots()) {
      if (slot.holderId == id && slot.holder() == id) {
        Held held = held(slot, read(slot));
        if (held != null && held.read.holder == id) {
          if (own.isEmpty()) {
            own = new LinkedHashMap<>();
            where = HolderThreads.where(caller, STACK_DEPTH);
          }
          boolean deed = own.size() < MOST_EXPLAINED;
          own.put(held.connection, holder(held, name, deed, where).waiting(true));
        }
      }
    }
    return own;
  }

  /** What each slot shows. */
  List<PoolSlot> slots() {
    List<Reading> all = new ArrayList<>();
    Set<Long> holders = new HashSet<>();
    for (Slot slot : shared.engine().slots()) {
      Reading read = read(slot);
      all.add(read);
      holders.add(read.holder);
    }
    Map<Long, Found> found = threads.find(holders, 0);
    return all.stream().map(read -> seen(read, found)).toList();
  }

  /**
   * What a slot shows as of one word.
   *
   * @param index the slot's
   * @param entry null if there is no connection
   * @param holder the id of the thread that has it; 0 for none
   * @param unmoved for how long the slot has not moved
   */
  private record Reading(
      int index,
      long word,
      State state,
      @Nullable PooledEntry entry,
      long holder,
      Duration unmoved) {
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
    State now = slot.isOnOffer(word) ? State.IDLE : Slot.state(word);
    PooledEntry entry = now == State.EMPTY || now == State.CONNECTING ? null : slot.entry;
    Duration unmoved = Duration.ofNanos(shared.unmovedFor(slot));
    return new Reading(slot.index, word, now, entry, slot.holder(), unmoved);
  }

  private static PoolSlot seen(Reading read, Map<Long, Found> found) {
    return new PoolSlot(
        read.index,
        told(read.state),
        read.entry == null ? 0 : read.entry.number(),
        read.unmoved,
        read.isHeld() ? HolderThreads.describe(read.holder, found.get(read.holder)) : null,
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

  /**
   * The threads of the holders that wait. Other waiters don't matter here, and may be thousands.
   */
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

  /**
   * @param deeds for how many holders the snapshot tells what they do
   * @param waiting the threads that wait though they hold something
   */
  private PoolSnapshot take(int deeds, Map<Long, Thread> waiting) {
    // Read before the slots: a suspended pool opens nothing any more that these don't show.
    boolean suspended = shared.bounds().suspended();
    Map<State, Integer> counts = new EnumMap<>(State.class);
    List<Held> all = new ArrayList<>();
    for (Slot slot : shared.engine().slots()) {
      Reading read = read(slot);
      counts.merge(read.state, 1, Integer::sum);
      Held held = held(slot, read);
      if (held != null) {
        all.add(held);
      }
    }
    SQLException failure = shared.server().lastFailure();
    return PoolSnapshot.builder(config.name())
        .state(state.get())
        .asleep(shared.sleep().asleep())
        .down(shared.server().down())
        .suspended(suspended)
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
        .holders(holders(all, deeds, waiting))
        .build();
  }

  private static PoolSnapshot.Builder copy(PoolSnapshot of) {
    return PoolSnapshot.builder(of.name())
        .state(of.state())
        .asleep(of.asleep())
        .down(of.down())
        .suspended(of.suspended())
        .minSize(of.minSize())
        .maxSize(of.maxSize())
        .idle(of.idle())
        .leased(of.leased())
        .connecting(of.connecting())
        .probing(of.probing())
        .closing(of.closing())
        .waiting(of.waiting())
        .opened(of.opened())
        .closed(of.closed())
        .connectFailures(of.connectFailures())
        .acquireTimeouts(of.acquireTimeouts())
        .retries(of.retries())
        .lastConnectError(of.lastConnectError());
  }

  /** A slot that was read while its connection was held. */
  private record Held(Slot slot, Reading read, long connection) {}

  private static @Nullable Held held(Slot slot, Reading read) {
    return read.entry == null || !read.isHeld() ? null : new Held(slot, read, read.entry.number());
  }

  /** In the order of their slots, as {@code all} is. */
  private List<Holder> holders(List<Held> all, int deeds, Map<Long, Thread> waiting) {
    Set<Held> told = new HashSet<>(longest(all, deeds));
    // To find a name no thread is stopped; the threads that wait are known already.
    Map<Long, Found> found = threads.find(ids(all, it -> !told.contains(it), waiting), 0);
    Map<Long, Found> withDeeds = threads.find(ids(all, told::contains, waiting), STACK_DEPTH);
    List<Holder> holders = new ArrayList<>();
    for (Held held : all) {
      long id = held.read.holder;
      boolean deed = told.contains(held);
      Thread inLine = waiting.get(id);
      if (inLine != null) {
        List<StackTraceElement> where = deed ? HolderThreads.where(inLine, STACK_DEPTH) : List.of();
        holders.add(holder(held, HolderThreads.describe(inLine), deed, where).waiting(true));
      } else {
        Found thread = (deed ? withDeeds : found).get(id);
        List<StackTraceElement> where = thread == null ? List.of() : thread.where();
        holders.add(holder(held, HolderThreads.describe(id, thread), deed, where));
      }
    }
    return holders;
  }

  private static List<Held> longest(List<Held> all, int most) {
    return all.size() <= most
        ? all
        : all.stream()
            .sorted(Comparator.comparing((Held held) -> held.read.unmoved).reversed())
            .limit(most)
            .toList();
  }

  private static Set<Long> ids(List<Held> all, Predicate<Held> those, Map<Long, Thread> butFor) {
    return all.stream()
        .filter(those)
        .map(held -> held.read.holder)
        .filter(id -> !butFor.containsKey(id))
        .collect(Collectors.toSet());
  }

  /**
   * @param deed whether to tell what the holder does, and where he acquired the connection if that
   *     was noted
   */
  private Holder holder(Held held, String thread, boolean deed, List<StackTraceElement> where) {
    LeaseNotes notes = deed ? shared.leaseNotes() : null;
    return Holder.of(held.connection, thread, held.read.unmoved, deed ? where : List.of())
        .acquiredAt(notes == null ? List.of() : notes.place(held.slot, held.read.word));
  }
}
