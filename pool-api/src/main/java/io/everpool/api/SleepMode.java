package io.everpool.api;

/** Whether the pool stops querying and refilling when nobody works. */
public enum SleepMode {
  /** On where the driver says that the server suspends itself (Neon), off elsewhere. */
  AUTO,
  /** After {@link PoolConfig#sleepAfter()} without work it does. */
  ON,
  /** Never: idle connections are examined and the minimum is kept, whether anybody works or not. */
  OFF
}
