package io.everpool.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Knows that a transaction is over while Spring still tells others of its commit: what they write
 * on its connection nobody would commit.
 */
final class TransactionEnd implements TransactionSynchronization {

  /** Whose it is: of two managers the second's transactions begin and end within the first's. */
  private final ConnectionHolder holder;

  private boolean past;

  private TransactionEnd(ConnectionHolder holder) {
    this.holder = holder;
  }

  /** Whether the transaction was watched, and has been committed. */
  static boolean isPast(ConnectionHolder holder) {
    TransactionEnd end = of(holder);
    return end != null && end.past;
  }

  /** From now on, once. */
  static void watch(ConnectionHolder holder) {
    if (of(holder) == null) {
      TransactionSynchronizationManager.registerSynchronization(new TransactionEnd(holder));
    }
  }

  private static @Nullable TransactionEnd of(ConnectionHolder holder) {
    for (TransactionSynchronization each :
        TransactionSynchronizationManager.getSynchronizations()) {
      if (each instanceof TransactionEnd end && end.holder == holder) {
        return end;
      }
    }
    return null;
  }

  /** Before everybody else who is told of the commit. */
  @Override
  public int getOrder() {
    return Ordered.HIGHEST_PRECEDENCE;
  }

  @Override
  public void afterCommit() {
    past = true;
  }
}
