package io.everpool.core.upkeep;

import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What worker threads have to tell: done by the upkeep thread, so that it alone keeps the books.
 */
final class Inbox {
  private final ConcurrentLinkedQueue<Runnable> messages = new ConcurrentLinkedQueue<>();
  private final Pulse pulse;

  Inbox(Pulse pulse) {
    this.pulse = pulse;
  }

  void post(Runnable message) {
    messages.add(message);
    pulse.hurry();
  }

  /** Called by the upkeep thread only. */
  void empty() {
    for (Runnable message; (message = messages.poll()) != null; ) {
      message.run();
    }
  }
}
