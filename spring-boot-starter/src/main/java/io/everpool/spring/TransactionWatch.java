package io.everpool.spring;

import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.jdbc.datasource.JdbcTransactionObjectSupport;
import org.springframework.transaction.ConfigurableTransactionManager;
import org.springframework.transaction.TransactionExecution;
import org.springframework.transaction.TransactionExecutionListener;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Hears of each transaction of the managers that are beans, from its beginning on: which units may
 * be a part of it is known at the first of them, and the last that fails has its say, too.
 */
final class TransactionWatch implements TransactionExecutionListener, BeanPostProcessor {

  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (bean instanceof ConfigurableTransactionManager manager) {
      manager.addListener(this);
    }
    return bean;
  }

  /** By now others can register, and nobody has. */
  @Override
  public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
    ConnectionHolder holder = holder(transaction);
    if (failure == null
        && holder != null
        && TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionEnd.watch(holder);
    }
  }

  /**
   * After everybody has been told that the commit is near: a unit that one of them has begun, and
   * that failed, comes too late for {@link CommitRefusal#beforeCommit}.
   */
  @Override
  public void beforeCommit(TransactionExecution transaction) {
    ConnectionHolder holder = holder(transaction);
    if (holder != null && TransactionSynchronizationManager.isSynchronizationActive()) {
      CommitRefusal.refuse(holder);
    }
  }

  /** The connection that a manager of JDBC's or JPA's transactions has for this one, or null. */
  private static @Nullable ConnectionHolder holder(TransactionExecution transaction) {
    return transaction instanceof DefaultTransactionStatus status
            && status.hasTransaction()
            && status.getTransaction() instanceof JdbcTransactionObjectSupport jdbc
            && jdbc.hasConnectionHolder()
        ? jdbc.getConnectionHolder()
        : null;
  }
}
