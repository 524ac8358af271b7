package io.everpool.core.engine;

import io.everpool.api.driver.PhysicalConnection;

/** What sits in a slot: a connection and its state. */
public interface PooledEntry {

  /** The connection's number, counted from 1 within the pool. */
  long number();

  /** The connection as the driver's adapter made it. */
  PhysicalConnection physical();

  /**
   * The lease that its holder could not end, because he had no stack or memory left to do it;
   * upkeep then ends it. 0 if there is none.
   */
  default long stranded() {
    return 0;
  }

  /**
   * Whether somebody may be using it though he doesn't have the connection that was lent: he may
   * have an object that the driver handed out, or wait for an answer. May be called from any
   * thread.
   */
  default boolean mayBeUsedBesides() {
    return false;
  }

  /**
   * The lease in which the program was given the driver's own object, while no unit of work runs in
   * that lease; 0 if there is none, and the name of an earlier lease says nothing. May be called
   * from any thread.
   */
  default long handedOut() {
    return 0;
  }

  /** How many statements were executed on it so far, as its last holder has left the count. */
  long queries();
}
