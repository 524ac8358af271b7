package io.everpool.core.engine;

import io.everpool.api.driver.PhysicalConnection;

/** What sits in a slot: a connection and its books. */
public interface Occupant {

  /** The connection's number, counted from 1 within the pool. */
  long number();

  /** The driver's end of it. */
  PhysicalConnection physical();

  /** Statements executed on it so far; as its last holder left it. */
  long queries();
}
