package io.everpool.benchmarks.harness;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One measurement of one pool.
 *
 * @param regime the regime's key
 * @param pool the contender's key
 * @param round the number of the round, beginning with 1
 * @param figures what was measured, by the keys of {@link Figures}
 * @param waits the distribution of the waits; empty if nobody waits in this regime
 * @param failure why there are no figures, or null
 */
public record Sample(
    String regime,
    String pool,
    int round,
    Map<String, Double> figures,
    List<Quantile> waits,
    @Nullable String failure) {

  /**
   * A point of a distribution.
   *
   * @param percent a share of the waits, in percent
   * @param millis this share of the waits took no longer than this, in milliseconds
   */
  public record Quantile(double percent, double millis) {}

  public static Sample failed(String regime, String pool, int round, String why) {
    return new Sample(regime, pool, round, Map.of(), List.of(), why);
  }
}
