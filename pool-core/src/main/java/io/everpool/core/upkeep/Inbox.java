package io.everpool.core.upkeep;

import io.everpool.core.observe.Survivor;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What worker threads have to tell: done by the upkeep thread, so that it alone changes the pool's
 * records.
 */
final class Inbox {
  private final ConcurrentLinkedQueue<Runnable> messages = new ConcurrentLinkedQueue<>();
  private final PassScheduler scheduler;
  private final String pool;

  Inbox(PassScheduler scheduler, String pool) {
    this.scheduler = scheduler;
    this.pool = pool;
  }

  void post(Runnable message) {
    messages.add(message);
    scheduler.hurry();
  }

  /** Called by the upkeep thread only. One message that fails keeps back no other. */
  void empty() {
    for (Runnable message; (message = messages.poll()) != null; ) {
      Survivor.survives(pool, "a message to upkeep", message::run);
    }
  }
}
