package io.everpool.it;

import io.everpool.servers.Await;
import java.util.List;

/**
 * The threads of the pools: they share them, and a worker carries the name of the one it works for.
 */
final class Threads {
  private Threads() {}

  /** The live threads whose names contain this pool's name, the caller's own not. */
  static List<String> of(String poolName) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.isAlive() && thread != Thread.currentThread())
        .map(Thread::getName)
        .filter(name -> name.contains(poolName))
        .toList();
  }

  /** Waits until none is left, of any pool. */
  static void awaitNone() {
    Await.until(
        Db.LIMIT,
        () -> of("everpool-").stream().noneMatch(name -> name.startsWith("everpool-")),
        "the end of the pools' threads");
  }
}
