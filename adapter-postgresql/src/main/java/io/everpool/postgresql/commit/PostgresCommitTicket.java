package io.everpool.postgresql.commit;

import io.everpool.api.driver.CommitTicket;

/**
 * What is written down about a transaction before its COMMIT.
 *
 * @param transactionId its id, a number of 64 bits without a sign
 * @param position where the transaction was at work
 * @param backend the server's process that runs it
 */
public record PostgresCommitTicket(String transactionId, LogPosition position, int backend)
    implements CommitTicket {

  @Override
  public String toString() {
    return transactionId;
  }
}
