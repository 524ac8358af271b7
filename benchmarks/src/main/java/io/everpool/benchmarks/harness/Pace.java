package io.everpool.benchmarks.harness;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How long everything is measured.
 *
 * <p>The figures are milliseconds unless their name says otherwise.
 */
public enum Pace {
  /** Whether it runs at all; its figures mean nothing. */
  SMOKE(1, 20, 60, 20, 1, 20, 1, 1, 20, 2_000, 1_000),
  /** All regimes and pools in about a quarter of an hour on two cores. */
  SHORT(1, 500, 1_500, 1_500, 3, 200, 5, 3, 150, 1_000_000, 3_000),
  /** Every window longer, and three rounds; about an hour and a half. */
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
   * When a crowd is measured.
   *
   * @param warmUps how many times the usual time it takes until the code is compiled
   */
  Crowd.Span span(int warmUps) {
    return new Crowd.Span(
        TimeUnit.MILLISECONDS.toNanos((long) warmUps * warmUp),
        TimeUnit.MILLISECONDS.toNanos(window));
  }

  /** All of JMH's warm-up together. */
  int jmhWarmUpMillis() {
    return jmhWarmUp;
  }

  /** JMH's iterations. */
  int iterations() {
    return iterations;
  }

  /** Length of one of JMH's iterations. */
  int iterationMillis() {
    return iteration;
  }

  /**
   * Leases of each virtual thread. A pool that starves some until the others have gone makes them
   * wait for as long as all there is to do, so its percentiles grow with this number.
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

  /** After which idle pools have done what comes from opening them. */
  int settleMillis() {
    return this == SMOKE ? 1 : 15_000;
  }

  /** How long idle pools are watched. */
  int idleMillis() {
    return this == SMOKE ? 1 : 30_000;
  }

  /** Trials of release against acquire. */
  int races() {
    return races;
  }

  /** When they end although there were fewer. */
  long raceLimitNanos() {
    return TimeUnit.MILLISECONDS.toNanos(raceLimit);
  }
}
