package io.everpool.benchmarks.harness;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long everything is measured.
 *
 * <p>The figures are milliseconds unless their name says otherwise.
 */
public enum Pace {
  /** Only shows whether everything runs; its figures mean nothing. */
  SMOKE(1, 20, 60, 20, 1, 20, 1, 1, 20, 2_000, 1_000),
  /** Measures all regimes and pools in about twenty minutes on two cores. */
  SHORT(1, 500, 1_500, 1_500, 3, 200, 5, 3, 150, 1_000_000, 3_000),
  /** Measures with longer windows, in three rounds; this takes about an hour and a half. */
  LONG(3, 1_000, 3_000, 2_500, 4, 750, 5, 5, 150, 1_000_000, 40_000);

  private final int rounds;
  private final int warmUp;
  private final int window;
  private final int jmhWarmUp;
  private final int iterations;
  private final int iteration;
  private final int cycles;
  private final int spikes;
  private final int connect;
  private final int races;
  private final int raceLimit;

  Pace(
      int rounds,
      int warmUp,
      int window,
      int jmhWarmUp,
      int iterations,
      int iteration,
      int cycles,
      int spikes,
      int connect,
      int races,
      int raceLimit) {
    this.rounds = rounds;
    this.warmUp = warmUp;
    this.window = window;
    this.jmhWarmUp = jmhWarmUp;
    this.iterations = iterations;
    this.iteration = iteration;
    this.cycles = cycles;
    this.spikes = spikes;
    this.connect = connect;
    this.races = races;
    this.raceLimit = raceLimit;
  }

  /** How often every pool is measured in every regime, unless a flag says otherwise. */
  public int rounds() {
    return rounds;
  }

  /**
   * The time in which a crowd is measured.
   *
   * @param warmUps how many times the usual time it takes until the code is compiled
   */
  Crowd.Span span(int warmUps) {
    return new Crowd.Span(
        TimeUnit.MILLISECONDS.toNanos((long) warmUps * warmUp),
        TimeUnit.MILLISECONDS.toNanos(window));
  }

  /** How many slices a warm-up has at the most that ends when the code is compiled. */
  int slices() {
    return this == SMOKE ? 1 : 15;
  }

  /** One slice of such a warm-up. */
  Crowd.Span slice() {
    return new Crowd.Span(0, span(1).windowNanos() / 2);
  }

  /** How long all of JMH's warm-up takes together. */
  int jmhWarmUpMillis() {
    return jmhWarmUp;
  }

  /** How many iterations JMH makes. */
  int iterations() {
    return iterations;
  }

  /** How long one of JMH's iterations takes. */
  int iterationMillis() {
    return iteration;
  }

  /**
   * How many leases each virtual thread makes. A pool that starves some threads until the others
   * have gone makes them wait for as long as the whole work takes, so its percentiles grow with
   * this number.
   */
  int cycles() {
    return cycles;
  }

  int virtualThreads() {
    return this == SMOKE ? 200 : 10_000;
  }

  int spikes() {
    return spikes;
  }

  /** How long a connect takes in a spike. */
  Duration connect() {
    return Duration.ofMillis(connect);
  }

  /**
   * How long idle pools are left alone, so that they have finished what comes from their opening.
   */
  int settleMillis() {
    return this == SMOKE ? 1 : 15_000;
  }

  /** How long idle pools are watched. */
  int idleMillis() {
    return this == SMOKE ? 1 : 30_000;
  }

  /** How many trials of release against acquire there are. */
  int races() {
    return races;
  }

  /** After which time the trials end, even if there were fewer. */
  long raceLimitNanos() {
    return TimeUnit.MILLISECONDS.toNanos(raceLimit);
  }
}
