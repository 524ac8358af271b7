package io.everpool.core.upkeep;

import io.everpool.core.observe.GuardedCall;
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

  /**
   * Called by the upkeep thread only. One message that fails keeps back no other. What was taken
   * out is done, without an object in between: there may be no memory for one.
   */
  void empty() {
    for (Runnable message; (message = messages.poll()) != null; ) {
      try {
        message.run();
      } catch (Throwable e) {
        GuardedCall.tell(pool, "a message to upkeep", e);
      }
    }
  }
}
