package io.everpool.benchmarks.jmh;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * The processor time of all Java threads per operation: of the callers' and of the pool's own. If
 * there are more threads than processors, this is what an operation costs, and not the time that
 * passes. The compiler's threads are left out, because it is chance how much they still have to do.
 * The collector's are left out, too; allocation is reported separately.
 */
public final class CpuProfiler implements InternalProfiler {

  /** The name of the profiler's result. */
  public static final String RESULT = "cpu.norm";

  private final ThreadMXBean threads = ManagementFactory.getPlatformMXBean(ThreadMXBean.class);
  private Map<Long, Long> before = Map.of();

  @Override
  public String getDescription() {
    return "Processor time of Java threads per operation";
  }

  @Override
  public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
    before = times();
  }

  @Override
  public Collection<? extends Result<?>> afterIteration(
      BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
    long spent = 0;
    for (Map.Entry<Long, Long> thread : times().entrySet()) {
      spent += thread.getValue() - before.getOrDefault(thread.getKey(), 0L);
    }
    long operations = result.getMetadata().getAllOps();
    double each = operations == 0 ? Double.NaN : (double) spent / operations;
    return List.of(new ScalarResult(RESULT, each, "ns/op", AggregationPolicy.AVG));
  }

  private Map<Long, Long> times() {
    long[] ids = threads.getAllThreadIds();
    long[] nanos = threads.getThreadCpuTime(ids);
    Map<Long, Long> times = new HashMap<>();
    for (int i = 0; i < ids.length; i++) {
      // The value is -1 for a thread that has ended in between.
      times.put(ids[i], Math.max(0, nanos[i]));
    }
    return times;
  }
}
