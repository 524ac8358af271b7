package io.everpool.api.driver;

/**
 * What an adapter needs in order to find out later whether a transaction was committed. The pool
 * keeps it and hands it back to another connection of the same connector; what it holds is the
 * adapter's business. Immutable.
 */
public interface CommitTicket {

  /**
   * Names the transaction in messages and events, in the words of the server's operators; carries
   * no secret.
   */
  @Override
  String toString();
}
