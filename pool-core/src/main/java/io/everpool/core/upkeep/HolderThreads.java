package io.everpool.core.upkeep;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds threads by their ids, for explanations. Slots keep the id and not the thread: storing a
 * reference at each lease would cost a barrier of the garbage collector, and keep dead threads. On
 * a runtime without java.management it finds none, and the explanations lack them.
 */
public final class HolderThreads {

  private HolderThreads() {}

  /** The thread's name and id; a virtual thread can't be found and has the id only. */
  public static String describe(long threadId) {
    return describe(threadId, find(List.of(threadId), 0).get(threadId));
  }

  /**
   * A thread that was found.
   *
   * @param name its own
   * @param where what it did, innermost frame first
   */
  public record Found(String name, List<StackTraceElement> where) {}

  /** Finds several threads at once. */
  @FunctionalInterface
  public interface Finder {
    /**
     * Returns the threads that it finds, by their ids. It finds no virtual thread, and none that
     * has ended.
     *
     * @param depth how many frames of each; with more than 0 all threads of the process stop for it
     */
    Map<Long, Found> find(Collection<Long> ids, int depth);
  }

  /** As {@link Finder#find}: one stop of the process for all of them, and not one for each. */
  public static Map<Long, Found> find(Collection<Long> ids, int depth) {
    Map<Long, Found> found = new HashMap<>();
    long[] asked =
        ids.stream().mapToLong(Long::longValue).filter(id -> id > 0).distinct().toArray();
    if (asked.length == 0) {
      return found;
    }
    try {
      for (ThreadInfo info : ManagementFactory.getThreadMXBean().getThreadInfo(asked, depth)) {
        if (info != null) {
          found.put(
              info.getThreadId(),
              new Found(info.getThreadName(), withoutClasses(info.getStackTrace(), depth)));
        }
      }
    } catch (LinkageError | RuntimeException e) {
      // this runtime has no java.management, or doesn't allow it
    }
    return found;
  }

  /** As {@link #describe(long)}, for a thread that was looked for. */
  public static String describe(long threadId, @Nullable Found found) {
    if (threadId <= 0) {
      return "a thread that has only just got it";
    }
    return found == null
        ? "thread #" + threadId + " (virtual, or ended)"
        : found.name + " #" + threadId;
  }

  /** As {@link #describe(long)}, for any thread that is at hand. */
  public static String describe(Thread thread) {
    String name = thread.getName(); // a virtual thread has none, unless it was given one
    return (name.isEmpty() ? "thread" : name) + " #" + id(thread);
  }

  /** What a thread that is at hand does now, innermost frame first. */
  public static List<StackTraceElement> where(Thread thread, int depth) {
    return withoutClasses(thread.getStackTrace(), depth);
  }

  /**
   * The frames as texts. Those of another thread also have their classes, in a field that nobody
   * sees; what is told to callers is kept for a while, and would keep a program's classes by that.
   */
  private static List<StackTraceElement> withoutClasses(StackTraceElement[] stack, int depth) {
    List<StackTraceElement> frames = new ArrayList<>();
    for (StackTraceElement frame : stack) {
      if (frames.size() < depth) {
        frames.add(
            new StackTraceElement(
                frame.getClassLoaderName(),
                frame.getModuleName(),
                frame.getModuleVersion(),
                frame.getClassName(),
                frame.getMethodName(),
                frame.getFileName(),
                frame.getLineNumber()));
      }
    }
    return List.copyOf(frames);
  }

  /** {@code threadId()} came with 19; until then {@code getId()} could be overridden. */
  @SuppressWarnings("deprecation")
  public static long id(Thread thread) {
    return thread.getId();
  }
}
