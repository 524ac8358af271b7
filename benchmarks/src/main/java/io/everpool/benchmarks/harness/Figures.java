package io.everpool.benchmarks.harness;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Collects what was measured. The constants are the keys; each ends with its unit. */
public final class Figures {

  /** Processor time per operation. */
  public static final String CPU_NS = "cpuNs";

  /** Time per operation of one thread. */
  public static final String WALL_NS = "wallNs";

  /** Allocation per operation. */
  public static final String ALLOC_BYTES = "allocBytes";

  public static final String P50_MS = "p50Ms";
  public static final String P99_MS = "p99Ms";
  public static final String P999_MS = "p999Ms";
  public static final String MAX_MS = "maxMs";

  /** The value of {@link #P99_MS} for a pool that hands over in order and at once. */
  public static final String IDEAL_P99_MS = "idealP99Ms";

  /** The value of {@link #P999_MS} for such a pool. */
  public static final String IDEAL_P999_MS = "idealP999Ms";

  /** Jain's index of the threads' numbers of leases: 1 if all threads had as many. */
  public static final String JAIN = "jain";

  /** The share of the time in which connections were held: 0 to 1. */
  public static final String HELD = "held";

  /** Leases per second. */
  public static final String PER_SECOND = "perSecond";

  /**
   * The leases per second as a share of those that the processors could do without a pool: 0 to 1.
   */
  public static final String OF_LIMIT = "ofLimit";

  /** Mean length of a hold. */
  public static final String HOLD_MS = "holdMs";

  /** Mean duration of a release. */
  public static final String RELEASE_US = "releaseUs";

  /** The time that a lease cost its thread in the pool: the wait and the release together. */
  public static final String IN_POOL_P99_MS = "inPoolP99Ms";

  public static final String IN_POOL_MAX_MS = "inPoolMaxMs";

  /** Processor time of the process per lease. */
  public static final String CPU_US = "cpuUs";

  /** Acquires that failed. */
  public static final String FAILED = "failed";

  /** The duration of all the work. */
  public static final String TOTAL_MS = "totalMs";

  /** The value of {@link #TOTAL_MS} for a pool that costs nothing. */
  public static final String IDEAL_TOTAL_MS = "idealTotalMs";

  /** Connections opened for the spike. */
  public static final String OPENED = "opened";

  /** How many of these nobody has used. */
  public static final String UNNEEDED = "unneeded";

  /** Processor time of the process. */
  public static final String CPU_MS = "cpuMs";

  /** How often a thread was woken. */
  public static final String WAKE_UPS = "wakeUps";

  /** How many threads there are because of the pools. */
  public static final String THREADS = "threads";

  /** How much heap a pool keeps. */
  public static final String HEAP_KB = "heapKb";

  public static final String TRIALS = "trials";

  /** The trials in which an acquire went on waiting beside an idle connection. */
  public static final String LOST = "lost";

  private static final double MILLI = 1e6;
  private static final double[] PERCENTS = {
    1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 99, 99.5, 99.9, 99.95, 99.99, 100
  };

  private final Map<String, Double> values = new LinkedHashMap<>();
  private final List<Sample.Quantile> waits = new ArrayList<>();

  Figures with(String key, double value) {
    if (Double.isFinite(value)) {
      values.put(key, value);
    }
    return this;
  }

  /** Adds the usual percentiles of waits in nanoseconds, and their distribution. */
  Figures withWaits(Histogram nanos) {
    with(P50_MS, nanos.getValueAtPercentile(50) / MILLI);
    with(P99_MS, nanos.getValueAtPercentile(99) / MILLI);
    with(P999_MS, nanos.getValueAtPercentile(99.9) / MILLI);
    with(MAX_MS, nanos.getMaxValue() / MILLI);
    for (double percent : PERCENTS) {
      waits.add(new Sample.Quantile(percent, nanos.getValueAtPercentile(percent) / MILLI));
    }
    return this;
  }

  /** Adds the percentiles of wait and release together, in nanoseconds. */
  Figures withTimesInPool(Histogram nanos) {
    return with(IN_POOL_P99_MS, nanos.getValueAtPercentile(99) / MILLI)
        .with(IN_POOL_MAX_MS, nanos.getMaxValue() / MILLI);
  }

  double get(String key) {
    return values.getOrDefault(key, Double.NaN);
  }

  Sample sample(String regime, String pool, int round) {
    return new Sample(regime, pool, round, values, waits, null);
  }

  /** Jain's index of fairness: the square of the sum, over the number times the sum of squares. */
  static double jain(long[] counts) {
    double sum = 0;
    double squares = 0;
    for (long count : counts) {
      sum += count;
      squares += (double) count * count;
    }
    return squares == 0 ? Double.NaN : sum * sum / (counts.length * squares);
  }
}
