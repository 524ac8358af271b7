package io.everpool.spring;

import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Has a Spring transaction rolled back though its owner would commit it: a unit of work that was a
 * part of it has failed, and half of that unit must not be there for good.
 */
final class CommitRefusal implements TransactionSynchronization {
  private final ConnectionHolder holder;
  private final String label;
  private final Throwable failure;
  private boolean told;

  private CommitRefusal(ConnectionHolder holder, String label, Throwable failure) {
    this.holder = holder;
    this.label = label;
    this.failure = failure;
  }

  /** In the transaction that the thread is in, on that connection. */
  static void register(ConnectionHolder holder, String label, Throwable failure) {
    if (TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionSynchronizationManager.registerSynchronization(
          new CommitRefusal(holder, label, failure));
    }
  }

  /** Throws if the transaction on that connection must not be committed, and was not told so. */
  static void refuse(ConnectionHolder holder) {
    for (TransactionSynchronization each :
        TransactionSynchronizationManager.getSynchronizations()) {
      if (each instanceof CommitRefusal refusal && refusal.holder == holder) {
        refusal.beforeCommit(false);
      }
    }
  }

  /** Not with one of Spring's own exceptions: after these it takes the rollback for done. */
  @Override
  public void beforeCommit(boolean readOnly) {
    if (told) {
      return; // a transaction within another's, which needn't end with it
    }
    told = true;
    throw new IllegalStateException(
        "The transaction is rolled back: "
            + label
            + " was a part of it and has failed, and the failure was caught or isn't one that"
            + " @Transactional rolls back for",
        failure);
  }
}
