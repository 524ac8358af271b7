package io.everpool.postgresql.commit;

import io.everpool.api.driver.CommitTicket;

/**
 * The ticket of a transaction that has written, or may have written, and has no id by which the
 * server could be asked about it. What becomes of its COMMIT can't be known.
 */
public enum WithoutId implements CommitTicket {
  /**
   * It wrote into a foreign table, by a NOTIFY, or by a cursor WITH HOLD, whose query is run by the
   * COMMIT.
   */
  WRITTEN(
      "without an id (it wrote to a foreign table, or notified, or may have, or has a cursor WITH"
          + " HOLD)"),

  /** A proxy that sends reads to a standby has sent the question for the id there, too. */
  ASKED_OF_STANDBY(
      "without an id (a standby has answered when the primary was asked for it: if a proxy sends"
          + " reads to standbys, let it send those of a transaction that has written to the"
          + " primary)");

  private final String words;

  WithoutId(String words) {
    this.words = words;
  }

  @Override
  public String toString() {
    return words;
  }
}
