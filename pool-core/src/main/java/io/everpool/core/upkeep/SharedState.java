package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.Verdict;
import io.everpool.api.driver.Connector;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.Slot;
import io.everpool.core.engine.State;
import io.everpool.core.engine.TimeSource;
import io.everpool.core.observe.PoolEvents;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the callers' threads and the upkeep thread both work on: the engine, and beside it what each
 * of the two has to tell the other. It is built before those who use it, so that neither must be
 * told of the other later. Each part says which of its methods belong to which thread.
 */
public final class SharedState {
  private final TimeSource time;
  final Workers workers;
  final Bounds bounds;
  final StirredSlots stirred;
  final Closer closer;
  final Engine engine;
  final Inbox inbox;
  final SlotActivity activity;
  final FullServer full;
  final ConnectPace pace;
  final Fence fence;
  final PrimarySearch search;
  final FailureReports reports;
  final OutageLog outages;
  final Reachability server;
  final Sleepers sleepers;
  final SleepSwitch sleep;
  final Resets resets;
  final UnitDeadlines unitDeadlines;
  final Rest rest;

  /** Null if the pool doesn't look for leaks. */
  final @Nullable LeaseNotes leaseNotes;

  public SharedState(
      PoolConfig config,
      Connector connector,
      Function<Throwable, Verdict> classifier,
      Environment environment,
      PoolEvents events) {
    time = environment.time();
    workers =
        new Workers(
            environment.workers(), environment.together(), environment.scheduler(), events.pool());
    bounds = new Bounds(config.minSize(), config.maxSize());
    stirred = new StirredSlots(config.maxSize());
    closer = new Closer(classifier, environment, workers, events, stirred, config);
    engine = new Engine(config.maxSize(), time, closer);
    inbox = new Inbox(environment.scheduler(), events.pool());
    long now = time.nanoTime();
    activity = new SlotActivity(engine.slots(), stirred, now);
    full = new FullServer(inbox, environment, classifier, config);
    pace = new ConnectPace(config, environment, workers, engine, full);
    outages = new OutageLog(time);
    fence = new Fence(engine, pace, events, outages);
    // Asked once, and here: upkeep calls nothing of a driver's that may hang.
    boolean otherHosts = connector.hasOtherHosts();
    reports = new FailureReports(engine, inbox, time, activity, fence, otherHosts);
    String product = connector.product();
    String target = connector.target();
    search = new PrimarySearch(config, product, target, environment, fence, now);
    server =
        new Reachability(
            product, target, time, events, engine, pace, reports, search, outages, now);
    sleepers = new Sleepers(engine.slots(), stirred, activity, environment.scheduler());
    sleep =
        new SleepSwitch(config, connector.serverless(), activity, engine, sleepers, pace, events);
    resets = new Resets(config, environment, events, engine);
    unitDeadlines = new UnitDeadlines(events, workers, engine);
    leaseNotes = LeaseNotes.of(config);
    rest = new Rest(engine, activity, stirred, unitDeadlines, environment.scheduler());
  }

  /** Lends connections and takes them back. */
  public Engine engine() {
    return engine;
  }

  /** How many connections the pool keeps at least and at most. */
  public Bounds bounds() {
    return bounds;
  }

  /** Takes the reports that something has failed. */
  public FailureReports reports() {
    return reports;
  }

  /** What is noted of leases; null if the pool doesn't look for leaks. */
  public @Nullable LeaseNotes leaseNotes() {
    return leaseNotes;
  }

  /** Limits what an outage writes into the log. */
  public OutageLog outages() {
    return outages;
  }

  /** What is known of the server's room for further connections. */
  public FullServer full() {
    return full;
  }

  /** Whether the server can be reached, as far as connects have shown. */
  public Reachability server() {
    return server;
  }

  /** Hears that a server has refused a write, and looks for one that takes it. */
  public PrimarySearch search() {
    return search;
  }

  /** The connections that a sleeping pool is left with. */
  public Sleepers sleepers() {
    return sleepers;
  }

  /** Whether the pool sleeps. */
  public SleepSwitch sleep() {
    return sleep;
  }

  /** Watches over what the pool does on a caller's thread, which must not take for ever. */
  public Resets resets() {
    return resets;
  }

  /** The units that must have ended by a time of their own. */
  public UnitDeadlines unitDeadlines() {
    return unitDeadlines;
  }

  /** Whether the pool is at rest. */
  public Rest rest() {
    return rest;
  }

  /** For how long the oldest connect has been under way; 0 without one. From any thread. */
  public long connectingFor() {
    long oldest = 0;
    for (Slot slot : engine.slots()) {
      if (slot.state() == State.CONNECTING) {
        oldest = Math.max(oldest, unmovedFor(slot));
      }
    }
    return oldest;
  }

  /**
   * For how long a slot has held still, as far as was seen, and never longer than it has;
   * nanoseconds. From any thread.
   */
  public long unmovedFor(Slot slot) {
    return activity.unmovedFor(slot.index, slot.word(), time.nanoTime());
  }
}
