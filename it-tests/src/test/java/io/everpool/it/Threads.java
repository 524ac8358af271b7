package io.everpool.it;

import io.everpool.servers.Await;
import java.util.List;

/** The threads of a pool: they carry its name. */
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

  /** Waits until none is left. */
  static void awaitNoneOf(String poolName) {
    Await.until(Db.LIMIT, () -> of(poolName).isEmpty(), "the end of the threads of " + poolName);
  }
}
