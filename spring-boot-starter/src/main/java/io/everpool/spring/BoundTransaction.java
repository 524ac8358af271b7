package io.everpool.spring;

import io.everpool.api.Pool;
import io.everpool.api.framework.UnitRerunner;
import java.sql.SQLException;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.datasource.ConnectionHolder;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Finds the Spring transaction on a pool that the thread is in.
 *
 * @param pool the pool by which Spring knows the transaction
 * @param bare the pool within that, from which the connections come
 */
record BoundTransaction(SpringPool pool, Pool bare) {

  /**
   * Returns the holder of the transaction's connection; null if the thread is in no transaction.
   *
   * <p>A transaction that is over counts as none, though its connection is bound until everybody
   * was told of its end. So does a connection in autocommit: then it belongs to the transaction of
   * another manager, which can't roll it back.
   */
  @Nullable ConnectionHolder find() throws SQLException {
    if (!TransactionSynchronizationManager.isActualTransactionActive()
        || !TransactionSynchronizationManager.isSynchronizationActive()) {
      return null;
    }
    ConnectionHolder holder = bound();
    if (holder == null || holder.getConnectionHandle() == null) {
      return null;
    }
    TransactionState state = TransactionState.of(holder);
    if ((state != null && state.isPast()) || holder.getConnection().getAutoCommit()) {
      return null;
    }
    if (state
        == null) { // the transaction's manager is no bean, so nobody has told of its beginning
      TransactionState.begin(holder, false);
    }
    return holder;
  }

  /** What is bound to the thread for the pool, or for a DataSource that wraps it. */
  private @Nullable ConnectionHolder bound() throws SQLException {
    if (TransactionSynchronizationManager.getResource(pool) instanceof ConnectionHolder own) {
      return own;
    }
    for (Map.Entry<Object, Object> each :
        TransactionSynchronizationManager.getResourceMap().entrySet()) {
      if (each.getValue() instanceof ConnectionHolder holder
          && each.getKey() instanceof DataSource wrapper
          && isOfPool(holder, wrapper)) {
        return holder;
      }
    }
    return null;
  }

  /**
   * Whether a bound connection is one of the pool's. A wrapper that routes can't tell: where it
   * leads now may not be where it led when it gave the connection. And a lazy wrapper had not given
   * a connection yet when the transaction began. So the connection itself is asked, if the wrapper,
   * or what was known at the transaction's beginning, says that it may be the pool's.
   */
  private boolean isOfPool(ConnectionHolder holder, DataSource wrapper) throws SQLException {
    TransactionState state = TransactionState.of(holder);
    boolean mayBe =
        (state != null && state.pool() == pool) || TransactionState.poolIn(wrapper) == pool;
    return mayBe
        && holder.getConnectionHandle() != null
        && UnitRerunner.of(bare).owns(holder.getConnection());
  }
}
