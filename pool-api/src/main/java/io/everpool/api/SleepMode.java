package io.everpool.api;

/** Whether the pool stops querying and refilling when nobody works. */
public enum SleepMode {
  /** It is on if the driver says that the server suspends itself (Neon), and off otherwise. */
  AUTO,
  /** The pool does so after {@link PoolConfig#sleepAfter()} without work. */
  ON,
  /**
   * The pool never does so: idle connections are examined and the minimum is kept, whether anybody
   * works or not.
   */
  OFF
}
