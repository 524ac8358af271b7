package io.everpool.core.engine;

import io.everpool.api.driver.PhysicalConnection;

/** What sits in a slot: a connection and its state. */
public interface PooledEntry {

  /** The connection's number, counted from 1 within the pool. */
  long number();

  /** The driver's end of it. */
  PhysicalConnection physical();

  /**
   * The lease that its holder could not end, for he had not even the stack to do it; 0 if there is
   * none. Upkeep then ends it.
   */
  default long stranded() {
    return 0;
  }

  /**
   * Whether somebody may be using it who has not the connection that was lent: what he has was
   * handed out by the driver, or he waits for an answer. From any thread.
   */
  default boolean mayBeUsedBesides() {
    return false;
  }

  /** Statements executed on it so far; as its last holder left it. */
  long queries();
}
