package io.everpool.api.observe;

/**
 * Measures leases. Called on the hot path by the acquiring and releasing threads: must be fast,
 * thread-safe and silent. While one is installed the pool reads the clock at each acquire and
 * release. It does so for {@code size-advice}, too, and at each acquire for interceptors; without
 * these it needs no clock to lend a connection that is ready.
 */
public interface LeaseRecorder {

  /**
   * A connection was lent after this wait; 0 or more nanoseconds. Called once for each caller who
   * gets one, whatever else was tried for him: connections that were lost in an interceptor,
   * readers that didn't suit.
   */
  void acquired(long waitedNanos);

  /** A connection came back after this use; 0 or more nanoseconds. */
  void released(long heldNanos);

  /**
   * The recorder that measures the leases of a reader's pool; asked for once, when that pool is
   * opened. It is this one, unless it tells the pools apart.
   *
   * @param pool the name of the reader's pool
   */
  default LeaseRecorder ofReader(String pool) {
    return this;
  }
}
