package io.everpool.console;

import java.util.function.LongSupplier;

/** What happened in a pool. Thread-safe. */
final class History {
  private final Timeline timeline;
  private final Waits waits;

  /**
   * @param millis the time in milliseconds since 1970, which never goes back
   */
  History(LongSupplier millis) {
    timeline = new Timeline(millis, System::currentTimeMillis);
    waits = new Waits(millis);
  }

  Timeline timeline() {
    return timeline;
  }

  Waits waits() {
    return waits;
  }
}
