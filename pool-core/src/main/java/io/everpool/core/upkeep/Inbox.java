package io.everpool.core.upkeep;

import io.everpool.core.observe.GuardedCall;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What other threads have to tell. The upkeep thread carries it out, so that it alone changes the
 * pool's records.
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
   * Carries out all messages. One that fails keeps back no other. A message that was taken out is
   * run without making an object in between, because there may be no memory for one. Upkeep thread
   * only.
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
