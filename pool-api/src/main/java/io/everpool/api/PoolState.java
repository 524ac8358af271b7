package io.everpool.api;

/** The states of a pool's life, in their order; there is no way back. */
public enum PoolState {
  /** The pool lends connections. */
  OPEN,
  /** The pool lends no more and waits for the holders. */
  DRAINING,
  /** The pool has closed every connection. */
  CLOSED
}
