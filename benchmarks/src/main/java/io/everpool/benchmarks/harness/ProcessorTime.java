package io.everpool.benchmarks.harness;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The processor time of this process up to a moment. Java's own clock for it counts in hundredths
 * of a second on Linux, which is half of what a pool at rest takes in half a minute; the kernel
 * says it of each thread in nanoseconds, as long as the thread lives.
 */
final class ProcessorTime {
  private static final Path THREADS = Path.of("/proc/self/task");

  private final long ticked;
  private final long ended;
  private final Map<Path, Long> ofThreads;

  private ProcessorTime(long ticked, long ended, Map<Path, Long> ofThreads) {
    this.ticked = ticked;
    this.ended = ended;
    this.ofThreads = ofThreads;
  }

  static ProcessorTime now() throws IOException {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return new ProcessorTime(
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime(),
        threads.getTotalStartedThreadCount() - threads.getThreadCount(),
        ofThreads());
  }

  /**
   * What was spent since then, in nanoseconds; in Java's steps where the kernel doesn't say it, and
   * where a thread has ended meanwhile and taken its own with it.
   */
  long since(ProcessorTime then) {
    boolean complete =
        ended == then.ended
            && !ofThreads.isEmpty()
            && ofThreads.keySet().containsAll(then.ofThreads.keySet());
    if (!complete) {
      return ticked - then.ticked;
    }
    long spent = 0;
    for (Map.Entry<Path, Long> thread : ofThreads.entrySet()) {
      spent += thread.getValue() - then.ofThreads.getOrDefault(thread.getKey(), 0L);
    }
    return spent;
  }

  /** Empty where the kernel doesn't say it. */
  private static Map<Path, Long> ofThreads() throws IOException {
    Map<Path, Long> all = new HashMap<>();
    if (Files.isDirectory(THREADS)) {
      try (DirectoryStream<Path> threads = Files.newDirectoryStream(THREADS)) {
        for (Path thread : threads) {
          try {
            // the time on a processor, the time waiting for one, and how often (kernel:
            // Documentation/scheduler/sched-stats.rst)
            String line = Files.readString(thread.resolve("schedstat"));
            all.put(thread, Long.parseLong(line.substring(0, line.indexOf(' '))));
          } catch (IOException e) {
            if (Files.isDirectory(thread)) {
              return Map.of(); // a kernel without it
            }
            // it has just ended
          }
        }
      }
    }
    return all;
  }
}
