package io.everpool.core.upkeep;

import io.everpool.api.CloseReason;
import io.everpool.api.observe.PoolEvent.Fenced;
import io.everpool.core.engine.Engine;
import io.everpool.core.engine.PooledEntry;
import io.everpool.core.engine.Slot;
import io.everpool.core.observe.PoolEvents;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import org.slf4j.Logger;

/**
 * Numbers the connections and their generations. When the fence falls, the whole generation is
 * given up: idle connections at once, leased ones when they come back, and those that are being
 * opened when they arrive. Only the upkeep thread makes it fall; any thread may read the numbers
 * and the generation.
 */
final class Fence {
  private static final Logger log = PoolEvents.log();

  private static final AtomicLongFieldUpdater<Fence> NUMBERS =
      AtomicLongFieldUpdater.newUpdater(Fence.class, "numbers");

  private final Engine engine;
  private final ConnectPace pace;
  private final PoolEvents events;
  private final OutageLog outages;
  private volatile long numbers;
  private volatile int generation;

  /** The number of the last connection before the last fence. */
  private long fencedThrough;

  /** Earlier generations go to a server that was superseded. */
  private int supersededBefore;

  /** The number of a connection up to there that the fence has spared: it brought the news. */
  private long spared;

  Fence(Engine engine, ConnectPace pace, PoolEvents events, OutageLog outages) {
    this.engine = engine;
    this.pace = pace;
    this.events = events;
    this.outages = outages;
  }

  /** The number of the next connection; each is given once. */
  long nextNumber() {
    return NUMBERS.incrementAndGet(this);
  }

  /** The present generation, to which a connect belongs from its beginning. */
  int generation() {
    return generation;
  }

  /** Gives up every connection opened so far, because of a failure. Upkeep thread only. */
  void fall(String why) {
    int given = giveUpAll(why);
    log.warn(
        "Pool {}: every connection is replaced ({} of them, {} had failed before): {}",
        events.pool(),
        given,
        outages.fenced(fencedThrough),
        why);
  }

  /** As {@link #fall}, because somebody wants it: that is no outage and no reason to warn. */
  void fallOnRequest(String why) {
    int given = giveUpAll(why);
    log.info("Pool {}: every connection is given up ({} of them): {}", events.pool(), given, why);
  }

  private int giveUpAll(String why) {
    int born = generation + 1;
    generation = born; // connects in progress belong to the old one and no longer count
    // No connect of the next generation has begun yet, for this thread begins them.
    fencedThrough = numbers;
    spared = 0; // what an earlier fence has spared this one gives up
    int given = engine.giveUpAll(CloseReason.FENCED);
    pace.slowStart();
    events.post(new Fenced(events.pool(), given, why));
    return given;
  }

  /** The fence has just fallen because the server of all earlier generations was superseded. */
  void superseded() {
    supersededBefore = generation;
  }

  /** Whether the connection in a slot goes to a server that was superseded. Upkeep thread only. */
  boolean isSuperseded(Slot slot) {
    return slot.generation < supersededBefore;
  }

  /** The fence that has just fallen spares this connection. Upkeep thread only. */
  void spare(long number) {
    spared = number;
    outages.spared(number);
  }

  /** Whether a fence has given up this connection with its generation. Upkeep thread only. */
  boolean covers(PooledEntry entry) {
    return entry.number() <= fencedThrough && entry.number() != spared;
  }

  /**
   * Gives up what was out of a fence's reach when it fell: a connection that was being examined, or
   * that arrived at that moment. The generation that is read belongs to the word that was seen, or
   * to a later word, and then the move fails.
   */
  void giveUpStragglers(SlotActivity activity) {
    for (int i = 0; i < activity.busyCount(); i++) {
      Slot slot = activity.busy(i);
      long word = activity.word(slot.index);
      if (slot.generation != generation) {
        engine.giveUp(slot, word, CloseReason.FENCED);
      }
    }
  }
}
