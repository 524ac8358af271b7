package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.driver.PhysicalConnection;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Move;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Opens a connection only to see where it leads, and closes it: one at a time, and none while the
 * pool opens one for itself, which shows the same. It takes up one of the pool's slots if one is
 * empty. In a pool that is used up it is one session more, for as long as it takes to open;
 * otherwise those who hold the connections would wait in vain for one another. Upkeep thread only.
 */
final class Scout {

  /** A connect that is out. Whoever ends it first tells of its end. */
  private static final class Errand implements BooleanSupplier {
    final long begun;
    final int born;
    final @Nullable Slot slot;
    final long word;
    private final AtomicBoolean over = new AtomicBoolean();

    Errand(long begun, int born, @Nullable Slot slot) {
      this.begun = begun;
      this.born = born;
      this.slot = slot;
      this.word = slot == null ? 0 : slot.word();
    }

    /**
     * As {@link #end}. The errand is passed on itself: there may be no memory for a lambda then.
     */
    @Override
    public boolean getAsBoolean() {
      return end();
    }

    /** Ends it; false if it had ended before. From any thread. */
    boolean end() {
      return slot == null ? over.compareAndSet(false, true) : slot.attempt(Move.ABANDON, word);
    }

    boolean isOver() {
      return slot == null ? over.get() : slot.word() != word;
    }
  }

  private final long connectTimeout;
  private final Workers workers;
  private final Engine engine;
  private final Inbox inbox;
  private final SlotActivity activity;
  private final StirredSlots stirred;
  private final Bounds bounds;
  private final SleepSwitch sleep;
  private final ConnectPace pace;
  private final Fence fence;
  private final PrimarySearch search;
  private final Reachability server;
  private final PoolEvents events;
  private final Connects connects;
  private final Silence silence;
  private @Nullable Errand errand;

  Scout(
      PoolConfig config,
      PoolEvents events,
      SharedState shared,
      Connects connects,
      Silence silence) {
    this.connectTimeout = config.connectTimeout().toNanos();
    this.workers = shared.workers;
    this.engine = shared.engine;
    this.inbox = shared.inbox;
    this.activity = shared.activity;
    this.stirred = shared.stirred;
    this.bounds = shared.bounds;
    this.sleep = shared.sleep;
    this.pace = shared.pace;
    this.fence = shared.fence;
    this.search = shared.search;
    this.server = shared.server;
    this.events = events;
    this.connects = connects;
    this.silence = silence;
  }

  /** Whether an errand is out, or wanted. */
  boolean isWanted() {
    return errand != null || (search.isUnderWay() && !sleep.asleep() && !bounds.suspended());
  }

  private boolean hasReason() {
    return search.isUnderWay() || silence.wantsScout();
  }

  /**
   * Sends out an errand if there is something to see, and gives up one that is out for too long.
   *
   * @param spares whether nothing is given up just now
   */
  void run(long now, boolean spares) {
    if (errand != null) {
      recall(errand, now, spares);
    }
    if (errand == null && hasReason() && !sleep.asleep() && mayConnect(now)) {
      send(now);
    }
  }

  private boolean mayConnect(long now) {
    boolean watched = search.isAwaited() || silence.wantsScout();
    long pause = watched ? pace.pauseIfWatched(now) : pace.pause(now);
    return pause <= 0 && !bounds.suspended() && !isConnecting();
  }

  /** Whether the pool opens a connection for itself; it may have begun to in this very pass. */
  private boolean isConnecting() {
    return Arrays.stream(engine.slots()).anyMatch(slot -> slot.state() == State.CONNECTING);
  }

  private void send(long now) {
    Errand sent = new Errand(now, fence.generation(), reserveSlot());
    boolean out = false;
    try {
      out = workers.start("looking for a server that writes", () -> look(sent));
    } finally {
      if (!out) {
        sent.end();
      }
    }
    if (out) {
      pace.begun(now);
      errand = sent;
      silence.scouted(now);
    } else {
      connects.withoutThread(now);
    }
  }

  private @Nullable Slot reserveSlot() {
    if (bounds.room(activity) == 0) {
      return null; // a pool that was made smaller must not give up a connection for it
    }
    for (Slot slot : engine.slots()) {
      if (slot.attempt(Move.RESERVE)) {
        stirred.add(slot.index);
        return slot;
      }
    }
    return null;
  }

  /** Gives up on the errand that is out, because nobody wants to know its outcome any more. */
  void recall() {
    if (errand != null) {
      giveUp(errand);
    }
  }

  /** Gives up on an errand. It counts as given up before it is ended, as any connect does. */
  private boolean giveUp(Errand sent) {
    workers.givenUp();
    boolean first = sent.end();
    if (!first) {
      workers.cameBack();
    }
    return first;
  }

  /** Gives up on an errand that is late. If it has a slot, {@link Deadlines} does that. */
  private void recall(Errand sent, long now, boolean spares) {
    boolean late = !spares && sent.slot == null && now - sent.begun >= connectTimeout;
    if (late && giveUp(sent)) {
      connects.overdue();
    }
    if (sent.isOver()) {
      errand = null;
    }
  }

  /** Opens a connection and tells what it shows; on a worker. */
  private void look(Errand sent) {
    PhysicalConnection physical = null;
    Throwable failure = null;
    try {
      physical = connects.login().physical();
      News news = News.of(physical, sent.begun);
      inbox.post(() -> hear(news));
    } catch (Throwable e) {
      failure = e;
    }
    if (physical != null) {
      Ending.unwanted(physical, events.pool());
    }
    if (failure == null) {
      if (!sent.end()) {
        workers.cameBack();
      }
    } else {
      connects.failed(failure, sent.born, sent);
    }
  }

  private void hear(News news) {
    if (engine.isClosed()) {
      return;
    }
    server.letIn();
    if (news.fences(search)) {
      news.act("a new connection", fence, search);
    } else if (news.writes()) {
      silence.answered();
    } else if (news.isOfNone(search)) {
      search.foundNone();
    }
  }
}
