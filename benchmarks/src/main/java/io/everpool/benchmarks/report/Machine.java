package io.everpool.benchmarks.report;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Where a run took place.
 *
 * @param processor the processor's name as the system gives it
 * @param processors how many the JVM sees
 * @param memoryGiB the machine's memory
 * @param system operating system and its version
 * @param jdk the virtual machine and its version
 */
public record Machine(String processor, int processors, long memoryGiB, String system, String jdk) {

  private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

  public static Machine here() {
    OperatingSystemMXBean system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return new Machine(
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        Math.round(system.getTotalMemorySize() / (double) (1 << 30)),
        System.getProperty("os.name") + " " + System.getProperty("os.version"),
        System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
  }

  private static String processorName() {
    String fallback = System.getProperty("os.arch");
    if (!Files.isReadable(CPU_INFO)) {
      return fallback;
    }
    try (Stream<String> lines = Files.lines(CPU_INFO)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).trim())
          .findFirst()
          .orElse(fallback);
    } catch (IOException e) {
      return fallback;
    }
  }

  @Override
  public String toString() {
    return processors
        + " processors ("
        + processor
        + "), "
        + memoryGiB
        + " GiB, "
        + system
        + ", "
        + jdk;
  }
}
