package io.everpool.api;

/** Whether the pool stops querying and refilling when nobody works. */
public enum SleepMode {
  /** On where the driver says that the server suspends itself (Neon), off elsewhere. */
  AUTO,
  ON,
  OFF
}
