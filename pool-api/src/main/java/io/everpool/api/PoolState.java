package io.everpool.api;

/** The life of a pool; there is no way back. */
public enum PoolState {
  /** Lends connections. */
  OPEN,
  /** Lends no more and waits for the holders. */
  DRAINING,
  /** Has closed every connection. */
  CLOSED
}
