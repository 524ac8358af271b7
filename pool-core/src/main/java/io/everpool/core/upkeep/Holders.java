package io.everpool.core.upkeep;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds a thread by its id, for explanations. Slots keep the id and not the thread: storing a
 * reference at each lease would cost a barrier of the garbage collector, and keep dead threads.
 */
public final class Holders {

  private Holders() {}

  /** The thread's name and id; a virtual thread can't be found and has the id only. */
  public static String describe(long threadId) {
    return name(find(threadId), threadId);
  }

  static String name(@Nullable Thread thread, long threadId) {
    return thread == null
        ? "thread #" + threadId + " (virtual or ended)"
        : thread.getName() + " #" + threadId;
  }

  static @Nullable Thread find(long threadId) {
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (id(thread) == threadId) {
        return thread;
      }
    }
    return null;
  }

  /** Every living platform thread by its id. */
  public static Map<Thread, StackTraceElement[]> all() {
    return Thread.getAllStackTraces();
  }

  /** {@code threadId()} came with 19; until then {@code getId()} could be overridden. */
  @SuppressWarnings("deprecation")
  public static long id(Thread thread) {
    return thread.getId();
  }
}
