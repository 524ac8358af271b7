package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.jmh.CpuProfiler;
import io.everpool.benchmarks.jmh.LeaseBenchmark;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** {@link LeaseBenchmark} by JMH, in a JVM of its own. */
final class Lease extends Regime {

  private final String benchmark;
  private final int threads;

  Lease(String benchmark, String title, int threads) {
    super(
        benchmark + "-" + threads,
        title + ", " + threads + (threads == 1 ? " thread" : " threads"));
    this.benchmark = benchmark;
    this.threads = threads;
  }

  @Override
  public List<Contender> contenders() {
    List<Contender> all = new ArrayList<>(Contender.pools());
    all.add(Contender.FLOOR);
    return all;
  }

  @Override
  public boolean forks() {
    return true;
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    Pace pace = surroundings.pace();
    if (pace == Pace.SMOKE) {
      // JMH lets one of its kind run on a machine at a time, which is right where figures count
      System.setProperty("jmh.ignoreLock", "true");
    }
    TimeValue length = TimeValue.milliseconds(pace.iterationMillis());
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(
                "^" + LeaseBenchmark.class.getName().replace(".", "\\.") + "\\." + benchmark + "$")
            .param("pool", contender.key())
            .threads(threads)
            .forks(pace == Pace.SMOKE ? 0 : 1)
            .jvmArgs(Fork.JVM_FLAGS.toArray(String[]::new))
            .warmupIterations(1)
            .warmupTime(TimeValue.milliseconds(pace.jmhWarmUpMillis()))
            .measurementIterations(pace.iterations())
            .measurementTime(length)
            .addProfiler(GCProfiler.class)
            .addProfiler(CpuProfiler.class)
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    RunResult result = new Runner(options.build()).runSingle();
    return new Figures()
        .with(Figures.CPU_NS, secondary(result, CpuProfiler.RESULT))
        .with(Figures.WALL_NS, median(result.getPrimaryResult()))
        .with(Figures.ALLOC_BYTES, secondary(result, "gc.alloc.rate.norm"));
  }

  @SuppressWarnings("rawtypes") // so says JMH
  private static double secondary(RunResult result, String name) {
    Result found = result.getSecondaryResults().get(name);
    return found == null ? Double.NaN : median(found);
  }

  /** Of the iterations; with a mean, one that a neighbour on the machine disturbs spoils all. */
  private static double median(Result<?> result) {
    return result.getStatistics().getPercentile(50);
  }
}
