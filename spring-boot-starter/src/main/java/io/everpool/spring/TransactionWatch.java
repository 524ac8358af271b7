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
 * Hears of each transaction of those managers that are beans, from its beginning on. So it is known
 * at a transaction's first unit whether units may be a part of it, and the last unit that fails can
 * still prevent the commit.
 */
final class TransactionWatch implements TransactionExecutionListener, BeanPostProcessor {

  /**
   * Registers this with a manager as one more listener, in a new list: the list that is there may
   * be immutable.
   */
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

  /**
   * Notes the beginning. From now on others can register synchronizations, and nobody has yet.
   * Spring calls this for a savepoint, too.
   */
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
   * Checks whether the transaction may be committed. This comes after everybody was told that the
   * commit is near: one of them may have begun a unit that has failed. Spring calls this for the
   * release of a savepoint as well, which is no commit.
   */
  @Override
  public void beforeCommit(TransactionExecution transaction) {
    ConnectionHolder holder = transaction.isNewTransaction() ? holder(transaction) : null;
    TransactionState state = holder == null ? null : TransactionState.of(holder);
    if (state != null) {
      state.checkCommit();
    }
  }

  /**
   * The connection that a manager of JDBC's or JPA's transactions has for this transaction, or
   * null.
   */
  private static @Nullable ConnectionHolder holder(TransactionExecution transaction) {
    return transaction instanceof DefaultTransactionStatus status
            && status.hasTransaction()
            && status.getTransaction() instanceof JdbcTransactionObjectSupport jdbc
            && jdbc.hasConnectionHolder()
        ? jdbc.getConnectionHolder()
        : null;
  }
}
