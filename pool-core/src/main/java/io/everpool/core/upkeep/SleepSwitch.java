package io.everpool.core.upkeep;

import io.everpool.api.PoolConfig;
import io.everpool.api.SleepMode;
import io.everpool.api.observe.PoolEvent.FellAsleep;
import io.everpool.api.observe.PoolEvent.WokeUp;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.State;
import io.everpool.core.observe.PoolEvents;
import io.everpool.core.policy.Idleness;
import org.slf4j.Logger;

/**
 * Whether the pool sleeps: then it sends nothing and opens nothing, so that a serverless database
 * may sleep as well. The upkeep thread decides this, and any thread may read it.
 */
public final class SleepSwitch {
  private static final Logger log = PoolEvents.log();

  private final boolean maySleep;
  private final long sleepAfter;
  private final SlotActivity activity;
  private final Engine engine;
  private final Sleepers sleepers;
  private final ConnectPace pace;
  private final PoolEvents events;
  private volatile boolean asleep;

  /** Whether the pool has woken up and, as far as was seen, no connection has been ready since. */
  private volatile boolean waking;

  /**
   * Whether the pool has just woken up, and its connections are to be asked: the server wakes, too.
   */
  private boolean roused;

  /**
   * A switch that is off.
   *
   * @param serverless whether the database is one that costs nothing while nobody asks it
   */
  SleepSwitch(
      PoolConfig config,
      boolean serverless,
      SlotActivity activity,
      Engine engine,
      Sleepers sleepers,
      ConnectPace pace,
      PoolEvents events) {
    this.maySleep =
        config.sleep() == SleepMode.ON || (config.sleep() == SleepMode.AUTO && serverless);
    this.sleepAfter = config.sleepAfter().toNanos();
    this.activity = activity;
    this.engine = engine;
    this.sleepers = sleepers;
    this.pace = pace;
    this.events = events;
  }

  /** Whether it may ever sleep. */
  boolean maySleep() {
    return maySleep;
  }

  /** Whether it sleeps. From any thread. */
  public boolean asleep() {
    return asleep;
  }

  /** Whether the caller who woke it still waits for a connection; exact to a pass. Any thread. */
  public boolean waking() {
    return waking;
  }

  /** Falls asleep or wakes up, if it is time to. Upkeep thread only. */
  void decide(long now) {
    boolean sleeps =
        Idleness.asleep(maySleep, now - activity.lastWork(), sleepAfter, engine.waiting());
    if (sleeps) {
      sleepers.mark();
    }
    if (sleeps == asleep) {
      // An idle connection that is no sleeper was opened or lent since the pool woke up.
      waking = waking && activity.count(State.LEASED) == 0 && !sleepers.isAnyOtherIdle();
      return;
    }
    asleep = sleeps;
    waking = !sleeps;
    if (sleeps) {
      log.info("Pool {}: no work; the database may sleep until there is some", events.pool());
      events.post(new FellAsleep(events.pool()));
    } else {
      roused = true;
      pace.slowStart(); // one connect wakes a server as well as twenty do
      log.info("Pool {}: awake", events.pool());
      events.post(new WokeUp(events.pool()));
    }
  }

  /** After how long it falls asleep if nothing happens; Long.MAX_VALUE for never. */
  long dueIn(long now) {
    return maySleep && !asleep ? activity.lastWork() + sleepAfter - now : Long.MAX_VALUE;
  }

  /** Whether it has woken up and nobody has asked the connections since. Upkeep thread only. */
  boolean roused() {
    return roused;
  }

  /** The connections were asked. Upkeep thread only. */
  void connectionsAsked() {
    roused = false;
  }
}
