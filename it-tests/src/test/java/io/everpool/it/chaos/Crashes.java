package io.everpool.it.chaos;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** When the server crashed: from the strike until it took sessions again. Thread-safe. */
final class Crashes {

  private static final class Crash {
    private volatile long ended;
    private volatile boolean over;
  }

  private final List<Crash> crashes = new CopyOnWriteArrayList<>();

  /** One begins; it ends by what is returned. */
  Runnable begin() {
    Crash crash = new Crash();
    crashes.add(crash);
    return () -> {
      crash.ended = System.nanoTime();
      crash.over = true;
    };
  }

  /** Whether there was one since then; a {@link System#nanoTime()}. */
  boolean since(long begun) {
    return crashes.stream().anyMatch(crash -> !crash.over || crash.ended - begun >= 0);
  }

  /** Forgets those that are over. */
  void forget() {
    crashes.removeIf(crash -> crash.over);
  }
}
