package io.everpool.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Knows that a transaction of a pool's is over while Spring still tells others of its commit: what
 * they write on its connection nobody would commit.
 */
final class TransactionEnd implements TransactionSynchronization {
  private final SpringPool pool;
  private boolean past;

  private TransactionEnd(SpringPool pool) {
    this.pool = pool;
  }

  /** Whether the thread's transaction was watched, and has been committed. */
  static boolean isPast(SpringPool pool) {
    TransactionEnd end = of(pool);
    return end != null && end.past;
  }

  /** From a part of the transaction on, once. */
  static void watch(SpringPool pool) {
    if (of(pool) == null) {
      TransactionSynchronizationManager.registerSynchronization(new TransactionEnd(pool));
    }
  }

  private static @Nullable TransactionEnd of(SpringPool pool) {
    for (TransactionSynchronization each :
        TransactionSynchronizationManager.getSynchronizations()) {
      if (each instanceof TransactionEnd end && end.pool == pool) {
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
