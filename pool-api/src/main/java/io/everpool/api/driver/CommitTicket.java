package io.everpool.api.driver;

/**
 * What is needed to ask later whether a transaction was committed.
 *
 * @param transactionId the transaction's id on the server
 * @param incarnation the server's identity when the transaction ran, and what else the adapter has
 *     to know in order to judge a later answer; in its own words
 * @param backend the server process that ran it, to be ended if it is still at it
 */
public record CommitTicket(String transactionId, String incarnation, int backend) {}
