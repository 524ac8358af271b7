package io.everpool.spring;

import java.util.ArrayList;
import java.util.Collection;
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

  /** As one more listener, in a list of its own: the one that is there may be immutable. */
  @Override
  public Object postProcessAfterInitialization(Object bean, String name) {
    if (bean instanceof ConfigurableTransactionManager manager) {
      Collection<TransactionExecutionListener> all =
          new ArrayList<>(manager.getTransactionExecutionListeners());
      if (!all.contains(this)) {
        all.add(this);
        manager.setTransactionExecutionListeners(all);
      }
    }
    return bean;
  }

  /** By now others can register, and nobody has. A savepoint is told here, too. */
  @Override
  public void afterBegin(TransactionExecution transaction, @Nullable Throwable failure) {
    ConnectionHolder holder = transaction.isNewTransaction() ? holder(transaction) : null;
    if (failure == null
        && holder != null
        && TransactionSynchronizationManager.isSynchronizationActive()) {
      TransactionState.begin(holder, true);
    }
  }

  /**
   * After everybody has been told that the commit is near: one of them may have begun a unit, which
   * has failed. A savepoint's release is told here as well, and is no commit.
   */
  @Override
  public void beforeCommit(TransactionExecution transaction) {
    ConnectionHolder holder = transaction.isNewTransaction() ? holder(transaction) : null;
    TransactionState state = holder == null ? null : TransactionState.of(holder);
    if (state != null) {
      state.checkCommit();
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
