package io.everpool.api;

/** For which leases a pool records where they were acquired. */
public enum LeakStackTraces {
  /**
   * If {@link PoolConfig#leakThreshold()} is set, for one lease in 64. Once a leak was reported
   * without the place where it was acquired, for all leases, until one is reported with its place,
   * or for ten minutes.
   */
  SAMPLED,
  /** For every lease, whether there is a threshold or not. */
  ALWAYS,
  /** For no lease. */
  NEVER
}
