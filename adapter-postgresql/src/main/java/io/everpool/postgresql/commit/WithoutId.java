package io.everpool.postgresql.commit;

import io.everpool.api.driver.CommitTicket;

/**
 * The ticket of a transaction that has written, or may have written, and has no id by which the
 * server could be asked about it: it wrote into a foreign table, by a NOTIFY, or by a cursor WITH
 * HOLD, whose query is run by the COMMIT. What becomes of its COMMIT can't be known.
 */
public enum WithoutId implements CommitTicket {
  TICKET;

  @Override
  public String toString() {
    return "without an id (it wrote to a foreign table, or notified, or may have, or has a cursor WITH"
        + " HOLD)";
  }
}
