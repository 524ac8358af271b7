package io.everpool.benchmarks.report;

import io.everpool.benchmarks.contenders.Contender;
import io.everpool.benchmarks.harness.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The samples of a run. The figure of a pool in a regime is the median over its rounds.
 *
 * @param machine where the run took place
 * @param started when the run started, in ISO 8601
 * @param pace how long was measured: the name of a {@code Pace}
 * @param rounds how many rounds there were
 * @param samples what was measured, in the order in which it was measured
 */
public record Results(
    Machine machine, String started, String pace, int rounds, List<Sample> samples) {

  public Results {
    samples = List.copyOf(samples);
  }

  /** Whether there is any sample of a regime. */
  public boolean has(String regime) {
    return samples.stream().anyMatch(sample -> sample.regime().equals(regime));
  }

  /** The samples of a pool in a regime, the failed ones included. */
  public List<Sample> of(String regime, Contender pool) {
    return samples.stream()
        .filter(sample -> sample.regime().equals(regime) && sample.pool().equals(pool.key()))
        .toList();
  }

  /** The median of a figure; NaN if it wasn't measured. */
  public double figure(String regime, Contender pool, String key) {
    return median(
        of(regime, pool).stream()
            .mapToDouble(sample -> sample.figures().getOrDefault(key, Double.NaN))
            .filter(Double::isFinite)
            .toArray());
  }

  /** The median of each percentile of the waits. */
  public List<Sample.Quantile> waits(String regime, Contender pool) {
    List<List<Sample.Quantile>> all =
        of(regime, pool).stream().map(Sample::waits).filter(waits -> !waits.isEmpty()).toList();
    if (all.isEmpty()) {
      return List.of();
    }
    return all.get(0).stream()
        .map(Sample.Quantile::percent)
        .map(percent -> new Sample.Quantile(percent, median(all, percent)))
        .toList();
  }

  /** All samples that have failed. */
  public List<Sample> failures() {
    return samples.stream().filter(sample -> sample.failure() != null).toList();
  }

  /** Whether a pool has failed in a regime, in at least one round. */
  public boolean failed(String regime, Contender pool) {
    return of(regime, pool).stream().anyMatch(sample -> sample.failure() != null);
  }

  /** Why a pool has no figures in a regime; empty if it has some, or didn't take part. */
  public Optional<String> failure(String regime, Contender pool) {
    List<Sample> own = of(regime, pool);
    return own.stream().allMatch(sample -> sample.failure() != null)
        ? own.stream().map(sample -> String.valueOf(sample.failure())).findFirst()
        : Optional.empty();
  }

  private static double median(List<List<Sample.Quantile>> all, double percent) {
    return median(
        all.stream()
            .flatMap(List::stream)
            .filter(quantile -> quantile.percent() == percent)
            .mapToDouble(Sample.Quantile::millis)
            .toArray());
  }

  private static double median(double[] values) {
    if (values.length == 0) {
      return Double.NaN;
    }
    Arrays.sort(values);
    int middle = values.length / 2;
    return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  }
}
