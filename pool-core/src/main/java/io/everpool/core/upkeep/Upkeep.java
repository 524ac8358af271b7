package io.everpool.core.upkeep;

import io.everpool.api.CredentialsProvider;
import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.core.engine.Engine;
import io.everpool.core.observe.GuardedCall;
import io.everpool.core.observe.PoolEvents;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The pool's one maintenance pass. It runs on one thread, never blocks, does what is due and says
 * when it wants to run again; whatever may block goes to a worker, whose result comes back through
 * the inbox.
 */
public final class Upkeep {
  /**
   * The longest pause between passes unless the pool is at {@link Rest}, and so how exactly
   * idleness is known; a connection idle for a whole pass is looked at before it is lent.
   * Nanoseconds.
   */
  static final long PASS = 100_000_000L;

  /** The shortest pause of a pool at rest; nanoseconds. */
  private static final long SHORTEST = 1_000_000L;

  /** A pass that comes this late counts as one after a pause of the process; nanoseconds. */
  static final long PAUSE = 500_000_000L;

  /** A part of a pass. */
  private record Part(String name, ObjLongConsumer<Upkeep> run) {}

  private static final Part ENDING =
      new Part("ending units in time", (it, now) -> it.units.enforce(now));
  private static final Part ENFORCING =
      new Part("enforcing deadlines", (it, now) -> it.deadlines.enforce(now));
  private static final Part EXAMINING =
      new Part("examining what has slept", (it, now) -> it.sleepers.examine(it.probes));
  private static final Part ASKING =
      new Part("asking for what is over", (it, now) -> it.kept.run(now));
  private static final Part DRAINING = new Part("draining", (it, now) -> it.drain.pass(now));
  private static final List<Part> PARTS =
      List.of(
          new Part("reminding who waits", (it, now) -> it.engine.remind()),
          new Part("counting losses", (it, now) -> it.losses.advise(it.events, now)),
          new Part("deciding about sleep", (it, now) -> it.sleep.decide(now)),
          new Part(
              "giving up what a fence left", (it, now) -> it.fence.giveUpStragglers(it.activity)),
          new Part("retiring the old", (it, now) -> it.expiry.retireTheOld(now)),
          new Part("making smaller", (it, now) -> it.expiry.shrink()),
          new Part("evicting the idle", (it, now) -> it.expiry.evictTheIdle(now)),
          ASKING,
          new Part("checking health", (it, now) -> it.health.run(now)),
          new Part("growing", (it, now) -> it.growAgain = it.grower.grow(now)),
          new Part("listening", (it, now) -> it.silence.run(now)),
          new Part("scouting", (it, now) -> it.scout.run(now, it.spares)),
          new Part("narrowing", (it, now) -> it.grower.narrow(now)));

  private final PassScheduler scheduler;
  private final InstantSource clock;
  private final PoolEvents events;
  private final Bounds bounds;
  private final Engine engine;
  private final Inbox inbox;
  private final SlotActivity activity;
  private final Closer closer;
  private final Workers workers;
  private final Fence fence;
  private final Reachability server;
  private final Connects connects;
  private final PrimarySearch search;
  private final FailureReports reports;
  private final SleepSwitch sleep;
  private final Sleepers sleepers;
  private final Probes probes;
  private final Drain drain;
  private final Rest rest;
  private final Expiry expiry;
  private final KeptObjects kept;
  private final HealthChecks health;
  private final UnitDeadlines units;
  private final Deadlines deadlines;
  private final RecentLosses losses;
  private final Grower grower;
  private final Silence silence;
  private final Scout scout;

  /** When the next pass was to be, and after how long the grower wants one. */
  private long due;

  private long growAgain;

  /** When the last pass was, by the pool's clock and by the time of day. */
  private long passedAt;

  private long passedAtMillis;

  /**
   * Until when, after a pause, what was under way isn't given up: by the clock it has taken too
   * long, but it may have ended without anybody seeing it.
   */
  private long sparedUntil;

  private boolean spares;

  /** Whether an operator wants a suspension; set before the message that brings or ends it. */
  private volatile boolean suspensionWanted;

  /**
   * The upkeep of the pool whose state this is.
   *
   * @param credentials says what to log in with; null for what the configuration says
   */
  public Upkeep(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      @Nullable CredentialsProvider credentials,
      PoolEvents events,
      SharedState shared,
      Connects.SessionFactory sessionFactory) {
    long now = environment.time().nanoTime();
    this.scheduler = environment.scheduler();
    this.clock = environment.clock();
    this.events = events;
    this.bounds = shared.bounds;
    this.engine = shared.engine;
    this.inbox = shared.inbox;
    this.activity = shared.activity;
    this.closer = shared.closer;
    this.workers = shared.workers;
    this.fence = shared.fence;
    this.server = shared.server;
    this.search = shared.search;
    this.reports = shared.reports;
    this.sleep = shared.sleep;
    this.sleepers = shared.sleepers;
    this.rest = shared.rest;
    this.units = shared.unitDeadlines;
    this.due = now;
    this.passedAt = now;
    this.passedAtMillis = clock.millis();
    this.connects =
        new Connects(
            config,
            connector,
            classifier,
            environment,
            credentials,
            events,
            shared,
            sessionFactory);
    this.probes = new Probes(config, classifier, events, shared);
    this.deadlines = new Deadlines(config, events, shared, connects, probes);
    this.losses = new RecentLosses(now);
    this.expiry = new Expiry(config, credentials != null, shared);
    this.kept = new KeptObjects(config, events, shared, now);
    this.health = new HealthChecks(config, shared, probes, now);
    this.grower = new Grower(shared, connects, expiry, now);
    this.silence = new Silence(connector.hasOtherHosts(), events, shared, probes, now);
    this.scout = new Scout(config, events, shared, connects, silence);
    this.drain = new Drain(config, events, environment.time(), shared, connects, probes);
  }

  /** Begins to run. Called once. */
  public void start() {
    scheduler.start(this::run);
  }

  // ---- asked for by an operator; nothing is done any more while the pool is being closed

  /**
   * Gives up every connection opened so far, and those that are being opened, at an operator's
   * request. Earlier failures hold nothing back, because he may just have mended their cause.
   */
  public void fence(String why) {
    server.changes();
    order(() -> beginAnew(why));
  }

  private void beginAnew(String why) {
    try {
      fence.fallOnRequest(why);
      connects.abandonAll();
      scout.recall();
    } finally {
      server.changed(fence.generation());
    }
  }

  /** Closes every idle connection; what is missing to the minimum then is opened anew. */
  public void evictIdle() {
    order(expiry::evictAllIdle);
  }

  /**
   * Lends nothing any more until it is resumed: every connection goes, leased ones when they come
   * back and those that are being opened when they arrive, and no other is opened. Callers wait in
   * line.
   */
  public synchronized void suspend() {
    suspensionWanted = true; // set first, because a pass may come at once
    order(
        () -> {
          if (!bounds.suspended()) {
            try {
              beginAnew("the pool is suspended");
            } finally { // set last: whoever sees it sees what was given up counted, too
              bounds.suspend(true);
            }
            search.found(); // whoever waits for a server that writes waits in line instead
          }
        });
  }

  /** Ends a suspension: connections are opened for those who wait, and up to the minimum. */
  public synchronized void resume() {
    suspensionWanted = false;
    order(
        () -> {
          if (bounds.suspended()) {
            bounds.suspend(false);
            PoolEvents.log().info("Pool {}: resumed", events.pool());
          }
        });
  }

  /**
   * Whether it is suspended, or will be from the next pass on. This changes at once and not in a
   * pass: the passes of a pool and of its readers come one after the other, and when all are
   * suspended it would look meanwhile as if one of them were suspended alone.
   */
  public boolean isSuspensionWanted() {
    return suspensionWanted;
  }

  /** How many connects were given up and have not come back. From any thread. */
  public int connectsGivenUp() {
    return workers.stuck();
  }

  /**
   * Sets how many connections there are at least and at most from now on.
   *
   * @param maxSize no more than the pool was opened with
   */
  public void resize(int minSize, int maxSize) {
    order(() -> expiry.resize(minSize, maxSize));
  }

  /** Has a pass do what an operator wants, unless the pool is being closed by then. */
  private void order(Runnable what) {
    inbox.post(
        () -> {
          if (!engine.isClosed()) {
            what.run();
          }
        });
  }

  // ---- its end

  /**
   * Closes every connection: idle ones now, leased ones when they come back or at the drain
   * deadline. Completes when the last slot is empty; a connection that won't close is cut at its
   * deadline.
   */
  public CompletableFuture<Void> drain() {
    drain.begin();
    return drain.end();
  }

  /** Begins what {@link #drain} does, for one who waits for it later. */
  public void beginDrain() {
    drain.begin();
  }

  /** Takes what is still out from its holders now. */
  public void cutDrainShort() {
    drain.cutShort();
  }

  /** The pass; returns how long until the next is due, in nanoseconds. */
  long run(long now) {
    rest.end();
    noticePause(now);
    inbox.empty();
    boolean waits = engine.waiting() > 0; // read before inVain(), which says why
    boolean askedInVain = grower.wasAskedInVain(); // asked in every pass, for it remembers
    activity.take(now, waits || askedInVain);
    survive(ENDING, now); // after a pause, too: units' deadlines are promises to their callers
    if (!spares) {
      survive(ENFORCING, now);
    }
    survive(EXAMINING, now);
    workers.resume();
    long delay;
    if (engine.isClosed()) {
      survive(ASKING, now);
      survive(DRAINING, now);
      delay = drain.isDone() ? Long.MAX_VALUE : PASS;
    } else {
      growAgain = PASS;
      for (Part part : PARTS) {
        survive(part, now);
      }
      delay = Math.max(0, Math.min(growAgain, workers.arePostponed() ? PASS : untilDue(now)));
    }
    due = now + delay;
    return delay;
  }

  /** How long there need be no pass if nobody does anything. */
  private long untilDue(long now) {
    if (reports.wantSweep()
        || expiry.overdue() > 0
        || expiry.wantsProof()
        || scout.isWanted()
        || !rest.begin()) {
      return PASS;
    }
    // Whoever begins to wait must hurry upkeep from now on, even if the pool was full: he reads the
    // flag after he has joined the queue, and here the queue is read after the flag was cleared.
    closer.full(false);
    if (engine.waiting() > 0) {
      return PASS;
    }
    long due = Math.min(sleep.dueIn(now), Math.min(expiry.dueIn(now), health.dueIn(now)));
    return Math.max(SHORTEST, due);
  }

  /** What one part of a pass throws keeps back none of the others, nor the next pass. */
  private void survive(Part part, long now) {
    try {
      part.run.accept(this, now);
    } catch (Throwable e) {
      GuardedCall.tell(events.pool(), part.name, e);
    }
  }

  /**
   * Notices that the process has paused: it was stopped, its machine was suspended or moved, or a
   * garbage collection took long. Then the pass comes late, or the time of day has gone on without
   * the pool's clock, which on most systems stands still while the machine is suspended. The server
   * may have ended its sessions meanwhile, and callers that wake up, too, would borrow what was
   * idle a moment ago by the pool's clock: so every idle connection is mistrusted. And what was
   * under way has taken too long, though its answer may be there: so for a pass nothing of that is
   * given up. If the next pass comes late as well, it is given up then, or a process that is always
   * short of time would never give up.
   */
  private void noticePause(long now) {
    long missed = missedSinceLastPass(now); // asked in every pass, for it remembers
    boolean paused = missed >= PAUSE || now - due >= PAUSE;
    if (paused) {
      reports.mistrustAll();
    }
    if (spares) {
      spares = now - sparedUntil < 0;
    } else if (paused) {
      spares = true;
      sparedUntil = now + PASS;
    }
  }

  /**
   * How much more time has passed since the last pass by the time of day than by the pool's clock;
   * nanoseconds. If somebody sets the time of day ahead, idle connections are looked at, and what
   * is under way gets a pass more.
   */
  private long missedSinceLastPass(long now) {
    long millis = clock.millis();
    long missed = (millis - passedAtMillis) * 1_000_000 - (now - passedAt);
    passedAt = now;
    passedAtMillis = millis;
    return missed;
  }
}
