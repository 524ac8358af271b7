package io.everpool.spring;

import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Has a Spring transaction rolled back though its owner would commit it: a unit of work that was a
 * part of it has failed, and half of that unit must not be there for good.
 */
final class CommitRefusal implements TransactionSynchronization {
  private final String label;

  private final Throwable failure;

  private CommitRefusal(String label, Throwable failure) {
    this.label = label;
    this.failure = failure;
  }

  /** In the transaction that the thread is in. */
  static void register(String label, Throwable failure) {
    if (TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionSynchronizationManager.registerSynchronization(new CommitRefusal(label, failure));
    }
  }

  /** Not with one of Spring's own exceptions: after these it takes the rollback for done. */
  @Override
  public void beforeCommit(boolean readOnly) {
    throw new IllegalStateException(
        "The transaction is rolled back: "
            + label
            + " was a part of it and has failed, and the failure was caught or isn't one that"
            + " @Transactional rolls back for",
        failure);
  }
}
