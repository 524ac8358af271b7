package io.everpool.benchmarks.harness;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.jmh.CpuProfiler;
import io.everpool.benchmarks.jmh.LeaseBenchmark;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link LeaseBenchmark} by JMH, in a JVM of its own unless everything is to be in this one.
 */
final class Lease extends Regime {

  private static final int SIZE = 10;

  /**
   * JMH enters its loop anew for each iteration, and each time HotSpot finds a way out of that loop
   * that the code compiled so far doesn't know. After a single warm-up, part of the next iterations
   * would run in the loop's first code, which counts as it goes.
   */
  private static final int WARM_UPS = 5;

  private final String benchmark;
  private final int threads;
  private final int size;
  private final int held;
  private final List<Contender> contenders;

  /** A lease from ten connections that nobody else uses. */
  Lease(String benchmark, String title, int threads) {
    this(
        benchmark + "-" + threads,
        benchmark,
        title + ", " + threads + (threads == 1 ? " thread" : " threads"),
        threads,
        SIZE,
        0,
        poolsAndFloor());
  }

  private static List<Contender> poolsAndFloor() {
    List<Contender> all = new ArrayList<>(Contender.pools());
    all.add(Contender.FLOOR);
    all.add(Contender.LEAST);
    return all;
  }

  private Lease(
      String key,
      String benchmark,
      String title,
      int threads,
      int size,
      int held,
      List<Contender> contenders) {
    super(key, title);
    this.benchmark = benchmark;
    this.threads = threads;
    this.size = size;
    this.held = held;
    this.contenders = List.copyOf(contenders);
  }

  /** One thread, while all connections but one are held. */
  static Lease sparse(int size) {
    return new Lease(
        "sparse-" + size,
        "cycle",
        "acquire, release, 1 thread, all of " + size + " connections held but one",
        1,
        size,
        size - 1,
        List.of(Contender.EVERPOOL, Contender.HIKARI));
  }

  @Override
  public List<Contender> contenders() {
    return contenders;
  }

  @Override
  public boolean forks() {
    return true;
  }

  @Override
  public Figures measure(Contender contender, Surroundings surroundings) throws Exception {
    if (surroundings.pace() == Pace.SMOKE) {
      // JMH lets only one JMH run on a machine at a time, which is right where figures count.
      System.setProperty("jmh.ignoreLock", "true");
    }
    RunResult result = run(options(contender, surroundings));
    return new Figures()
        .with(Figures.CPU_NS, secondary(result, CpuProfiler.RESULT))
        .with(Figures.WALL_NS, median(result.getPrimaryResult()))
        .with(Figures.ALLOC_BYTES, secondary(result, "gc.alloc.rate.norm"));
  }

  /** The options that JMH gets. */
  Options options(Contender contender, Surroundings surroundings) {
    Pace pace = surroundings.pace();
    List<String> flags = new ArrayList<>(Fork.JVM_FLAGS);
    flags.addAll(surroundings.jvmFlags());
    return new OptionsBuilder()
        .include("^" + LeaseBenchmark.class.getName().replace(".", "\\.") + "\\." + benchmark + "$")
        .param("pool", contender.key())
        .param("size", Integer.toString(size))
        .param("held", Integer.toString(held))
        .threads(threads)
        .forks(surroundings.inProcess() ? 0 : 1)
        .jvmArgs(flags.toArray(String[]::new))
        .warmupIterations(WARM_UPS)
        .warmupTime(TimeValue.milliseconds(pace.jmhWarmUpMillis() / WARM_UPS))
        .measurementIterations(pace.iterations())
        .measurementTime(TimeValue.milliseconds(pace.iterationMillis()))
        .addProfiler(GCProfiler.class)
        .addProfiler(CpuProfiler.class)
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT)
        .build();
  }

  /**
   * Runs JMH. If a JVM ends too early, JMH tells only the exit code; the rest is in what that JVM
   * wrote, which goes to the standard output as it would without JMH.
   */
  private static RunResult run(Options options) throws RunnerException {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(said, true, StandardCharsets.UTF_8);
    try {
      return new Runner(options, OutputFormatFactory.createFormatInstance(to, VerboseMode.SILENT))
          .runSingle();
    } catch (RunnerException e) {
      Throwable cause = Trial.cause(e);
      String end = String.valueOf(cause.getMessage());
      if (end.startsWith("Forked VM failed")) {
        throw new RunnerException(LastWords.after(end, said.toString(StandardCharsets.UTF_8)));
      }
      throw e;
    } finally {
      System.out.print(said.toString(StandardCharsets.UTF_8));
    }
  }

  @SuppressWarnings("rawtypes") // JMH declares it this way
  private static double secondary(RunResult result, String name) {
    Result found = result.getSecondaryResults().get(name);
    return found == null ? Double.NaN : median(found);
  }

  /**
   * The median of the iterations. With the mean, one iteration that a neighbour on the machine
   * disturbs would spoil all.
   */
  private static double median(Result<?> result) {
    return result.getStatistics().getPercentile(50);
  }
}
