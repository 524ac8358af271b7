package io.everpool.api;

/** For which leases a pool records where they were acquired. */
public enum LeakStackTraces {
  /**
   * With {@link PoolConfig#leakThreshold()}, for one lease in 64; and for all of them once a leak
   * was reported without it, until one is reported with it, or for ten minutes.
   */
  SAMPLED,
  /** For every lease, whether there is a threshold or not. */
  ALWAYS,
  /** For none. */
  NEVER
}
