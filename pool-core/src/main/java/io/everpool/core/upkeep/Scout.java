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
 * pool opens one for itself, which shows the same. It takes up one of the pool's places while one
 * is empty. In a pool that is used up it is one session more, for as long as it takes to open, or
 * else those who hold the connections would wait in vain for one another. Upkeep thread only.
 */
final class Scout {

  /** One that is out; its end is told by whoever is first. */
  private static final class Errand implements BooleanSupplier {
    final long begun;
    final int born;
    final @Nullable Slot place;
    final long word;
    private final AtomicBoolean over = new AtomicBoolean();

    Errand(long begun, int born, @Nullable Slot place) {
      this.begun = begun;
      this.born = born;
      this.place = place;
      this.word = place == null ? 0 : place.word();
    }

    /** As {@link #end}: itself, for where it fails there may be no memory to make another. */
    @Override
    public boolean getAsBoolean() {
      return end();
    }

    /** Ends it; false if it has ended. From any thread. */
    boolean end() {
      return place == null ? over.compareAndSet(false, true) : place.attempt(Move.ABANDON, word);
    }

    boolean isOver() {
      return place == null ? over.get() : place.word() != word;
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

  /** Whether one is out, or wanted. */
  boolean isWanted() {
    return errand != null || (search.isUnderWay() && !sleep.asleep() && !bounds.suspended());
  }

  private boolean hasReason() {
    return search.isUnderWay() || silence.wantsScout();
  }

  /**
   * Sends one out if there is something to see, and gives up one that is out for too long.
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

  /** Whether the pool opens one for itself; it may have begun to in this very pass. */
  private boolean isConnecting() {
    return Arrays.stream(engine.slots()).anyMatch(slot -> slot.state() == State.CONNECTING);
  }

  private void send(long now) {
    Errand sent = new Errand(now, fence.generation(), place());
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

  private @Nullable Slot place() {
    if (bounds.room(activity) == 0) {
      return null; // or a pool that was made smaller would give up another for it
    }
    for (Slot slot : engine.slots()) {
      if (slot.attempt(Move.RESERVE)) {
        stirred.add(slot.index);
        return slot;
      }
    }
    return null;
  }

  /** Gives up on one that is out, for what it would find is not wanted any more. */
  void recall() {
    if (errand != null) {
      giveUp(errand);
    }
  }

  /** Counted before it is ended, as any connect. */
  private boolean giveUp(Errand sent) {
    workers.givenUp();
    boolean first = sent.end();
    if (!first) {
      workers.cameBack();
    }
    return first;
  }

  /** One that has a place is given up with it, as any connect is. */
  private void recall(Errand sent, long now, boolean spares) {
    boolean late = !spares && sent.place == null && now - sent.begun >= connectTimeout;
    if (late && giveUp(sent)) {
      connects.overdue();
    }
    if (sent.isOver()) {
      errand = null;
    }
  }

  /** On a worker. */
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
