package io.everpool.core.upkeep;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds a thread by its id, for explanations. Slots keep the id and not the thread: storing a
 * reference at each lease would cost a barrier of the garbage collector, and keep dead threads. On
 * a runtime without java.management it finds none, and the explanations are the poorer for it.
 */
public final class HolderThreads {

  private HolderThreads() {}

  /** The thread's name and id; a virtual thread can't be found and has the id only. */
  public static String describe(long threadId) {
    if (threadId == 0) {
      return "a thread that has only just got it";
    }
    ThreadInfo info = info(threadId, 0);
    return info == null
        ? "thread #" + threadId + " (virtual, or ended)"
        : info.getThreadName() + " #" + threadId;
  }

  /** What the thread does now, innermost frame first; empty if it can't be told. */
  public static List<StackTraceElement> where(long threadId, int depth) {
    ThreadInfo info = info(threadId, depth);
    return info == null ? List.of() : List.of(info.getStackTrace());
  }

  /** As {@link #describe(long)}, of any thread that is at hand. */
  public static String describe(Thread thread) {
    String name = thread.getName(); // a virtual thread has none, unless it was given one
    return (name.isEmpty() ? "thread" : name) + " #" + id(thread);
  }

  /** As {@link #where(long, int)}, of any thread that is at hand. */
  public static List<StackTraceElement> where(Thread thread, int depth) {
    StackTraceElement[] stack = thread.getStackTrace();
    return List.of(stack).subList(0, Math.min(depth, stack.length));
  }

  private static @Nullable ThreadInfo info(long threadId, int depth) {
    try {
      return threadId <= 0
          ? null
          : ManagementFactory.getThreadMXBean().getThreadInfo(threadId, depth);
    } catch (LinkageError | RuntimeException e) {
      return null; // a runtime without java.management, or one that doesn't let us
    }
  }

  /** {@code threadId()} came with 19; until then {@code getId()} could be overridden. */
  @SuppressWarnings("deprecation")
  public static long id(Thread thread) {
    return thread.getId();
  }
}
